"""Order, slabs and faults of geometry."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Callable, List, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.dicom.geometry import SLAB_MM, Geometry, fault, in_order, slabs
from appliance.dicom.header import CT_IMAGE, ImageHeader
from appliance.phantom.dicomise import write_series
from appliance.study import SliceStack
from tests.simulated import options, volume


def images(heights: Sequence[float], thickness: float = 5.0, tilt_deg: float = 0.0) -> List[ImageHeader]:
    """Headers of slices at heights along the patient's axis."""
    sine, cosine = float(np.sin(np.radians(tilt_deg))), float(np.cos(np.radians(tilt_deg)))
    return [
        ImageHeader(
            path=str(i),
            sop_class_uid=CT_IMAGE,
            sop_instance_uid=f"1.2.{i}",
            position=(-120.0, -120.0, float(z)),
            orientation=(1.0, 0.0, 0.0, 0.0, cosine, -sine),
            pixel_spacing=(0.5, 0.5),
            thickness=thickness,
        )
        for i, z in enumerate(heights)
    ]


def ordered(heights: Sequence[float], thickness: float = 5.0, tilt_deg: float = 0.0) -> Geometry:
    """Those in order."""
    geometry = in_order(images(heights, thickness, tilt_deg))
    assert geometry is not None
    return geometry


@given(st.permutations(range(20)), st.floats(-30, 30))
def test_order_follows_the_normal_alone(order: List[int], tilt_deg: float) -> None:
    """Any order of files gives the same order of slices, tilted or not."""
    slices = images([3.0 * i for i in range(20)], tilt_deg=tilt_deg)
    geometry = in_order([slices[i] for i in order])
    assert geometry is not None
    assert [image.path for image in geometry.images] == [str(i) for i in range(20)]
    assert np.diff(geometry.positions) == pytest.approx(3.0 * np.cos(np.radians(tilt_deg)))


@given(st.sampled_from([0.5, 0.625, 0.8, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0, 10.0]), st.integers(8, 320))
def test_slabs_take_every_slice_once_and_tile_the_extent(step: float, count: int) -> None:
    """No slice is skipped or used twice; slabs are about 5 mm thick, or one slice where slices are thicker."""
    geometry = ordered([step * i for i in range(count)], step)
    planned = slabs(geometry)
    assert [image.path for slab in planned for image in slab.images] == [image.path for image in geometry.images]
    assert sum(slab.thickness for slab in planned) == pytest.approx(step * count)
    edges = [(slab.centre - slab.thickness / 2, slab.centre + slab.thickness / 2) for slab in planned]
    assert [high for _, high in edges[:-1]] == pytest.approx([low for low, _ in edges[1:]])
    for slab in planned[:-1]:
        assert len(slab.images) == 1 if step >= SLAB_MM else 3.0 <= slab.thickness <= 6.01


def test_a_change_of_step_is_no_fault() -> None:
    """4 mm through the base and 7 mm above, overlapping where they meet, as scanners do."""
    heights = [4.0 * i for i in range(14)]
    heights += [heights[-1] + 1.1 + 7.0 * i for i in range(14)]
    slices = [replace(image, thickness=4.0 if i < 14 else 7.0) for i, image in enumerate(images(heights))]
    geometry = in_order(slices)
    assert geometry is not None and fault(geometry) is None


@pytest.mark.parametrize(
    ("heights", "named"),
    [
        ([5.0 * i for i in range(20) if i != 9], "a gap of 10.0 mm"),
        ([5.0 * i for i in range(20) if i not in (9, 11)], "a gap of 10.0 mm"),
        ([5.0 * i for i in range(0, 40, 2)], "a gap of 10.0 mm"),
        ([1.0 * i for i in range(40) if i != 20], "a gap of 2.0 mm"),
        ([0.0] * 12, "several images at one position"),
        ([5.0 * i for i in range(20)] + [45.0], "several images at one position"),
        ([15.0 * i for i in range(12)], "a step of 15.0 mm"),
        ([5.0 * i for i in range(20)] + [400.0], "a step of 305.0 mm"),
    ],
)
def test_faults_are_named(heights: List[float], named: str) -> None:
    """A missing slice, one position for several, slices too far apart."""
    thickness = 1.0 if heights[1] - heights[0] == 1.0 else 5.0
    assert str(fault(ordered(heights, thickness))).startswith(named)


def test_a_slice_beside_the_others_is_a_fault() -> None:
    """Positions lie on a line."""
    slices = images([5.0 * i for i in range(20)])
    slices[7] = replace(slices[7], position=(-100.0, -120.0, 35.0))
    geometry = in_order(slices)
    assert geometry is not None and fault(geometry) == "a slice aside the others"


def test_tilted_thin_slices_are_laid_upon_each_other(tmp_path: Path, stack: Callable[[Path], SliceStack]) -> None:
    """Slabs of thin slices of a tilted gantry show the head where the middle slice shows it."""
    base = volume()[16]
    # the same picture in every slice, moved as a tilt of 20 degrees moves the patient through the picture
    tilt, spacing, step = 20.0, 240.0 / base.shape[0], 1.0
    moved = [np.roll(base, round(-i * step * np.sin(np.radians(tilt)) / spacing), axis=0) for i in range(40)]
    write_series(
        tmp_path,
        np.stack(moved),
        options(positions_mm=tuple(step * i for i in range(40)), thickness_mm=step, tilt_deg=tilt),
    )
    got = stack(tmp_path)
    assert got.hounsfield is not None
    middle = len(got) // 2
    shown = got.hounsfield[middle].astype(float)
    shifts = range(-60, 61)
    best = min(np.abs(np.roll(base, shift, axis=0).astype(float) - shown)[60:-60].mean() for shift in shifts)
    smeared = np.mean([np.roll(base, shift, axis=0) for shift in range(-2, 3)], axis=0)
    assert best < np.abs(base - smeared)[60:-60].mean()


def test_orientation_flips_are_undone(tmp_path: Path, stack: Callable[[Path], SliceStack]) -> None:
    """A series stored from left to right, or from back to front, is shown as the others are."""
    write_series(tmp_path / "plain", volume(), options())
    reference = stack(tmp_path / "plain")
    for name, axis, cosines in (("mirrored", 2, [-1, 0, 0, 0, 1, 0]), ("upended", 1, [1, 0, 0, 0, -1, 0])):
        write_series(tmp_path / name, np.flip(volume(), axis=axis), options(extra={"ImageOrientationPatient": cosines}))
        turned = stack(tmp_path / name)
        assert np.array_equal(turned.pixels, reference.pixels)
