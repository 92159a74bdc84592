"""Report: from notebooks to releases."""
