"""Each study of any data set through the appliance's own preprocessing, once, into one cache."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from zipfile import BadZipFile

import cv2
import numpy as np

from appliance.errors import TriageError
from appliance.files import replace_file
from appliance.imaging.brain import find_brain
from appliance.imaging.brain_like import check_brain_like
from appliance.imaging.checks import check_brain, check_hounsfield, check_tissue
from appliance.imaging.head import Head, find_heads
from appliance.imaging.tensor import to_tensor
from appliance.imaging.zones import zone_edges
from appliance.reasons import Reason, Refused
from appliance.study import SliceStack
from training.dataset import KINDS, Dataset, LabelledStack, Study
from training.documents import TrainingError

SIZE = 160
"""Side of the network's input in pixels: about 1.3 mm a pixel for an adult's head."""

WINDOW_WIDTH, WINDOW_LEVEL = 120, 40
"""Brain window in Hounsfield units, that of the pictures of CT-ICH; the release's manifest carries it."""

PREPARATION = f"2: {SIZE} pixels, window {WINDOW_WIDTH}/{WINDOW_LEVEL}"
"""Which preparation made a cached study. Raise the number with every change of what is cached or how it is made."""


@dataclass(frozen=True)
class PreparedStudy:
    """The slices of one study that show brain, as the network sees them.

    Attributes
    ----------
    patient, uid : str
        As in `Study`.
    age_years : float or None
        As in `Study`.
    slices : numpy.ndarray
        uint8, shape ``(n, SIZE, SIZE)``: what `appliance.imaging.tensor` makes, times 255, which loses nothing.
    depth : numpy.ndarray
        uint8, same shape: distance in pixels to the edge of the intracranial space, 0 outside it.
    labels : numpy.ndarray
        bool, shape ``(n,)``: whether a slice shows haemorrhage.
    labelled : bool
        Whether `labels` may be used: False where only the study is labelled, also of a study that is not urgent, which
        may hold blood all the same.
    kinds : numpy.ndarray
        bool, shape ``(n, 5)``: which of `KINDS` a slice shows; all False where that is not known.
    study_kinds : numpy.ndarray
        bool, shape ``(5,)``: which of `KINDS` the study shows; all False where that is not known.
    haemorrhage : bool
        The study's label, also where its bleed lies outside the brain's extent.
    indices : numpy.ndarray
        int64, shape ``(n,)``: place of each slice in the whole series.
    series_length : int
        Slices of the whole series.
    centres : numpy.ndarray
        float64, shape ``(n,)``: centres of the slices along the normal.
    zones : numpy.ndarray
        float64, shape ``(8, 2)``: edges of the zones along the normal.
    """

    patient: str
    uid: str
    age_years: float | None
    slices: np.ndarray
    depth: np.ndarray
    labels: np.ndarray
    labelled: bool
    kinds: np.ndarray
    study_kinds: np.ndarray
    haemorrhage: bool
    indices: np.ndarray
    series_length: int
    centres: np.ndarray
    zones: np.ndarray


def prepare_study(study: Study) -> PreparedStudy:
    """Find head and brain, cut out and scale the slices, as `appliance.scoring` does.

    Raises
    ------
    Refused
        When the appliance would refuse the study for its pixels: no whole brain, no Hounsfield units, contrast.
    TrainingError
        When it has more or fewer slices than labels.
    """
    found = study.read()
    stack = found.stack
    labels, kinds = _labels(study, found)
    heads = find_heads(stack)
    brain = find_brain(stack, heads)
    _refuse(check_brain(stack, heads, brain))
    _refuse([check_hounsfield(stack), check_tissue(stack, heads, brain)])
    if stack.photographed:
        _refuse([check_brain_like(stack, heads, brain)])
    chosen = np.array(brain.indices)
    slices = _bytes(to_tensor(stack, heads, SIZE, brain.indices))
    space = replace(stack, pixels=_intracranial(stack, heads))
    inside = _bytes(to_tensor(space, heads, SIZE, brain.indices)) >= 128
    depth = np.stack([cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5) for mask in inside])
    return PreparedStudy(
        patient=study.patient,
        uid=study.uid,
        age_years=study.age_years,
        slices=slices,
        depth=np.ceil(depth).clip(0, 255).astype(np.uint8),
        labels=labels[chosen],
        labelled=found.labels is not None,
        kinds=kinds[chosen],
        study_kinds=_study_kinds(study),
        haemorrhage=study.haemorrhage,
        indices=chosen,
        series_length=len(stack),
        centres=stack.centres[chosen],
        zones=np.array(zone_edges(brain)),
    )


def _refuse(reasons: Sequence[Reason | None]) -> None:
    weighty = [reason for reason in reasons if reason]
    if weighty:
        raise Refused(*weighty)


def _labels(study: Study, found: LabelledStack) -> tuple[np.ndarray, np.ndarray]:
    """Labels and kinds of every slice of the series; all False where there are none."""
    count = len(found.stack)
    labels = np.zeros(count, dtype=bool) if found.labels is None else found.labels
    kinds = np.zeros((count, len(KINDS)), dtype=bool) if found.kinds is None else found.kinds
    if len(labels) != count or kinds.shape != (count, len(KINDS)):
        raise TrainingError(f"{study.uid} has {count} slices and {len(labels)} labels; correct its table of labels.")
    return labels, kinds


def _study_kinds(study: Study) -> np.ndarray:
    return np.array([kind in study.kinds for kind in KINDS])


def _bytes(tensor: np.ndarray) -> np.ndarray:
    return np.rint(tensor[:, 0] * 255).astype(np.uint8)


def _intracranial(stack: SliceStack, heads: list[Head]) -> np.ndarray:
    """The intracranial space of every slice at the slices' own resolution: uint8, 0 or 255."""
    rows, columns = stack.pixels.shape[1:]
    masks = [head.intracranial.astype(np.uint8) * 255 for head in heads]
    return np.stack([cv2.resize(mask, (columns, rows), interpolation=cv2.INTER_LINEAR) for mask in masks])


def prepare_all(dataset: Dataset, folder: Path, say: Callable[[str], None]) -> list[Study]:
    """Prepare the studies of a data set that are not in the cache yet.

    Parameters
    ----------
    dataset : Dataset
        Any data set.
    folder : pathlib.Path
        The cache. What an earlier, interrupted call left there is kept.
    say : callable
        Told a line about each study, and at the end how many were prepared.

    Returns
    -------
    list of Study
        Those that are in the cache now: what splits may be drawn from. A study that cannot be read, or that the
        appliance would refuse, is left out and its reason told.

    Raises
    ------
    TrainingError
        When none is left.
    """
    total = len(dataset.studies)
    prepared = []
    for number, study in enumerate(dataset.studies, 1):
        progress = f"{number}/{total} {study.uid}: "
        if is_prepared(folder, study):
            say(progress + "prepared before")
            prepared.append(study)
            continue
        try:
            result = prepare_study(study)
        except (Refused, TriageError) as error:
            say(progress + f"left out ({error})")
            continue
        write_prepared(folder, result)
        prepared.append(study)
        shown = f"{len(result.labels)} of {result.series_length} slices show brain"
        bleeding = f"{int(result.labels.sum())} of them bleed" if result.labelled else "not labelled slice by slice"
        say(progress + f"{shown}, {bleeding}")
    say(f"{dataset.info.name}: {len(prepared)} of {total} studies prepared, {total - len(prepared)} left out")
    if not prepared:
        raise TrainingError(f"No study of {dataset.info.name} could be prepared; the lines above say why.")
    return prepared


def is_prepared(folder: Path, study: Study) -> bool:
    """Tell whether the cache holds this study.

    Compared are the preparation, the size of the slices, and the study's patient, age, haemorrhage and kinds. The
    pixels and the labels of slices are not: they would have to be read again.
    """
    try:
        # opened here, since numpy leaves a file open that it cannot read
        with _path(folder, study.uid).open("rb") as file, np.load(file) as cached:
            return (
                str(cached["preparation"]) == PREPARATION
                and str(cached["patient"]) == study.patient
                and (float(cached["age_years"]) if "age_years" in cached else None) == study.age_years
                and bool(cached["haemorrhage"]) == study.haemorrhage
                and np.array_equal(cached["study_kinds"], _study_kinds(study))
                and cached["slices"].shape[1:] == (SIZE, SIZE)
            )
    except (OSError, KeyError, ValueError, EOFError, BadZipFile, zlib.error):
        return False


def write_prepared(folder: Path, study: PreparedStudy) -> None:
    """Cache one prepared study as ``UID.npz``."""
    values = {name: value for name, value in asdict(study).items() if value is not None}
    with replace_file(_path(folder, study.uid)) as file:
        np.savez_compressed(file, preparation=PREPARATION, **values)


def read_prepared(folder: Path, patients: Iterable[str]) -> list[PreparedStudy]:
    """Read the cached studies of some patients, in the order of their names.

    Raises
    ------
    TrainingError
        When a patient has none, or one was made by another preparation.
    """
    wanted = set(patients)
    studies = read_kept(folder, wanted)
    missing = wanted - {study.patient for study in studies}
    if missing:
        names = ", ".join(sorted(missing))
        raise TrainingError(f"Patients {names} are not prepared; run `triage-train prepare` first.")
    return studies


def read_kept(folder: Path, patients: Iterable[str]) -> list[PreparedStudy]:
    """Read what is cached of some patients, as `read_prepared` does; some may have nothing."""
    wanted = set(patients)
    studies = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as cached:
            if str(cached["patient"]) not in wanted:
                continue
            if "preparation" not in cached or str(cached["preparation"]) != PREPARATION:
                raise TrainingError(f"{path} is of another version; run `triage-train prepare` again.")
            values = {name: cached[name] for name in cached.files if name != "preparation"}
        # what has no shape was no array: texts, numbers, truths
        scalars = {name: value.item() for name, value in values.items() if not value.ndim}
        studies.append(PreparedStudy(**{"age_years": None, **values, **scalars}))
    return studies


def _path(folder: Path, uid: str) -> Path:
    return folder / f"{uid}.npz"
