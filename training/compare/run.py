"""`triage-train compare`: several networks on repeated splits by patient, with statistics and a box plot."""

from __future__ import annotations

import csv
import io
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import nn

from appliance.files import replace_file
from training.compare.alexnet import AlexNet
from training.compare.attention import GatedAttention
from training.compare.googlenet import GoogLeNet
from training.compare.plot import draw_boxes
from training.compare.recipe import fit, fit_attention, judge
from training.compare.resnet import ResNet50
from training.compare.statistics import CAUTION, summarise
from training.dataset import LabelledStack, Study
from training.documents import TrainingError, digest, write_json
from training.network import CHANNELS, SliceNet, parameter_count
from training.prepare import SIZE, PreparedStudy
from training.splits import eighty_ten_ten

MEASURES = {
    "accuracy": "Accuracy of slices",
    "balanced_accuracy": "Balanced accuracy of slices",
    "auc": "Area under the curve, slices",
    "study_auc": "Area under the curve, studies",
}
"""What is measured, and how the plot calls it."""

SETTINGS = ("epochs", "size", "seed", "data")
FIELDS = ("network", "repeat", *SETTINGS, "parameters", "seconds", "slices", "without_haemorrhage", *MEASURES)

Row = dict[str, Any]


@dataclass(frozen=True)
class Preset:
    """How large a comparison is.

    Attributes
    ----------
    size : int
        Side in pixels to which slices are scaled.
    repeats : int
        How many splits.
    epochs : int
        Passes over the training slices.
    """

    size: int
    repeats: int
    epochs: int


PRESETS = {"small": Preset(size=96, repeats=3, epochs=2), "full": Preset(size=SIZE, repeats=10, epochs=30)}
"""``small`` takes minutes on a CPU and shows that all works; ``full`` wants a GPU and is the one to read."""

NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "alexnet_derived": SliceNet,
    "attention": lambda: GatedAttention(SliceNet(), CHANNELS[-1]),
    "alexnet": AlexNet,
    "googlenet": GoogLeNet,
    "resnet50": ResNet50,
}
"""The released network's architecture (AlexNet's convolutions, made small), the same with gated attention, and three
well-known ones."""


def compare(
    studies: Sequence[PreparedStudy],
    networks: Mapping[str, Callable[[], nn.Module]],
    repeats: int,
    epochs: int,
    seed: int,
    size: int,
    folder: Path,
    device: str,
) -> dict[str, Any]:
    """Train and judge every network on the same repeated splits, and test whether they differ.

    The design is that of Kunimatsu's study (KAKENHI 18K07629): accuracies of several networks over repeated splits,
    their median and interquartile range, one-way analysis of variance, and Tukey's HSD for all pairs. Each repeat
    divides the patients afresh; 80 % train, and the other 20 %, validation and test part together, judge, since
    nothing is chosen by either. Everything is trained in the one plain way of `training.compare.recipe`.

    An interrupted comparison goes on where it stopped: each finished network of a repeat is a row of ``compare.csv``.

    Parameters
    ----------
    studies : sequence of PreparedStudy
        Those without labels of their slices are left out.
    networks : mapping of str to callable
        Names and makers of the networks, such as `NETWORKS`.
    repeats, epochs, size : int
        See `Preset`.
    seed : int
        Of splits, initial weights, order and augmentation; repeat ``r`` uses ``seed + r``.
    folder : pathlib.Path
        Receives ``compare.csv``, ``compare.json`` and ``compare.png``.
    device : str
        ``cpu`` or ``cuda``.

    Returns
    -------
    dict
        What ``compare.json`` says: the settings, and for each of `MEASURES` what
        `training.compare.statistics.summarise` gives.

    Raises
    ------
    TrainingError
        When there is nothing to do, there are too few patients, the folder holds another comparison, or the device is
        not there.
    """
    if repeats < 1 or epochs < 1:
        raise TrainingError("A comparison needs at least one repeat and one epoch.")
    if device == "cuda" and not torch.cuda.is_available():
        raise TrainingError("There is no CUDA device; use --device cpu, or a PyTorch built for this machine's GPU.")
    target = torch.device(device)
    labelled = [_scaled(study, size) for study in studies if study.labelled]
    settings = {"epochs": epochs, "size": size, "seed": seed, "data": _fingerprint(labelled)}
    rows = _read(folder / "compare.csv", settings)
    done = {(row["network"], row["repeat"]) for row in rows}
    for repeat in range(repeats):
        learned, judged = divide(labelled, seed + repeat)
        for name, make in networks.items():
            if (name, repeat) in done:
                continue
            figures = _measure(make, learned, judged, epochs, seed + repeat, target)
            rows.append({"network": name, "repeat": repeat, **settings, **figures})
            _write(folder / "compare.csv", rows)
            accuracy = figures["balanced_accuracy"]
            print(f"repeat {repeat}, {name}: balanced accuracy {accuracy:.3f}", file=sys.stderr, flush=True)
    return _report(folder, [row for row in rows if row["repeat"] < repeats], list(networks), settings, repeats)


def _measure(
    make: Callable[[], nn.Module],
    learned: Sequence[PreparedStudy],
    judged: Sequence[PreparedStudy],
    epochs: int,
    seed: int,
    device: torch.device,
) -> Row:
    started = time.perf_counter()
    torch.manual_seed(seed)
    network = make().to(device)
    fit(network, learned, epochs, seed, device)
    if isinstance(network, GatedAttention):
        fit_attention(network, learned, seed, device)
    truth = np.concatenate([study.labels for study in judged])
    figures = judge(network, judged, device)
    return {
        "parameters": parameter_count(network),
        "seconds": round(time.perf_counter() - started, 1),
        "slices": len(truth),
        "without_haemorrhage": round(float(1 - truth.mean()), 4),
        **{name: round(value, 6) for name, value in figures.items()},
    }


def divide(studies: Sequence[PreparedStudy], seed: int) -> tuple[list[PreparedStudy], list[PreparedStudy]]:
    """Divide studies by patient into four fifths to learn from and one fifth to judge by.

    Raises
    ------
    TrainingError
        When there are too few patients for both to have studies and slices with and without haemorrhage.
    """
    parts = eighty_ten_ten("compare", [_as_dealt(study) for study in studies], seed).parts
    learned = [study for study in studies if study.patient in parts["train"]]
    judged = [study for study in studies if study.patient in {*parts["validation"], *parts["test"]}]
    for part in (learned, judged):
        truths = ([study.haemorrhage for study in part], [label for study in part for label in study.labels])
        if not all(any(truth) and not all(truth) for truth in truths):
            raise TrainingError(
                "A comparison needs more patients: a split has none with, or none without, haemorrhage."
            )
    return learned, judged


def _as_dealt(study: PreparedStudy) -> Study:
    """What the splits ask of a study: whose it is, whether it bleeds, and whether it is a child's."""

    def read() -> LabelledStack:
        raise TrainingError(f"{study.uid} is prepared already; its series is not read again.")

    return Study(study.patient, study.uid, study.age_years, study.haemorrhage, frozenset(), read)


def _scaled(study: PreparedStudy, size: int) -> PreparedStudy:
    """A study whose slices have another size; only the slices are looked at here."""
    slices = [cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA) for picture in study.slices]
    return replace(study, slices=np.stack(slices))


def _fingerprint(studies: Sequence[PreparedStudy]) -> str:
    """Short hash of which studies there are and what their slices show."""
    parts = [
        f"{study.patient} {study.uid}".encode() + study.slices.tobytes() + study.labels.tobytes() for study in studies
    ]
    return digest(b"".join(parts))[:12]


def _report(
    folder: Path, rows: Sequence[Row], networks: Sequence[str], settings: Mapping[str, Any], repeats: int
) -> dict[str, Any]:
    values = {
        measure: {name: [row[measure] for row in rows if row["network"] == name] for name in networks}
        for measure in MEASURES
    }
    without = [row["without_haemorrhage"] for row in rows]
    document = {
        **settings,
        "repeats": repeats,
        "accuracy_of_never_calling": round(float(np.median(without)), 4),
        "caution": CAUTION,
        **{measure: summarise(values[measure]) for measure in MEASURES},
    }
    write_json(folder / "compare.json", document)
    title = f"Splits by patient: {repeats}; epochs: {settings['epochs']}; side of a slice: {settings['size']} pixels"
    shown = ("accuracy", "balanced_accuracy", "study_auc")
    draw_boxes(folder / "compare.png", {MEASURES[measure]: values[measure] for measure in shown}, title)
    return document


def _read(path: Path, settings: Mapping[str, Any]) -> list[Row]:
    """Read finished rows; a mistake in them, or in what they are of, ends the comparison."""
    if not path.is_file():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [_typed(row) for row in csv.DictReader(file)]
    except (KeyError, TypeError, ValueError) as error:
        raise TrainingError(f"{path} is damaged; delete it to compare afresh.") from error
    if any(row[name] != value for row in rows for name, value in settings.items()):
        raise TrainingError(f"{path} is of other data or settings; delete it, or name another folder with --work.")
    return rows


def _typed(row: Mapping[str, str]) -> Row:
    whole = ("repeat", "epochs", "size", "seed", "parameters", "slices")
    words = ("network", "data")
    return {
        name: row[name] if name in words else int(row[name]) if name in whole else float(row[name]) for name in FIELDS
    }


def _write(path: Path, rows: Sequence[Row]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, FIELDS)
    writer.writeheader()
    writer.writerows(rows)
    with replace_file(path) as file:
        file.write(text.getvalue().encode())
