"""The camera route on real photographs: a hospital's own studies, and what its cameras saw of them on its monitors.

The layout read here is that of `training.sources.hospital`, and beside ``colours.csv`` a table ``photographs.csv`` with
the columns ``study,monitor,camera,lighting,photographs``: the study's name, three names of the set-up, and a folder of
photographs in the order of their names (PNG, JPEG) or a video of somebody scrolling, from the table's own folder on.
``docs/camera.md`` says how many of which are to be taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from appliance.camera.gathered import Gathered, from_the_base
from appliance.camera.lookers import ScrollLooker
from appliance.camera.photograph import read_photograph
from appliance.camera.photograph_files import read_frame
from appliance.camera.pictures import find_pictures
from appliance.camera.quality import Gate
from appliance.camera.sources import Frame, VideoFile
from appliance.camera.stack import photographed_stack
from appliance.errors import TriageError
from appliance.reasons import ReasonCode, Refused
from training import sources
from training.calibrate import Calibration, from_manifest
from training.dataset import LabelledStack, Study
from training.documents import TrainingError
from training.judged import judged_studies
from training.prepare import prepare_study
from training.routes import Routes, compare
from training.scored import Scorer, score
from training.sources.tables import demand, layout, read_rows

TABLE = "photographs.csv"

SET_UP = ("monitor", "camera", "lighting")
"""By which the figures are divided."""


@dataclass(frozen=True)
class Taken:
    """What one camera saw of one study in one set-up.

    Attributes
    ----------
    study : str
        Its name.
    set_up : tuple of str
        Monitor, camera, lighting.
    place : pathlib.Path
        A folder of photographs, or a video.
    """

    study: str
    set_up: tuple[str, ...]
    place: Path


def read_table(folder: Path) -> list[Taken]:
    """Read which photographs there are.

    Raises
    ------
    TrainingError
        When the table is missing, has other columns, or names what is not there.
    """
    with layout(folder, "photographs of a hospital's own studies"):
        rows = read_rows(folder / TABLE)
        if any(row[name] is None for row in rows for name in ("study", *SET_UP, "photographs")):
            raise ValueError(f"a line of {TABLE} is too short")
        taken = [
            Taken(
                row["study"].strip(), tuple(row[name].strip() for name in SET_UP), folder / row["photographs"].strip()
            )
            for row in rows
        ]
        demand([str(item.place) for item in taken if not item.place.exists()], TABLE)
        return taken


def measure_photographs(
    folder: Path, manifest: dict[str, Any], scorer: Scorer, say: Callable[[str], None]
) -> dict[str, Any]:
    """Judge every study from its files and from its photographs, and compare.

    Parameters
    ----------
    folder : pathlib.Path
        See above.
    manifest : dict
        Of the release that is measured.
    scorer : callable
        Its network.
    say : callable
        Told a line about each set of photographs.

    Returns
    -------
    dict
        ``all`` and one entry for each monitor, camera and lighting: what `training.routes.compare` measures, or only
        how many there are where they do not show studies of both kinds; ``refusals``: how often which reason was given.

    Raises
    ------
    TrainingError
        When the release was not measured on photographs, or a table is wrong.
    """
    if "photographs" not in manifest:
        raise TrainingError("This release does not say how its scores of photographs are read; measure another.")
    taken = read_table(folder)
    studies = {study.uid.removeprefix("hospital-"): study for study in sources.load("hospital", folder).studies}
    unknown = sorted({item.study for item in taken} - set(studies))
    if unknown:
        raise TrainingError(f"{TABLE} names the study {unknown[0]}, which colours.csv does not.")
    gate = Gate(**manifest["photographs"]["gate"])
    of_files, of_photographs = from_manifest(manifest), from_manifest(manifest["photographs"])
    from_files = {name: _judge(studies[name], scorer, of_files) for name in sorted({item.study for item in taken})}
    rows: list[tuple[Taken, float, bool]] = []
    refusals: dict[str, int] = {}
    for item in taken:
        probability, called, code = _judge_photographs(studies[item.study], item.place, gate, scorer, of_photographs)
        if code:
            refusals[code] = refusals.get(code, 0) + 1
        say(f"{item.study}, {', '.join(item.set_up)}: {code or format(probability, '.2f')}")
        rows.append((item, probability, called))

    def routes(chosen: Sequence[tuple[Taken, float, bool]]) -> dict[str, Any]:
        truth = np.array([studies[item.study].haemorrhage for item, _, _ in chosen])
        # a study whose own files are refused is no measure of photographs
        known = np.array([not from_files[item.study][2] for item, _, _ in chosen])
        if not (truth & known).any() or not (~truth & known).any():
            return {"captures": len(chosen)}
        kept = [row for row, judged in zip(chosen, known, strict=True) if judged]
        return compare(
            Routes(
                patients=np.array([studies[item.study].patient for item, _, _ in kept]),
                truth=truth[known],
                files=np.array([from_files[item.study][0] for item, _, _ in kept]),
                photographs=np.array([probability for _, probability, _ in kept]),
                files_called=np.array([from_files[item.study][1] for item, _, _ in kept]),
                photographs_called=np.array([called for _, _, called in kept]),
            )
        )

    document: dict[str, Any] = {"all": routes(rows), "refusals": refusals}
    for number, name in enumerate(SET_UP):
        for value in sorted({item.set_up[number] for item in taken}):
            document[f"{name} {value}"] = routes([row for row in rows if row[0].set_up[number] == value])
    return document


def _judge(study: Study, scorer: Scorer, calibration: Calibration) -> tuple[float, bool, str]:
    """Return probability, whether it is called, and why it was refused; NaN and False where it was."""
    try:
        judged = judged_studies(score(scorer, [prepare_study(study)]), [calibration], [0])
    except Refused as refused:
        return float("nan"), False, refused.reasons[0].code.value
    except TriageError as error:
        return float("nan"), False, error.code
    return float(judged.probabilities[0]), bool(judged.called[0]), ""


def _judge_photographs(
    study: Study, place: Path, gate: Gate, scorer: Scorer, calibration: Calibration
) -> tuple[float, bool, str]:
    """Return the same of what a camera saw, which is judged as `appliance.picture_judging` does."""
    gathered: list[Gathered] = []

    def read() -> LabelledStack:
        gathered.append(_scrolled(place, gate) if place.is_file() else _tiled(place, gate))
        pictures = gathered[0].pictures
        return LabelledStack(photographed_stack(pictures, [str(number) for number in range(len(pictures))]))

    probability, called, code = _judge(replace(study, read=read), scorer, calibration)
    if not code and not called and gathered[0].gaps:
        return float("nan"), False, ReasonCode.PHOTO_SLICES_MISSED.value
    return probability, called, code


def _tiled(folder: Path, gate: Gate) -> Gathered:
    pictures: list[np.ndarray] = []
    paths = find_pictures(folder)
    for path in paths:
        seen = read_photograph(read_frame(path)).pictures
        bad = gate.check(seen)
        if bad:
            raise Refused(bad)
        pictures += seen
    return Gathered(from_the_base(pictures), "tiles", len(paths))


def _scrolled(video: Path, gate: Gate) -> Gathered:
    looker = ScrollLooker(gate)
    with VideoFile(video) as frames:
        for item in frames:
            if isinstance(item, Frame):
                looker.look(item)
    return looker.gathered()
