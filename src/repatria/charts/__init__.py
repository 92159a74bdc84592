"""Charts: they take what the analysis returns and give back figures with alt text and a source footer."""

from repatria.charts.base import Chart
from repatria.charts.handovers import cumulative, handovers, shared_scale

__all__ = ["Chart", "cumulative", "handovers", "shared_scale"]
