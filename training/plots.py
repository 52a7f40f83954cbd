"""Pictures of an evaluation: the receiver operating characteristic, reliability, and the course of the training."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from appliance.files import replace_file
from training.documents import TrainingError
from training.judged import Judged
from training.metrics import Bootstrap, areas, equal_bins, reliability, sensitivities_at, share_figure

INK, FAINT = "#333333", "#dddddd"
COLOURS = ("#1f5f99", "#c2571a", "#2f7d4f", "#8a4f9e", "#8c6d1f")
SPECIFICITIES = np.linspace(1, 0, 201)


def draw_roc(path: Path, parts: Mapping[str, Judged]) -> None:
    """Draw the receiver operating characteristic of studies, slices or both, as PNG.

    Parameters
    ----------
    path : pathlib.Path
        The picture.
    parts : mapping of str to Judged
        From a legend to what it stands for. The band is the 95 % interval of the sensitivity at each specificity,
        from a bootstrap over patients; the point is the operating point.
    """
    figure = _figure(5.6, 5.4)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":")
    for colour, (name, items) in zip(COLOURS, parts.items(), strict=False):
        bootstrap = Bootstrap(items.patients)
        area = bootstrap.measure(partial(areas, items.probabilities, items.truth))
        curves = bootstrap.measure(partial(sensitivities_at, SPECIFICITIES, items.probabilities, items.truth))
        lower, upper = np.nanpercentile(curves[1:], [2.5, 97.5], axis=0)
        low, high = np.nanpercentile(area[1:], [2.5, 97.5])
        label = f"{name}: {area[0]:.2f} ({low:.2f} to {high:.2f}), {items.patient_count()} patients"
        axes.fill_between(1 - SPECIFICITIES, lower, upper, color=colour, alpha=0.15, linewidth=0, step="post")
        axes.step([0, *(1 - SPECIFICITIES)], [0, *curves[0]], color=colour, linewidth=1.8, where="post", label=label)
        alarms, hits = items.called[~items.truth].mean(), items.called[items.truth].mean()
        axes.plot(alarms, hits, "o", markersize=8, markerfacecolor="white", markeredgecolor=colour, zorder=4)
    axes.plot([], [], "o", markersize=8, markerfacecolor="white", markeredgecolor=INK, label="operating point")
    axes.set(xlabel="1 - specificity", ylabel="Sensitivity", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    axes.legend(loc="lower right", frameon=False, fontsize=8, title="Area under the curve", title_fontsize=8)
    _save(path, figure)


def draw_reliability(path: Path, parts: Mapping[str, Judged]) -> None:
    """Draw reliability diagrams side by side, as PNG: how many bleed of those given a probability.

    Parameters
    ----------
    path : pathlib.Path
        The picture.
    parts : mapping of str to Judged
        From a title to what is shown under it: bins of equally many items, with the 95 % interval of the share that
        bleeds from a bootstrap over patients.
    """
    figure = _figure(4.4 * len(parts), 4.9)
    columns = figure.subplots(1, len(parts), squeeze=False)[0]
    for colour, column, (name, items) in zip(COLOURS, columns, parts.items(), strict=False):
        bins = Bootstrap(items.patients).measure(partial(reliability, items.probabilities, items.truth))
        numbers = equal_bins(items.probabilities)
        patients = [items.patient_count(numbers == number) for number in range(bins.shape[1])]
        edges = [share_figure(bins[:, number, 1], count)["ci95"] for number, count in enumerate(patients)]
        predicted, observed = bins[0, :, 0], bins[0, :, 1]
        column.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":")
        column.vlines(predicted, *zip(*edges, strict=True), color=colour, alpha=0.5, linewidth=1.4)
        column.plot(predicted, observed, "o-", color=colour, markersize=5, linewidth=1)
        column.set_title(f"{name} ({len(items)})", color=INK, fontsize=10)
        column.set(xlabel="Calibrated probability", ylabel="Share with haemorrhage")
        column.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    _save(path, figure)


def draw_training(path: Path, logs: Mapping[str, Path]) -> None:
    """Draw loss and areas under the curve over the epochs of all folds, as PNG.

    Parameters
    ----------
    path : pathlib.Path
        The picture.
    logs : mapping of str to pathlib.Path
        From the name of a fold to its ``log.csv``.

    Raises
    ------
    TrainingError
        When a log is absent or damaged.
    """
    courses = {name: read_log(log) for name, log in logs.items()}
    panels = {
        "loss": "Training loss",
        "slice_auc": "Area, slices of the fold",
        "study_auc": "Area, studies of the fold",
    }
    measured = np.concatenate([[*course["slice_auc"], *course["study_auc"]] for course in courses.values()])
    lowest = min(measured[np.isfinite(measured)], default=0.5)
    figure = _figure(12.0, 3.8)
    for axes, (field, label) in zip(figure.subplots(1, len(panels)), panels.items(), strict=True):
        for number, (name, course) in enumerate(courses.items()):
            known = np.isfinite(course[field])  # areas are not measured after every epoch
            line = {"color": COLOURS[number % len(COLOURS)], "linewidth": 1.2, "label": name}
            axes.plot(course["epoch"][known], course[field][known], **line)
        axes.set(xlabel="Epoch", ylabel=label)
        if field != "loss":
            axes.set_ylim(lowest - 0.02, 1.0)
    axes.legend(loc="lower right", frameon=False, fontsize=8)
    _save(path, figure)


def read_log(path: Path) -> dict[str, np.ndarray]:
    """Read the course of one training: for each column of its ``log.csv`` float64, shape ``(epochs,)``; NaN if empty.

    Raises
    ------
    TrainingError
        When it is absent or damaged.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        fields: Sequence[str] = ("epoch", "loss", "seconds", "slice_auc", "study_auc")
        return {field: np.array([float(row[field] or "nan") for row in rows]) for field in fields}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"{path} cannot be read; run `triage-train train` first.") from error


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _style(axes: Axes) -> None:
    axes.tick_params(colors=INK, labelsize=8)
    axes.grid(color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(INK)


def _save(path: Path, figure: Figure) -> None:
    for axes in figure.axes:
        _style(axes)
    with replace_file(path) as file:
        figure.savefig(file, format="png", metadata={"Software": None})
