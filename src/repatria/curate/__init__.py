"""Curate: from pages to rows, all or nothing."""
