"""Photographs that were dropped like a study, and slices off a camera, through the real worker."""

from __future__ import annotations

import json
import multiprocessing
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Iterator, List

import cv2
import numpy as np
import pytest

from appliance import worker
from appliance.camera.gathered import Gathered, from_the_base, read_gathered, write_gathered
from appliance.config import EngineSettings, IngestSettings, Settings, StoreSettings
from appliance.ingest.sitting import hand_over
from appliance.ingest.spool import take_in
from appliance.picture_judging import MAX_PHOTOGRAPHS, TooManyPhotographsError
from appliance.pipeline import Pipeline
from appliance.reasons import Refused
from appliance.scoring import Judgement
from appliance.store import Case, Source, State, Store
from appliance.store.pictures import HEADER
from appliance.verdict import Colour
from tests.running import final
from tests.screens import manifest_for_photographs, slices, write_photographs


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return manifest_for_photographs(tmp_path_factory.mktemp("released"))


@pytest.fixture
def settings(tmp_path: Path, manifest: Path) -> Settings:
    return Settings(
        store=StoreSettings(tmp_path / "store"),
        ingest=IngestSettings(min_free_mb=1),
        engine=EngineSettings(manifest=manifest),
    )


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with Store(settings.store.folder) as opened:
        yield opened


def judged(store: Store, settings: Settings, cases: List[Case]) -> List[Case]:
    """Let a worker judge all of them."""
    process = multiprocessing.get_context("spawn").Process(target=worker.run, args=(settings,))
    process.start()
    try:
        return [final(store, case) for case in cases]
    finally:
        process.terminate()
        process.join()


@pytest.mark.slow
def test_dropped_photographs_and_slices_off_a_camera_are_judged(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    files = [path.read_bytes() for path in write_photographs(tmp_path / "photos", slices())]
    dropped = take_in(store, settings.ingest, [[file] for file in files], Source.UPLOAD)
    strip = np.full((30, 300, 3), (10, 200, 90), np.uint8)
    seen = hand_over(store, settings, Gathered(tuple(slices()), "scroll", 400, strip))
    few = hand_over(store, settings, Gathered(tuple(slices()[14:17]), "scroll", 40, None))
    dropped, seen, few = judged(store, settings, [dropped, seen, few])
    for case in (dropped, seen):
        assert case.state is State.DONE and case.verdict is not None
        assert (case.verdict["verdict"], len(case.verdict["zones"])) == ("red_black", 8)
        assert case.photographed and case.unidentified and case.patient is None
        assert (store.rendered / case.id / HEADER).is_file()
    assert (cv2.imread(str(store.rendered / seen.id / HEADER)) == strip).all()
    assert few.state is State.REFUSED and few.photographed and few.verdict is not None
    assert [reason["code"] for reason in few.verdict["reasons"]] == ["too_few_slices"]


@pytest.mark.parametrize(
    ("gaps", "operating_point", "colour"),
    [(0, 0.0, Colour.RED_BLACK), (2, 0.0, Colour.RED_BLACK), (0, 1.0, Colour.GREEN_YELLOW), (2, 1.0, Colour.REFER)],
)
def test_slices_that_were_missed_allow_no_green(
    settings: Settings, manifest: Path, tmp_path: Path, gaps: int, operating_point: float, colour: Colour
) -> None:
    """What was seen may tell of a bleed, but not that there is none."""
    document = json.loads(manifest.read_text("utf-8"))
    document["photographs"]["operating_point"] = operating_point
    changed = beside_its_networks(tmp_path, manifest, document)
    folder = tmp_path / "seen"
    folder.mkdir()
    write_gathered(folder, Gathered(tuple(slices()), "scroll", 400, None, gaps))
    with Pipeline(replace(settings, engine=EngineSettings(manifest=changed))) as pipeline:
        *_, judgement = pipeline.judge(folder)
    assert isinstance(judgement, Judgement)
    verdict = judgement.verdict
    assert verdict.colour is colour
    if colour is Colour.REFER:
        (reason,) = verdict.reasons
        assert (reason.code.value, reason.values) == ("photo_slices_missed", {"count": 2})
        assert not verdict.zones and verdict.urgent_probability is None and not judgement.pictures


def beside_its_networks(folder: Path, manifest: Path, document: Dict[str, Any]) -> Path:
    """Write a changed manifest where the networks of another lie as well."""
    for network in (*manifest.parent.glob("*.onnx"), *manifest.parent.glob("*.npz")):
        (folder / network.name).symlink_to(network.resolve())
    (folder / manifest.name).write_text(json.dumps(document), "utf-8")
    return folder / manifest.name


def test_without_a_calibration_for_photographs_they_are_refused(
    settings: Settings, manifest: Path, tmp_path: Path
) -> None:
    document = json.loads(manifest.read_text("utf-8"))
    del document["photographs"]
    changed = beside_its_networks(tmp_path, manifest, document)
    folder = tmp_path / "seen"
    folder.mkdir()
    write_gathered(folder, Gathered(tuple(slices()), "scroll", 400, None))
    with Pipeline(replace(settings, engine=EngineSettings(manifest=changed))) as pipeline:
        *_, judgement = pipeline.judge(folder)
    assert [reason.code.value for reason in judgement.verdict.reasons] == ["photo_not_measured"]  # type: ignore[union-attr]


def test_a_photograph_that_the_gate_refuses_is_the_studys_refusal(settings: Settings, tmp_path: Path) -> None:
    paths = write_photographs(tmp_path / "photos", slices())
    cv2.imwrite(str(paths[1]), cv2.GaussianBlur(cv2.imread(str(paths[1])), (0, 0), 5))
    with Pipeline(settings) as pipeline:
        *_, judgement = pipeline.judge(tmp_path / "photos")
    assert [reason.code.value for reason in judgement.verdict.reasons] == ["photo_blurred"]  # type: ignore[union-attr]


def test_more_photographs_than_one_study_has_are_refused(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    for number in range(MAX_PHOTOGRAPHS + 1):
        (tmp_path / "many" / f"{number}.jpg").write_bytes(b"\xff\xd8\xff")
    with Pipeline(settings) as pipeline, pytest.raises(TooManyPhotographsError):
        list(pipeline.judge(tmp_path / "many"))


def test_slices_are_turned_so_that_they_run_from_the_base(tmp_path: Path) -> None:
    upward = list(slices())
    for given in (upward, upward[::-1]):
        assert np.array_equal(np.stack(from_the_base(given)), slices())
    assert from_the_base([]) == ()


def test_a_slice_that_is_missing_is_a_refusal(tmp_path: Path) -> None:
    write_gathered(tmp_path, Gathered(tuple(slices()[:4]), "tiles", 3, None))
    again = read_gathered(tmp_path)
    assert np.array_equal(np.stack(again.pictures), slices()[:4]) and (again.way, again.frames) == ("tiles", 3)
    (tmp_path / "000002.png").write_bytes(b"")
    with pytest.raises(Refused):
        read_gathered(tmp_path)
