"""What the figures of a report share. Shape and lightness tell things apart, also in a grey print."""

from dataclasses import dataclass

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ablations.process import escape

matplotlib.rcParams["svg.hashsalt"] = "wikiart-ablations"  # equal figures are equal files

INK, SOFT = "#1b1b1b", "#8a8a8a"


@dataclass(frozen=True)
class Picture:
    """A figure with its caption and the text for those who do not see it."""

    figure: Figure
    caption: str
    alternative: str


def new_figure(width: float, height: float) -> Figure:
    """Create a figure, in inches, that fits its contents."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def plain(axes: Axes) -> None:
    """Draw axes without a frame, with vertical grid lines."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color="#e5e5e5", linewidth=0.6)
    axes.set_axisbelow(True)


def style_name(style: str, test_images: int) -> str:
    """Label a style with its number of test images."""
    return f"{escape.figure(style.replace('_', ' '))} ({test_images})"
