"""Discs and sticks, by folders that stand in their place."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Dict, Iterator, List

import pytest

from appliance.dicom.reader import DicomReader
from appliance.ingest.losses import read_losses
from appliance.ingest.media import MediumRead, Reading, read_medium
from appliance.ingest.survey import survey
from appliance.ingest.udev import NotUnmountedError
from appliance.phantom.disc import DiscOptions, write_disc
from appliance.reasons import ReasonCode
from appliance.scoring import Judgement
from appliance.store import Case, MediumState, Source, State
from appliance.verdict import Colour, Verdict
from tests.ingest.media import Bench
from tests.running import disc_files, zipped


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.store.close()


def judged(bench: Bench, case: Case, pipeline: object) -> Verdict:
    """What the worker would say of a case."""
    folder = bench.store.spool / case.spool
    *_, last = pipeline.judge(folder, lost=read_losses(folder))  # type: ignore[attr-defined]
    assert isinstance(last, Judgement)
    return last.verdict


def test_a_medium_comes_in_and_is_released(bench: Bench) -> None:
    bench.insert("disc")
    row = bench.look()
    assert (row.state, row.present, row.name) == (MediumState.READ, True, "disc")
    case = bench.case(row)
    assert (case.source, case.state) == (Source.MEDIA, State.QUEUED)
    copies = sorted(path.read_bytes() for path in (bench.store.spool / case.spool).iterdir())
    assert copies == sorted(file for file in disc_files() if b"DICM" in file[:132])
    assert bench.drive.released == ["disc"]
    assert list(bench.store.temporary.iterdir()) == []


def test_a_medium_that_cannot_be_unmounted_is_not_read_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def release(medium: object) -> None:
        raise NotUnmountedError("still in use")

    monkeypatch.setattr(bench.drive, "release", release)
    disc = bench.insert("disc")
    assert bench.look().state is MediumState.READ
    again = bench.drive.folder / "disc2"
    os.rename(disc, again)
    assert bench.look().state is MediumState.KNOWN
    assert len(bench.store.recent(9)) == 1


def test_an_unchanged_medium_costs_nothing(bench: Bench) -> None:
    disc = bench.insert("disc")
    first = bench.look()
    files = bench.spooled()
    os.rename(disc, bench.drive.folder.parent / "out")
    bench.watcher.look()
    assert bench.store.media.shown() == []
    os.rename(bench.drive.folder.parent / "out", disc)
    again = bench.look()
    assert (again.state, again.case_id) == (MediumState.KNOWN, first.case_id)
    assert bench.spooled() == files and len(bench.store.recent(9)) == 1


def test_another_patient_on_the_same_medium_is_read(bench: Bench) -> None:
    """Names, sizes and times of two discs of one burner may agree; their headers do not."""
    first = bench.insert("disc", [file for file in disc_files() if len(file) > 50_000])
    times = {path.name: path.stat() for path in first.rglob("IM*")}
    one = bench.look()
    shutil.rmtree(first)
    bench.watcher.look()
    other = bench.insert("disc", [file for file in disc_files(seed=1) if len(file) > 50_000])
    for path in other.rglob("IM*"):
        was = times[path.name]
        with path.open("ab") as file:
            file.truncate(was.st_size)
        os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    two = bench.look()
    assert two.state is MediumState.READ and two.case_id != one.case_id


def test_a_medium_of_a_failed_case_is_read_again(bench: Bench) -> None:
    disc = bench.insert("disc")
    first = bench.look()
    job = bench.store.jobs.claim()
    assert job is not None
    bench.store.jobs.fail(job, "internal", "It failed.")
    os.rename(disc, bench.drive.folder / "again")
    again = bench.look()
    assert again.state is MediumState.READ and again.case_id != first.case_id


@pytest.mark.parametrize("files", [[], [b""], [b"a letter", b"a viewer" * 1000], [zipped([b"no image"])]])
def test_a_medium_without_dicom_is_a_message_and_no_case(bench: Bench, files: List[bytes]) -> None:
    bench.insert("stick", files)
    row = bench.look()
    assert (row.state, row.error_code, row.case_id) == (MediumState.REFUSED, "no_dicom", None)
    assert bench.store.recent(1) == [] and bench.spooled() == 0
    assert bench.drive.released == ["stick"]


def test_a_zip_alone_on_a_stick_comes_in(bench: Bench) -> None:
    bench.insert("stick", [zipped(disc_files()), b"a letter"])
    row = bench.look()
    assert row.state is MediumState.READ
    assert [path.name for path in (bench.store.spool / bench.case(row).spool).iterdir()] == ["archive.zip"]


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"max_files": 5}, "unreadable_path"),
        ({"max_mb": 1}, "upload_too_large"),
        ({"min_free_mb": 10**9}, "disk_full"),
    ],
)
def test_limits_hold_as_for_uploads(tmp_path: Path, limits: Dict[str, int], code: str) -> None:
    bench = Bench(tmp_path, **limits)
    bench.insert("disc")
    row = bench.look()
    assert (row.state, row.error_code) == (MediumState.REFUSED, code)
    assert bench.spooled() == 0 and list(bench.store.temporary.iterdir()) == []
    bench.store.close()


def test_the_order_is_that_of_the_dicomdir(bench: Bench) -> None:
    disc = write_disc(bench.drive.folder / "disc", DiscOptions(rows=64, bone_mm=None))
    with DicomReader(bench.settings.decode) as reader:
        named = reader.listed_files(str(disc.dicomdir))
    (medium,) = bench.drive.present()
    items = read_medium(bench.store, bench.settings, bench.drive, medium, survey(medium.root, bench.settings.ingest))
    *_, last = items
    assert isinstance(last, MediumRead) and last.case is not None
    copies = [path.read_bytes() for path in sorted((bench.store.spool / last.case.spool).iterdir())]
    listed = [disc.folder.joinpath(*parts).read_bytes() for parts in named]
    assert len(listed) > 20 and copies == [disc.dicomdir.read_bytes(), *listed]


def test_files_that_the_dicomdir_names_in_vain_are_counted(bench: Bench, pipeline: object) -> None:
    disc = write_disc(bench.drive.folder / "disc", DiscOptions(rows=64, bone_mm=None))
    for path in disc.series["soft"][:3]:
        path.unlink()
    case = bench.case(bench.look())
    assert read_losses(bench.store.spool / case.spool) == {ReasonCode.MISSING_FILES: 3}


def halfway(bench: Bench, name: str, after: int) -> MediumRead:
    """Read a medium and take it away after some of its files."""
    (medium,) = bench.drive.present()
    found = survey(medium.root, bench.settings.ingest)
    steps = read_medium(bench.store, bench.settings, bench.drive, medium, found)
    for item in steps:
        assert isinstance(item, Reading)
        if item.done == after:
            shutil.rmtree(bench.drive.folder / name)
            break
    *_, last = steps
    assert isinstance(last, MediumRead)
    return last


def series(disc_seed: int = 0) -> List[bytes]:
    """The axial slices of a disc."""
    return [file for file in disc_files(seed=disc_seed) if len(file) > 100_000]


def test_pulled_out_half_way_is_refused_and_says_so(bench: Bench, pipeline: object) -> None:
    files = series()
    bench.insert("disc", files)
    read = halfway(bench, "disc", len(files) // 2)
    assert read.gone and not read.complete and read.case is not None
    verdict = judged(bench, read.case, pipeline)
    assert verdict.colour is Colour.REFER
    (note,) = [reason for reason in verdict.reasons if reason.code is ReasonCode.MEDIUM_REMOVED]
    assert note.values["count"] == len(files) - len(files) // 2


def test_pulled_out_after_a_whole_series_is_judged_and_says_so(bench: Bench, pipeline: object) -> None:
    files = series()
    bench.insert("disc", files)
    extra = bench.drive.folder / "disc" / "DICOM" / "VIEWER"  # the files of a folder come before those of its folders
    extra.mkdir()
    for number in range(5):
        (extra / f"{number}.exe").write_bytes(b"program")
    read = halfway(bench, "disc", len(files))
    assert read.gone and read.case is not None
    verdict = judged(bench, read.case, pipeline)
    assert verdict.colour is Colour.RED_BLACK
    assert [reason.values["count"] for reason in verdict.reasons if reason.code is ReasonCode.MEDIUM_REMOVED] == [5]


def test_pulled_out_before_any_image_is_no_case(bench: Bench) -> None:
    bench.insert("disc", [b"a letter"] + disc_files())
    files = sorted((bench.drive.folder / "disc").rglob("IM*"))
    os.rename(files[0], bench.drive.folder / "disc" / "LETTER")
    read = halfway(bench, "disc", 1)
    assert read.gone and read.case is None
    assert bench.store.recent(1) == [] and list(bench.store.temporary.iterdir()) == []


def test_a_medium_that_went_away_is_read_anew(bench: Bench) -> None:
    """What was read of it does not pass for the whole."""
    files = series()
    bench.insert("disc", files)
    halfway(bench, "disc", 3)
    bench.insert("disc", files)
    row = bench.look()
    assert row.state is MediumState.READ
    assert len(list((bench.store.spool / bench.case(row).spool).iterdir())) == len(files)


def test_unreadable_files_are_counted(bench: Bench, pipeline: object) -> None:
    disc = bench.insert("disc")
    (medium,) = bench.drive.present()
    found = survey(medium.root, bench.settings.ingest)
    for path in list(disc.rglob("IM*"))[:2]:
        path.unlink()
        os.mkfifo(path)  # listed as a file, a pipe when it is opened: it fails at once and nothing waits
    *_, last = read_medium(bench.store, bench.settings, bench.drive, medium, found)
    assert isinstance(last, MediumRead) and last.case is not None
    assert not last.gone and not last.complete
    assert read_losses(bench.store.spool / last.case.spool)[ReasonCode.UNREADABLE_FILES] == 2
