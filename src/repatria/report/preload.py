"""What every notebook imports, imported once by the fork server that kernels are forked from."""

import matplotlib.backends.backend_agg
import matplotlib.backends.backend_svg
import matplotlib.font_manager
import seaborn
from ipykernel import ipkernel, kernelapp

import repatria
import repatria.analysis
import repatria.charts
import repatria.display
import repatria.record.view
