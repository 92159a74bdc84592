"""Charts: they take what the analysis returns and give back figures with alt text and a source footer."""

from repatria.charts.asymmetry import lens_shares, pairs, share_over_time, sizes
from repatria.charts.base import Chart
from repatria.charts.cadence import calendar, event_strip, gap_stems, regime_rates, survival_curve
from repatria.charts.forecast import forecast_fan
from repatria.charts.handovers import cumulative, handovers, shared_scale
from repatria.charts.holdings import absences, claim_differences, coverage, events_by_year, speaking
from repatria.charts.reconcile import residuals

__all__ = [
    "Chart",
    "absences",
    "calendar",
    "claim_differences",
    "coverage",
    "cumulative",
    "event_strip",
    "events_by_year",
    "forecast_fan",
    "gap_stems",
    "handovers",
    "lens_shares",
    "pairs",
    "regime_rates",
    "residuals",
    "share_over_time",
    "shared_scale",
    "sizes",
    "speaking",
    "survival_curve",
]
