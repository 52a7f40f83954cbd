"""A small simulated data set in the layout of CT-ICH, and what the whole command makes of it."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from training.dataset import KINDS

Row = Mapping[str, Any]

PATIENTS = 24
SLICES = 10
SIDE = 160


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Small networks on a busy machine wait for their threads more than they gain by them."""
    torch.set_num_threads(1)


def draw_slice(level: float, bleed: bool, random: np.random.Generator) -> np.ndarray:
    """Draw a simulated slice: a skull around grey tissue, wider halfway up, with or without a bright blob."""
    picture = np.zeros((SIDE, SIDE), np.uint8)
    width = int(SIDE * 0.33 * np.sqrt(1 - (1.9 * (level - 0.5)) ** 2))
    cv2.ellipse(picture, (SIDE // 2, SIDE // 2), (width, int(width * 1.2)), 0, 0, 360, 255, -1)
    cv2.ellipse(picture, (SIDE // 2, SIDE // 2), (width - 6, int(width * 1.2) - 6), 0, 0, 360, 117, -1)
    if bleed:
        cv2.circle(picture, (SIDE // 2 + width // 3, SIDE // 2), max(width // 4, 5), 180, -1)
    noise = random.normal(0, 4, picture.shape)
    return np.where(picture > 0, picture + noise, 0).clip(0, 255).astype(np.uint8)


def findings(kind: str | None) -> dict[str, int | str]:
    """One row's labels: a bleed of one kind, or none."""
    return {**{name: int(name == kind) for name in KINDS}, "haemorrhage": int(kind is not None)}


def write_tables(folder: Path, patients: Sequence[Row], slices: Sequence[Row]) -> None:
    """Write the two tables of a data set."""
    for name, rows in (("patients.csv", patients), ("slices.csv", slices)):
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


@pytest.fixture(scope="session")
def simulated_ct_ich(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of 24 simulated patients: each second one bleeds in four slices, each third one is a child."""
    folder = tmp_path_factory.mktemp("ct_ich")
    random = np.random.default_rng(3)
    patients, slices = [], []
    for patient in range(49, 49 + PATIENTS + 1):
        bleeds = patient % 2 == 1
        age = 7 if patient % 3 == 0 else 40
        kind = KINDS[patient % len(KINDS)]
        patients.append({"patient": patient, "age_years": age, **findings(kind if bleeds else None)})
        (folder / f"images/{patient:03}").mkdir(parents=True)
        for z in range(SLICES):
            bleed = bleeds and 3 <= z < 7
            name = f"images/{patient:03}/{z:02}.jpg"
            cv2.imwrite(str(folder / name), draw_slice((z + 0.5) / SLICES, bleed, random))
            labels = findings(kind if bleed else None)
            if patient == 49:
                labels = dict.fromkeys(labels, "")
            slices.append({"file": name, "patient": patient, "z": z, **labels})
    random.shuffle(slices)
    write_tables(folder, patients, slices)
    return folder
