"""The judged series of real files, as the page gets it."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Tuple

import numpy as np
import pydicom
import pytest

from appliance import worker
from appliance.config import Settings, StoreSettings
from appliance.imaging.levels import hounsfield_of_levels, to_levels
from appliance.ingest.spool import medium_path, take_in
from appliance.phantom.dicomise import write_series
from appliance.phantom.enhanced import write_enhanced
from appliance.phantom.transcode import JPEG_LOSSLESS
from appliance.pipeline import Pipeline
from appliance.rendering import render_next
from appliance.store import Case, Source, State, Store
from appliance.store.retention import expire, purge
from appliance.store.volumes import SeriesState, planned, read_document, read_slice, series_state
from tests.simulated import options, volume

Judge = Callable[[Path], Case]
Slices = Tuple[Dict[str, Any], np.ndarray]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(store=StoreSettings(tmp_path / "store"))


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with Store(settings.store.folder) as opened:
        yield opened


class Until:
    """A request to stop that comes once something is true."""

    def __init__(self, happened: Callable[[], object]) -> None:
        self._happened = happened

    @property
    def set(self) -> bool:
        return bool(self._happened())


def queued(store: Store, settings: Settings, folder: Path) -> Case:
    files = [[path.read_bytes()] for path in sorted(folder.rglob("*")) if path.is_file()]
    return take_in(store, settings.ingest, files, Source.UPLOAD)


@pytest.fixture
def judged(store: Store, settings: Settings, pipeline: Pipeline) -> Judge:
    """Judges what lies in a folder, and renders nothing."""

    def judge(folder: Path) -> Case:
        case = queued(store, settings, folder)
        job = store.jobs.claim()
        assert job is not None and worker._finish(store, pipeline, job, Until(bool))
        return again(store, case)

    return judge


def again(store: Store, case: Case) -> Case:
    found = store.case(case.id)
    assert found is not None
    return found


def rendered(store: Store, settings: Settings, pipeline: Pipeline) -> bool:
    return render_next(store, pipeline.reader, settings.ingest, lambda spool: medium_path(store, spool), lambda: False)


def slices_of(store: Store, case: Case) -> Slices:
    about = json.loads(read_document(store.rendered, case.id) or b"")
    shape = (about["rows"], about["columns"])
    content = [read_slice(store.rendered, case.id, number + 1) for number in range(about["slices"])]
    pixels = [np.frombuffer(zlib.decompress(data or b"", 31), np.uint8).reshape(shape) for data in content]
    assert read_slice(store.rendered, case.id, about["slices"] + 1) is None
    assert read_slice(store.rendered, case.id, 0) is None
    return about, np.stack(pixels)


def reversed_files(folder: Path) -> None:
    write_series(folder, volume()[::-1], options(positions_mm=options().positions_mm[::-1]))


def turned(row: List[float], column: List[float], turn: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], None]:
    """Write the same head as a scanner does whose picture lies another way."""

    def write(folder: Path) -> None:
        write_series(folder, np.stack([turn(image) for image in volume()]), options())
        far = (options().pixel_spacing_mm * 255) * (np.minimum(row, 0) + np.minimum(column, 0))
        for path in folder.iterdir():
            dataset = pydicom.dcmread(path)
            dataset.ImageOrientationPatient = row + column
            dataset.ImagePositionPatient = [a - b for a, b in zip(dataset.ImagePositionPatient, far)]
            dataset.save_as(path)

    return write


FORMS: Dict[str, Callable[[Path], object]] = {
    "plain": lambda folder: write_series(folder, volume(), options()),
    "compressed": lambda folder: write_series(folder, volume(), options(transfer_syntax=JPEG_LOSSLESS)),
    "reversed order": reversed_files,
    "enhanced multi-frame": lambda folder: write_enhanced(folder / "E", volume(), options()),
    "columns to the right": turned([-1, 0, 0], [0, 1, 0], lambda image: image[:, ::-1]),
    "prone": turned([-1, 0, 0], [0, -1, 0], lambda image: image[::-1, ::-1]),
    "rows to the front": turned([1, 0, 0], [0, -1, 0], lambda image: image[::-1]),
    "on its side": turned([0, 1, 0], [-1, 0, 0], lambda image: image[:, ::-1].T),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_slice_of_every_form_is_the_same_upright_picture(
    form: str, tmp_path: Path, store: Store, settings: Settings, pipeline: Pipeline, judged: Judge
) -> None:
    (tmp_path / "disc").mkdir()
    FORMS[form](tmp_path / "disc")
    case = judged(tmp_path / "disc")
    assert case.state is State.DONE and series_state(store.rendered, case.id) is SeriesState.PREPARING
    assert rendered(store, settings, pipeline) and not rendered(store, settings, pipeline)
    about, pixels = slices_of(store, case)
    assert series_state(store.rendered, case.id) is SeriesState.READY and planned(store.rendered) == []
    assert np.array_equal(pixels, to_levels(volume()))
    assert about["positions_mm"] == pytest.approx(options().positions_mm, abs=0.01)
    assert about["spacing_mm"] == pytest.approx([options().pixel_spacing_mm] * 2, abs=1e-5)
    assert about["edges"] == {"left": "R", "right": "L", "top": "A", "bottom": "P"}


def test_the_patients_left_is_on_the_right(
    tmp_path: Path, store: Store, settings: Settings, pipeline: Pipeline, judged: Judge
) -> None:
    """The bleed of `volume` is on the left of a head that is otherwise nearly the same on both sides."""
    write_series(tmp_path / "disc", volume(), options())
    case = judged(tmp_path / "disc")
    rendered(store, settings, pipeline)
    about, pixels = slices_of(store, case)
    slice_ = hounsfield_of_levels()[pixels[about["opens_at"]]]
    blood = ((slice_ > 55) & (slice_ < 80)).sum(axis=0)
    half = len(blood) // 2
    assert blood[half:].sum() > 2 * blood[:half].sum()
    assert (about["edges"]["left"], about["edges"]["right"]) == ("R", "L")


def test_a_tilted_gantry_and_thin_slices_keep_every_slice_in_its_zone(
    tmp_path: Path, store: Store, settings: Settings, pipeline: Pipeline, judged: Judge
) -> None:
    thin = volume(2.0, tilt_deg=12.0)
    write_series(tmp_path / "disc", thin, options(2.0, tilt_deg=12.0))
    case = judged(tmp_path / "disc")
    assert case.verdict is not None and case.verdict["zones"], case.verdict
    rendered(store, settings, pipeline)
    about, pixels = slices_of(store, case)
    assert np.array_equal(pixels, to_levels(thin))
    assert len(about["positions_mm"]) == len(about["slab"]) == about["slices"] == len(thin)
    assert about["slab"] == sorted(about["slab"]) and max(np.bincount(about["slab"])) in (2, 3)
    zones = about["zones"]
    assert [zone["probability"] for zone in zones] == [zone["probability"] for zone in case.verdict["zones"]]
    assert all(zone["first"] <= zone["slice"] <= zone["last"] for zone in zones)
    assert all(lower["last"] < upper["first"] for lower, upper in zip(zones, zones[1:]))
    for zone, published in zip(zones, case.verdict["zones"]):
        assert about["positions_mm"][zone["slice"]] == pytest.approx(published["position_mm"], abs=1.1)
    assert about["opens_at"] == max(zones, key=lambda zone: float(zone["probability"]))["slice"]


def test_a_case_that_waits_is_judged_before_a_series_is_rendered(
    tmp_path: Path, store: Store, settings: Settings, pipeline: Pipeline, judged: Judge
) -> None:
    write_series(tmp_path / "first", volume(), options(seed=1))
    write_series(tmp_path / "second", volume(), options(seed=2))
    first = judged(tmp_path / "first")
    second = queued(store, settings, tmp_path / "second")
    worker._work(store, settings, pipeline, Until(lambda: again(store, second).state.final))  # type: ignore[arg-type]
    assert series_state(store.rendered, first.id) is SeriesState.PREPARING

    def both() -> bool:
        done = [series_state(store.rendered, case.id) is SeriesState.READY for case in (first, second)]
        assert done != [True, False], "the newest first"
        return all(done)

    worker._work(store, settings, pipeline, Until(both))  # type: ignore[arg-type]


def test_a_series_is_given_up_between_slices_and_rendered_later(
    tmp_path: Path, store: Store, settings: Settings, pipeline: Pipeline, judged: Judge
) -> None:
    write_series(tmp_path / "disc", volume(), options())
    case = judged(tmp_path / "disc")
    asked = iter([False] * 20 + [True] * 1000)
    assert render_next(
        store, pipeline.reader, settings.ingest, lambda spool: medium_path(store, spool), lambda: next(asked)
    )
    assert series_state(store.rendered, case.id) is SeriesState.PREPARING
    assert sorted(path.name[0] for path in store.rendered.iterdir()) == [case.id[0]], "half a series is not left lying"
    assert rendered(store, settings, pipeline)
    assert series_state(store.rendered, case.id) is SeriesState.READY


def test_what_cannot_be_rendered_is_tried_once_and_its_verdict_stays(
    tmp_path: Path, store: Store, settings: Settings, pipeline: Pipeline, judged: Judge
) -> None:
    write_series(tmp_path / "disc", volume(), options())
    case = judged(tmp_path / "disc")
    sorted((store.spool / case.spool).iterdir())[7].unlink()
    assert rendered(store, settings, pipeline) and not rendered(store, settings, pipeline)
    assert series_state(store.rendered, case.id) is SeriesState.NONE
    assert again(store, case).verdict == case.verdict


def test_a_nearly_full_disk_is_left_to_the_studies_that_come_in(
    tmp_path: Path, store: Store, settings: Settings, pipeline: Pipeline, judged: Judge
) -> None:
    write_series(tmp_path / "disc", volume(), options())
    case = judged(tmp_path / "disc")
    full = replace(settings, ingest=replace(settings.ingest, min_free_mb=1 << 40))
    assert rendered(store, full, pipeline) and not rendered(store, settings, pipeline)
    assert series_state(store.rendered, case.id) is SeriesState.NONE


def test_a_purge_takes_the_slices_and_the_plan(
    tmp_path: Path, store: Store, settings: Settings, pipeline: Pipeline, judged: Judge
) -> None:
    for purged_after in (False, True):
        write_series(tmp_path / f"disc-{purged_after}", volume(), options(seed=purged_after))
        case = judged(tmp_path / f"disc-{purged_after}")
        if purged_after:
            rendered(store, settings, pipeline)
            assert read_slice(store.rendered, case.id, 1)
        purge(store, case)
        assert list(store.rendered.iterdir()) == [] and list(store.spool.iterdir()) == []
        assert not rendered(store, settings, pipeline)


def test_the_slices_go_with_the_pixels_of_their_case(
    tmp_path: Path, store: Store, settings: Settings, pipeline: Pipeline, judged: Judge
) -> None:
    write_series(tmp_path / "disc", volume(), options())
    case = judged(tmp_path / "disc")
    rendered(store, settings, pipeline)
    assert expire(store, StoreSettings()) == (0, 0) and read_slice(store.rendered, case.id, 1)
    assert expire(store, StoreSettings(pixels_hours=0)) == (1, 0)
    assert series_state(store.rendered, case.id) is SeriesState.NONE and not read_slice(store.rendered, case.id, 1)


def test_a_purge_in_the_middle_of_rendering_leaves_nothing(
    tmp_path: Path, store: Store, settings: Settings, pipeline: Pipeline, judged: Judge
) -> None:
    write_series(tmp_path / "disc", volume(), options())
    case = judged(tmp_path / "disc")
    asked: List[int] = []

    def purge_at_the_20th() -> bool:
        asked.append(1)
        if len(asked) == 20:
            purge(store, case)
        return False

    render_next(store, pipeline.reader, settings.ingest, lambda spool: medium_path(store, spool), purge_at_the_20th)
    assert list(store.rendered.iterdir()) == []
