"""The slices that a page shows, as PNG files: ``<folder>/<case id>/zone-1.png`` and so on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Sequence

import cv2
import numpy as np

from appliance.files import sync_folder, write_synced
from appliance.store.scratch import held_folder


def write_pictures(folder: Path, case_id: str, pictures: Sequence[np.ndarray]) -> None:
    """Write the slices of a case, all or none; those of an earlier attempt are replaced.

    Parameters
    ----------
    folder : pathlib.Path
        Holds one folder for each case.
    case_id : str
        The case.
    pictures : sequence of numpy.ndarray
        uint8, shape ``(rows, columns)``, from zone 1 up.
    """
    with held_folder(folder, ".writing-") as made:
        for number, picture in enumerate(pictures, start=1):
            encoded, data = cv2.imencode(".png", picture)
            if not encoded:
                raise ValueError(f"no PNG can be made of shape {picture.shape} and type {picture.dtype}")
            write_synced(picture_path(folder, made.name, number), data.tobytes())
        sync_folder(made)
        target = folder / case_id
        shutil.rmtree(target, ignore_errors=True)
        os.rename(made, target)
        sync_folder(folder)


def picture_path(folder: Path, case_id: str, zone: int) -> Path:
    """Return where the slice of a zone is, zones counted from 1."""
    return folder / case_id / f"zone-{zone}.png"
