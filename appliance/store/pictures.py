"""The slices that a page shows, as PNG files: ``<folder>/<case id>/zone-1.png`` and so on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Optional, Sequence

import cv2
import numpy as np

from appliance.files import sync_folder, write_synced
from appliance.store.scratch import held_folder

HEADER = "header.png"
"""What a camera saw beside the slices: the strip that names the patient."""


def write_pictures(
    folder: Path, case_id: str, pictures: Sequence[np.ndarray], header: Optional[np.ndarray] = None
) -> None:
    """Write the slices of a case, all or none; those of an earlier attempt are replaced.

    Parameters
    ----------
    folder : pathlib.Path
        Holds one folder for each case.
    case_id : str
        The case.
    pictures : sequence of numpy.ndarray
        uint8, shape ``(rows, columns)``, from zone 1 up.
    header : numpy.ndarray, optional
        uint8, shape ``(rows, columns, 3)``: the strip of a photographed screen that names the patient.
    """
    with held_folder(folder, ".writing-") as made:
        for number, picture in enumerate(pictures, start=1):
            write_synced(picture_path(folder, made.name, number), _png(picture))
        if header is not None:
            write_synced(made / HEADER, _png(header))
        sync_folder(made)
        target = folder / case_id
        shutil.rmtree(target, ignore_errors=True)
        os.rename(made, target)
        sync_folder(folder)


def picture_path(folder: Path, case_id: str, zone: int) -> Path:
    """Return where the slice of a zone is, zones counted from 1."""
    return folder / case_id / f"zone-{zone}.png"


def _png(picture: np.ndarray) -> bytes:
    encoded, data = cv2.imencode(".png", picture)
    if not encoded:
        raise ValueError(f"no PNG can be made of shape {picture.shape} and type {picture.dtype}")
    return bytes(data.tobytes())
