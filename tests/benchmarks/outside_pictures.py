"""How the released network judges single pictures of any look: simulated heads, shown as others show them.

``python -m tests.benchmarks.outside_pictures`` prints, for each change of `tests.pictures`, how many pictures were
refused and how the others were judged. Simulated: it says how a change of look matters, not how real bleeds are found.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import cv2
import numpy as np

from appliance.config_file import load_settings
from appliance.phantom.acquisition import Kernel, acquire
from appliance.phantom.anatomy import voxelise
from appliance.phantom.disc import FIELD_OF_VIEW_MM, positions
from appliance.phantom.head import Bleed, BleedKind, Head, Side
from appliance.pipeline import Pipeline
from appliance.reasons import Refused
from tests.pictures import outside_picture

HEADS = (Head(seed=201, atrophy=0.2), Head(seed=202, scale=1.03, atrophy=0.6))
VOLUMES_ML = (15.0, 60.0, 120.0)
ROWS = 256
MIN_BRAIN_MM2 = 5000.0
MIN_BLOOD_MM2 = 120.0

CHANGES: tuple[frozenset[str], ...] = (
    frozenset(),
    frozenset({"window"}),
    frozenset({"turned"}),
    frozenset({"cropped"}),
    frozenset({"small"}),
    frozenset({"text"}),
    frozenset({"grey", "frame"}),
    frozenset({"jpeg", "small"}),
    frozenset({"window", "turned", "text", "small", "frame"}),
)


def slices() -> list[tuple[np.ndarray, bool]]:
    """Slices in Hounsfield units that show brain, and whether they show at least `MIN_BLOOD_MM2` of blood."""
    where = tuple(float(z) for z in positions(5.0))
    spacing = FIELD_OF_VIEW_MM / ROWS
    found: list[tuple[np.ndarray, bool]] = []
    for number, head in enumerate(HEADS):
        healthy = voxelise(head, None, where, ROWS, spacing, 5.0, 0.0)
        brain = ((healthy > 10) & (healthy < 60)).sum(axis=(1, 2)) * spacing**2 > MIN_BRAIN_MM2
        found += [(picture, False) for picture in acquire(healthy, Kernel.SOFT, spacing, 5.0, number)[brain]]
        for index, kind in enumerate(BleedKind):
            bleed = Bleed(kind, Side.LEFT if index % 2 else Side.RIGHT, VOLUMES_ML[(number + index) % len(VOLUMES_ML)])
            bleeding = voxelise(head, bleed, where, ROWS, spacing, 5.0, 0.0)
            dense = (bleeding > 48) & (bleeding < 95) & (healthy < 46)
            blood = dense.sum(axis=(1, 2)) * spacing**2 > MIN_BLOOD_MM2
            found += [
                (picture, True) for picture in acquire(bleeding, Kernel.SOFT, spacing, 5.0, number)[brain & blood]
            ]
    return found


def main() -> None:
    """Judge every slice in every look."""
    sources = slices()
    print(f"{len(sources)} slices of {len(HEADS)} simulated heads, {sum(bleeds for _, bleeds in sources)} with blood")
    with Pipeline(load_settings()) as pipeline, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.png"
        for changes in CHANGES:
            judged: list[tuple[float, bool, bool]] = []
            for seed, (hounsfield, bleeds) in enumerate(sources):
                cv2.imwrite(str(path), outside_picture(hounsfield, changes, 5000 + seed).pixels)
                try:
                    judged.append((*pipeline.pictures.score(path), bleeds))
                except Refused:
                    continue
            scores, called, truth = (np.array(column) for column in zip(*judged, strict=True))
            higher = scores[truth][:, None] - scores[~truth]
            area = float((higher > 0).mean() + 0.5 * (higher == 0).mean())
            print(
                f"    {', '.join(sorted(changes)) or 'plain':<40} refused {len(sources) - len(judged):3}, "
                f"AUC {area:.2f}, sensitivity {called[truth].mean():.2f}, specificity {1 - called[~truth].mean():.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
