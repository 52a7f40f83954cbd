"""The box plot of a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from appliance.files import replace_file

INK, FAINT, BOX, POINT = "#333333", "#dddddd", "#d6e4f0", "#1f5f99"


def draw_boxes(path: Path, panels: Mapping[str, Mapping[str, Sequence[float]]], title: str) -> None:
    """Draw a panel of boxes for each measure, side by side, as PNG.

    A box spans the quartiles around the median, whiskers reach the furthest value within 1.5 times its height
    (Tukey 1977), and every value is a point beside it.

    Parameters
    ----------
    path : pathlib.Path
        The picture.
    panels : mapping of str to mapping of str to sequence of float
        From the axis label of a measure to the values of each network.
    title : str
        Above all panels.
    """
    figure = Figure(figsize=(1.5 + 4 * len(panels), 4.6), dpi=150, layout=ConstrainedLayoutEngine(w_pad=0.15))
    FigureCanvasAgg(figure)
    figure.suptitle(title, color=INK, fontsize=11)
    for axes, (label, values) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
        axes.boxplot(
            list(values.values()),
            tick_labels=list(values),
            widths=0.5,
            showfliers=False,
            patch_artist=True,
            boxprops={"facecolor": BOX, "edgecolor": INK, "linewidth": 0.8},
            medianprops={"color": INK, "linewidth": 1.6},
            whiskerprops={"color": INK, "linewidth": 0.8},
            capprops={"color": INK, "linewidth": 0.8},
        )
        for place, given in enumerate(values.values(), start=1):
            axes.scatter([place] * len(given), given, s=14, color=POINT, alpha=0.7, linewidths=0, zorder=3)
        axes.set_xlabel("Network", color=INK)
        axes.set_ylabel(label, color=INK)
        axes.tick_params(colors=INK, labelsize=8)
        axes.tick_params(axis="x", labelrotation=20)
        axes.grid(axis="y", color=FAINT, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(INK)
    with replace_file(path) as file:
        figure.savefig(file, format="png")
