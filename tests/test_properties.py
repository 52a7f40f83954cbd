"""What must not change a verdict: names and order of files, what is not in the header, how pixels are stored, what
lies beside them.
"""

from __future__ import annotations

import random
import shutil
import zipfile
from pathlib import Path
from typing import Callable, Iterator, List

import pydicom
import pytest

from appliance.phantom.dicomise import write_series
from appliance.verdict import Colour, Verdict
from tests.dicom.test_syntaxes import SYNTAXES
from tests.simulated import options, volume

pytestmark = pytest.mark.slow  # one Python is enough

Judge = Callable[..., Verdict]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> List[Path]:
    """A simulated head with a bleed, as a scanner writes it."""
    return write_series(tmp_path_factory.mktemp("plain"), volume(), options())


def fingerprint(verdict: Verdict) -> List[float]:
    """All that a verdict says in numbers."""
    assert verdict.colour is not Colour.REFER and verdict.urgent_probability is not None
    scores = [slab.probability for slab in verdict.slabs]
    places = [slab.position_mm or 0.0 for slab in verdict.slabs]
    return [verdict.urgent_probability, *scores, *places, *(zone.slab.probability for zone in verdict.zones)]


@pytest.fixture(scope="module")
def expected(plain: List[Path], judge: Judge) -> Verdict:
    """The verdict on the plain series."""
    return judge(plain[0].parent)


def shuffled_names(paths: List[Path], target: Path) -> Path:
    """Names that say nothing of the order."""
    names = [f"X{number:04d}" for number in range(len(paths))]
    random.Random(1).shuffle(names)
    for path, name in zip(paths, names):
        shutil.copy(path, target / name)
    return target


def nested_folders(paths: List[Path], target: Path) -> Path:
    """One file a folder."""
    for number, path in enumerate(reversed(paths)):
        folder = target / f"A{number % 5}" / f"B{number}"
        folder.mkdir(parents=True)
        shutil.copy(path, folder / "IMAGE")
    return target


def instance_numbers_reversed(paths: List[Path], target: Path) -> Path:
    """Numbers that run against the positions."""
    for number, path in enumerate(paths):
        dataset = pydicom.dcmread(path)
        dataset.InstanceNumber = len(paths) - number
        dataset.save_as(target / path.name)
    return target


def no_instance_numbers(paths: List[Path], target: Path) -> Path:
    """No numbers at all."""
    for path in paths:
        dataset = pydicom.dcmread(path)
        del dataset.InstanceNumber
        dataset.save_as(target / path.name)
    return target


def foreign_objects(paths: List[Path], target: Path) -> Path:
    """Other things beside them: text, pictures, programs, an empty file, a file that only begins like DICOM."""
    for path in paths:
        shutil.copy(path, target / path.name)
    (target / "README.TXT").write_text("viewer")
    (target / "AUTORUN.INF").write_bytes(b"[autorun]\r\n")
    (target / "empty").touch()
    (target / "VIEWER.EXE").write_bytes(b"MZ" + bytes(200_000))
    (target / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500))
    (target / "zeros").write_bytes(bytes(4096))
    return target


def zipped(paths: List[Path], target: Path) -> Path:
    """An archive."""
    archive = target / "study.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for path in paths:
            opened.write(path, f"DICOM/PAT/{path.name}")
    return archive


@pytest.mark.parametrize(
    "change",
    [shuffled_names, nested_folders, instance_numbers_reversed, no_instance_numbers, foreign_objects, zipped],
    ids=lambda function: function.__name__,
)
def test_same_verdict(
    change: Callable[[List[Path], Path], Path], plain: List[Path], expected: Verdict, judge: Judge, tmp_path: Path
) -> None:
    """The same verdict and the same scores to 1e-5."""
    got = judge(change(plain, tmp_path))
    assert got.colour is expected.colour
    assert fingerprint(got) == pytest.approx(fingerprint(expected), abs=1e-5)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_same_verdict_in_every_syntax(syntax: str, expected: Verdict, judge: Judge, tmp_path: Path) -> None:
    """How pixels are stored is no finding."""
    write_series(tmp_path, volume(), options(transfer_syntax=SYNTAXES[syntax]))
    assert fingerprint(judge(tmp_path)) == pytest.approx(fingerprint(expected), abs=1e-5)


def remove_one(paths: List[Path]) -> Iterator[Path]:
    """All but one in the middle of the brain."""
    yield from (path for number, path in enumerate(paths) if number != 18)


def test_a_missing_slice_is_no_green(plain: List[Path], judge: Judge, tmp_path: Path) -> None:
    """A gap in the brain is named."""
    for path in remove_one(plain):
        shutil.copy(path, tmp_path / path.name)
    verdict = judge(tmp_path)
    assert verdict.colour is Colour.REFER
    assert [reason.code.value for reason in verdict.reasons] == ["inconsistent_geometry"]


@pytest.mark.parametrize("kept", [slice(0, 20), slice(14, 32)], ids=["vertex missing", "base missing"])
def test_half_a_brain_is_no_green(kept: slice, plain: List[Path], judge: Judge, tmp_path: Path) -> None:
    """A scan that ends within the brain is refused."""
    for path in plain[kept]:
        shutil.copy(path, tmp_path / path.name)
    verdict = judge(tmp_path)
    assert verdict.colour is Colour.REFER
    assert [reason.code.value for reason in verdict.reasons] == ["partial_brain"]
