"""What headers leave open is asked of the pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import numpy as np
import pytest

from appliance.phantom.acquisition import Kernel
from appliance.phantom.dicomise import write_series
from appliance.phantom.head import Head
from appliance.verdict import Colour, Verdict
from tests.simulated import options, volume

pytestmark = pytest.mark.slow  # one Python is enough

Judge = Callable[..., Verdict]


def code(verdict: Verdict) -> str:
    """The first reason of a refusal."""
    assert verdict.colour is Colour.REFER
    return verdict.reasons[0].code.value


def test_contrast_that_no_header_names(judge: Judge, tmp_path: Path) -> None:
    """Bright vessels give it away."""
    write_series(tmp_path, volume(head=Head(contrast=True), bleed=None), options())
    assert code(judge(tmp_path)) == "contrast"


@pytest.mark.parametrize("step_mm", [5.0, 1.0])
def test_bone_kernel_that_no_header_names(step_mm: float, judge: Judge, tmp_path: Path) -> None:
    """Its grain gives it away, in thick slices and in slabs of thin ones."""
    write_series(tmp_path, volume(step_mm, Kernel.BONE), options(step_mm, kernel="X"))
    assert code(judge(tmp_path)) == "bone_kernel_only"


def test_dry_skull(judge: Judge, tmp_path: Path) -> None:
    """A skull without a brain."""
    write_series(tmp_path, volume(head=Head(brain=False), bleed=None), options())
    assert code(judge(tmp_path)) == "no_brain"


def test_another_part_of_the_body(judge: Judge, tmp_path: Path) -> None:
    """A cylinder of soft tissue around a bone, as a thigh is, labelled as a head."""
    axis = np.arange(256) - 127.5
    radius = np.hypot(axis[:, None], axis[None, :])
    slice_ = np.where(radius < 12, 900, np.where(radius < 80, 50, -1000))
    noise = np.random.default_rng(0).normal(0, 4, (32, 256, 256))
    write_series(tmp_path, (slice_ + noise).astype(np.int16), options())
    assert code(judge(tmp_path)) == "no_brain"


def test_values_that_are_no_hounsfield_units(judge: Judge, tmp_path: Path) -> None:
    """Stored values passed off as Hounsfield units: everything is 1,024 too high."""
    write_series(tmp_path, volume(bleed=None), options(extra={"RescaleIntercept": "0"}))
    assert code(judge(tmp_path)) in {"not_hounsfield", "no_brain"}


@pytest.mark.parametrize("offset", [-60, -25, -15, 40])
def test_shifted_hounsfield_units(offset: int, judge: Judge, tmp_path: Path) -> None:
    """A wrong Rescale Intercept would hide blood, or feign it."""
    write_series(tmp_path, volume(), options(extra={"RescaleIntercept": str(-1024 + offset)}))
    assert code(judge(tmp_path)) in {"not_hounsfield", "no_brain"}


def test_another_series_does_not_hide_damage(judge: Judge, tmp_path: Path) -> None:
    """The series to judge is damaged; an earlier scan of the same study does not answer for it."""
    damaged = volume().copy()
    damaged[18, 100:160] = -1024
    write_series(tmp_path / "late", damaged, options(series_number=5))
    write_series(tmp_path / "early", volume(2.0), options(2.0, series_number=2))
    assert code(judge(tmp_path)) == "damaged_pixels"


def test_inverted_values(judge: Judge, tmp_path: Path) -> None:
    """A negative is no head."""
    write_series(tmp_path, (1000 - volume(bleed=None).astype(int)).astype(np.int16), options())
    assert code(judge(tmp_path)) in {"not_hounsfield", "no_brain"}


@pytest.mark.parametrize("head", [Head(), Head(seed=3, scale=0.85), Head(atrophy=1.0), Head(seed=5)], ids=str)
def test_heads_of_every_kind_are_judged(head: Head, judge: Judge, tmp_path: Path) -> None:
    """Small and large, young and atrophic."""
    write_series(tmp_path, volume(bleed=None, head=head), options())
    assert judge(tmp_path).colour is not Colour.REFER
