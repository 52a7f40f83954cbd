"""Each study through the appliance's own preprocessing, once, into one cached file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from appliance.files import replace_file
from appliance.imaging.brain import find_brain
from appliance.imaging.head import Head, find_heads
from appliance.imaging.tensor import to_tensor
from appliance.imaging.zones import zone_edges
from appliance.study import SliceStack
from training.dataset import Study
from training.documents import TrainingError

SIZE = 192
"""Side of the network's input in pixels: about 1 mm for an adult's head."""


@dataclass(frozen=True)
class PreparedStudy:
    """The slices of one study that show brain, as the network sees them.

    Attributes
    ----------
    patient, uid : str
        As in `Study`.
    slices : numpy.ndarray
        uint8, shape ``(n, SIZE, SIZE)``: what `appliance.imaging.tensor` makes, times 255, which loses nothing.
    depth : numpy.ndarray
        uint8, same shape: distance in pixels to the edge of the intracranial space, 0 outside it.
    labels : numpy.ndarray
        bool, shape ``(n,)``: whether a slice shows haemorrhage.
    haemorrhage : bool
        Whether any slice of the study does, also one outside the brain's extent.
    centres : numpy.ndarray
        float64, shape ``(n,)``: centres of the slices along the normal.
    zones : numpy.ndarray
        float64, shape ``(8, 2)``: edges of the zones along the normal.
    """

    patient: str
    uid: str
    slices: np.ndarray
    depth: np.ndarray
    labels: np.ndarray
    haemorrhage: bool
    centres: np.ndarray
    zones: np.ndarray


def prepare_study(study: Study) -> PreparedStudy:
    """Find head and brain, cut out and scale the slices, as `appliance.scoring` does.

    Raises
    ------
    TrainingError
        When a study has more or fewer slices than labels, or shows no brain.
    """
    stack = study.read()
    if len(stack) != len(study.labels):
        raise TrainingError(f"{study.uid} has {len(stack)} slices and {len(study.labels)} labels.")
    heads = find_heads(stack)
    brain = find_brain(stack, heads)
    if not brain.largest_area:
        raise TrainingError(f"{study.uid} shows no brain.")
    indices = brain.indices
    chosen = np.array(indices)
    slices = _bytes(to_tensor(stack, heads, SIZE, indices))
    inside = _bytes(to_tensor(replace(stack, pixels=_intracranial(stack, heads)), heads, SIZE, indices)) >= 128
    depth = np.stack([cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5) for mask in inside])
    return PreparedStudy(
        patient=study.patient,
        uid=study.uid,
        slices=slices,
        depth=np.ceil(depth).clip(0, 255).astype(np.uint8),
        labels=study.labels[chosen],
        haemorrhage=study.haemorrhage,
        centres=stack.centres[chosen],
        zones=np.array(zone_edges(brain)),
    )


def _bytes(tensor: np.ndarray) -> np.ndarray:
    return np.rint(tensor[:, 0] * 255).astype(np.uint8)


def _intracranial(stack: SliceStack, heads: list[Head]) -> np.ndarray:
    """The intracranial space of every slice at the slices' own resolution: uint8, 0 or 255."""
    rows, columns = stack.pixels.shape[1:]
    masks = [head.intracranial.astype(np.uint8) * 255 for head in heads]
    return np.stack([cv2.resize(mask, (columns, rows), interpolation=cv2.INTER_LINEAR) for mask in masks])


def write_prepared(folder: Path, study: PreparedStudy) -> None:
    """Cache one prepared study as ``UID.npz``."""
    with replace_file(folder / f"{study.uid}.npz") as file:
        np.savez_compressed(file, **vars(study))


def read_prepared(folder: Path, patients: Iterable[str]) -> list[PreparedStudy]:
    """Read the cached studies of some patients, in the order of their names.

    Raises
    ------
    TrainingError
        When a patient has none.
    """
    wanted = set(patients)
    studies = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as cached:
            if str(cached["patient"]) in wanted:
                arrays = {name: cached[name] for name in ("slices", "depth", "labels", "centres", "zones")}
                patient, uid, haemorrhage = str(cached["patient"]), str(cached["uid"]), bool(cached["haemorrhage"])
                studies.append(PreparedStudy(patient=patient, uid=uid, haemorrhage=haemorrhage, **arrays))
    missing = wanted - {study.patient for study in studies}
    if missing:
        names = ", ".join(sorted(missing))
        raise TrainingError(f"Patients {names} are not prepared; run `triage-train prepare` first.")
    return studies
