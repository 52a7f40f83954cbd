"""The simulator of screen photographs: what the truth says is where the photo shows it, and the physics behaves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.training.plain_shot import AHEAD, CLEAN, DARK, PANEL, SHARP
from training.cli import main
from training.screen.brush import Box
from training.screen.console import apply_window, draw_console
from training.screen.draw import FAULTS, draw_settings, sitting
from training.screen.families import DEVELOPMENT, FAMILIES, HELD_OUT, PANELS, TRAINING, Family
from training.screen.lens import Pose, look
from training.screen.looks import DEVELOPMENT_LOOKS, HELD_OUT_LOOKS, LOOKS, Look
from training.screen.panel import emit
from training.screen.random_look import DOCKED, random_look
from training.screen.room import furnish
from training.screen.sensor import banding, develop
from training.screen.shot import Shot, describe, photograph, take_shot
from training.screen.sight import gather, see


@pytest.fixture
def pictures() -> np.ndarray:
    """Twelve pictures: a grey disc with a bright rim, another grey each."""
    made = np.zeros((12, 128, 128), np.uint8)
    for number, picture in enumerate(made):
        cv2.circle(picture, (64, 64), 50, 90 + 5 * number, -1)
        cv2.circle(picture, (64, 64), 50, 255, 4)
    return made


def test_one_seed_takes_one_shot(pictures: np.ndarray) -> None:
    first, again, other = (
        take_shot(pictures, np.random.default_rng(seed), TRAINING, 3, 4, (640, 360)) for seed in (1, 1, 2)
    )
    assert np.array_equal(first.photo, again.photo)
    assert first.settings == again.settings
    assert not np.array_equal(first.photo, other.photo)
    assert json.loads(json.dumps(first.settings)) is not None


@pytest.mark.parametrize(
    "pose",
    [AHEAD, Pose(15, -10, 5, 0.6, (0.05, -0.03), 65), Pose(-25, 20, -8, 0.55, (0.0, 0.0), 55)],
    ids=["ahead", "turned", "steep"],
)
@pytest.mark.parametrize("bend", [0.0, 0.06, -0.04], ids=["straight", "barrel", "pincushion"])
def test_corners_lie_where_the_photo_shows_them(pose: Pose, bend: float) -> None:
    marked = np.zeros((1024, 1280, 3), np.uint8)
    boxes = [(200, 150, 301, 251), (700, 600, 201, 301)]
    for x, y, width, height in boxes:
        marked[y : y + height, x : x + width] = 255
    view = look(pose, replace(SHARP, k1=bend, skew=(6.0, 3.0)), (1280, 1024), (1280, 720))
    layers = furnish(DARK, (1280, 1024), np.random.default_rng(0))
    sight = see(PANEL, layers, view, (1280, 1024))
    light = gather(sight, sight.focus(emit(marked, PANEL)), np.ones(720, np.float32))
    photo = develop(light, CLEAN, 0.9, np.random.default_rng(0))
    grey = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    for x, y, width, height in boxes:
        corners = np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], float) - 0.5
        truth = view.to_photo(corners)
        for corner in truth:
            found = cv2.cornerSubPix(grey, corner[None].astype(np.float32).copy(), (6, 6), (-1, -1), (3, 40, 0.01))[0]
            assert np.hypot(*(found - corner)) < 0.75, (corner, found)


def test_photo_and_panel_coordinates_are_each_others_inverse() -> None:
    view = look(
        Pose(20, -12, 6, 0.9, (0.02, 0.01), 70),
        replace(SHARP, k1=0.07, k2=-0.01, skew=(8, -4)),
        (1920, 1080),
        (1280, 720),
    )
    points = np.random.default_rng(0).uniform(0, 1, (50, 2)) * (1920, 1080)
    photo = view.to_photo(points)
    u, v = view.to_panel(photo[:, 0], photo[:, 1])
    assert np.abs(np.stack([u, v], axis=1) - points).max() < 1e-3


def test_the_console_shows_its_window(pictures: np.ndarray) -> None:
    ramp = np.arange(256, dtype=np.uint8)[None]
    units = np.arange(256) * 120 / 255 - 20
    shown = apply_window(ramp, 80, 36)[0]
    assert not shown[units <= -4].any()
    assert (shown[units >= 76] == 255).all()
    assert shown[np.argmin(np.abs(units - 36))] == pytest.approx(127.5, abs=1.5)
    shot = take_shot(pictures, np.random.default_rng(5), TRAINING, 2, 2, (640, 360))
    width, level = shot.window
    assert 80 <= width <= 120
    assert 35 <= level <= 40
    assert level - width / 2 >= -20.5


def test_a_backlight_that_flickers_draws_bands_unless_the_shutter_waits_for_whole_periods() -> None:
    flicker = replace(CLEAN, refresh=120.0, duty=0.5, shutter=1 / 500, readout=1 / 30)
    rows = banding(flicker, 720, 0.0)
    assert rows.mean() == pytest.approx(1, abs=0.05)
    spectrum = np.abs(np.fft.rfft(rows - rows.mean()))
    assert np.argmax(spectrum) == 4  # 120 Hz in the 1/30 s from the first row to the last
    assert rows.max() - rows.min() > 1
    assert np.ptp(banding(replace(flicker, shutter=1 / 120), 720, 0.3)) < 1e-4


DRAWN = {f"random {seed}": random_look(np.random.default_rng(seed)) for seed in range(4)}


@pytest.mark.parametrize("look", [*LOOKS.values(), *DRAWN.values()], ids=[*LOOKS, *DRAWN])
@pytest.mark.parametrize("panel", list(PANELS)[::2], ids=str)
def test_every_look_draws_the_pictures_where_it_says(look: Look, panel: tuple[int, int], pictures: np.ndarray) -> None:
    console = draw_console(pictures[:5], np.random.default_rng(2), look, 2, 3, panel, (100.0, 38.0))
    assert console.picture.shape == (panel[1], panel[0], 3)
    assert [cell.index for cell in console.cells] == [0, 1, 2, 3, 4, -1]
    x, y, width, height = console.pane
    assert width * height > 0.25 * panel[0] * panel[1]
    for cell in console.cells[:5]:
        left, top, side = (round(value + 0.5) for value in (cell.x, cell.y, cell.side - 0.5))
        assert x <= left
        assert y <= top
        assert left + side <= x + width + 1
        shown = cv2.cvtColor(console.picture, cv2.COLOR_RGB2GRAY)[top : top + side, left : left + side]
        wanted = cv2.resize(apply_window(pictures[cell.index], 100, 38), (side, side), interpolation=cv2.INTER_AREA)
        inner = slice(side // 8, side - side // 8)
        assert np.corrcoef(shown[inner, inner].ravel(), wanted[inner, inner].ravel())[0, 1] > 0.9


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_every_fault_of_a_family_can_be_photographed(family: Family, pictures: np.ndarray) -> None:
    drawn = {}
    for seed in range(200):
        settings = draw_settings(family, np.random.default_rng(seed), (640, 360))
        drawn.setdefault(settings.fault, settings)
    assert set(drawn) == {"", *FAULTS}
    for settings in drawn.values():
        shot = photograph(pictures, np.random.default_rng(1), settings, 3, 4)
        check(shot, 12)
        assert shot.photo.shape == (360, 640, 3)


def test_most_shots_are_usable() -> None:
    faults = [draw_settings(TRAINING, np.random.default_rng(seed)).fault for seed in range(400)]
    assert 0.74 < faults.count("") / 400 < 0.86


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_a_study_is_photographed_on_one_console_with_one_camera(family: Family) -> None:
    rng = np.random.default_rng(0)
    here = sitting(family, rng)
    first, second = (draw_settings(here, rng) for _ in range(2))
    assert first.pose != second.pose
    for stays in ("look", "panel_size", "panel", "frame", "window"):
        assert getattr(first, stays) == getattr(second, stays), stays
    assert first.lens.k1 == second.lens.k1
    assert (first.sensor.tone, first.sensor.demosaic) == (second.sensor.tone, second.sensor.demosaic)
    others = [draw_settings(sitting(family, rng), rng) for _ in range(20)]
    assert len({(other.panel_size, other.window) for other in others}) > 5


def check(shot: Shot, cells: int) -> None:
    """Check that a shot's truth is whole."""
    assert shot.photo.dtype == np.uint8
    assert shot.screen.shape == shot.pane.shape == (4, 2)
    assert len(shot.tiles) == shot.rows * shot.columns == cells
    for tile in shot.tiles:
        assert tile.corners.shape == (4, 2)
        assert np.isfinite(tile.corners).all()


def test_the_families_share_no_kind() -> None:
    for field in (
        "subpixels",
        "reflections",
        "things",
        "tones",
        "demosaics",
        "finishes",
        "codecs",
        "resolutions",
    ):
        assert not set(getattr(TRAINING, field)) & set(getattr(HELD_OUT, field)), field
    assert (TRAINING.looks, DEVELOPMENT.looks, HELD_OUT.looks) == ((), DEVELOPMENT_LOOKS, HELD_OUT_LOOKS)
    drawn = {kind for docked in DOCKED.values() for kind, _ in docked}
    for held_out in HELD_OUT_LOOKS:
        assert {kind for _, kind in held_out.bars} - drawn, held_out.name
    assert HELD_OUT.barrel[0] > TRAINING.barrel[1]


def test_a_reflection_adds_light_and_a_matte_screen_spreads_it(pictures: np.ndarray) -> None:
    lamp = replace(DARK, reflections=("lamp",), strength=0.5, gloss=0.003)
    glossy, matte = (
        furnish(room, (1280, 1024), np.random.default_rng(4)).reflection for room in (lamp, replace(lamp, gloss=0.05))
    )
    assert glossy.max() > 2 * matte.max() > 0
    assert (matte > 0.01 * matte.max()).mean() > 2 * (glossy > 0.01 * glossy.max()).mean()


def test_noise_grows_as_the_light_runs_short() -> None:
    light = np.full((120, 160, 3), 0.2, np.float32)
    few, many = (
        develop(light, replace(CLEAN, electrons=electrons), 1.0, np.random.default_rng(0)) for electrons in (150, 15000)
    )
    assert few[:, :, 1].std() > 3 * many[:, :, 1].std() > 0


def test_describe_gives_the_panes_corners(pictures: np.ndarray) -> None:
    console = draw_console(pictures, np.random.default_rng(0), LOOKS["grey_windows"], 1, 1, (1280, 1024), (100.0, 38.0))
    view = look(AHEAD, SHARP, (1280, 1024), (1280, 720))
    shot = describe(np.zeros((720, 1280, 3), np.uint8), console, view, {})
    pane: Box = console.pane
    scale = 0.8  # the panel is as wide as 0.8 of a frame that has as many pixels
    assert np.diff(shot.screen[:2, 0])[0] == pytest.approx(1280 * scale, abs=0.01)
    assert np.diff(shot.pane[:2, 0])[0] == pytest.approx(pane[2] * scale, abs=0.01)


def test_the_command_writes_photos_with_their_truth(simulated_ct_ich: Path, tmp_path: Path) -> None:
    arguments = ["photograph", "--to", str(tmp_path / "album"), "--count", "2", "--data", f"ct_ich:{simulated_ct_ich}"]
    assert main([*arguments, "--seed", "3"]) == 0
    photo, document = tmp_path / "album/0001.png", tmp_path / "album/0001.json"
    known = json.loads(document.read_text("utf-8"))
    assert cv2.imread(str(photo)).shape[1::-1] == tuple(known["settings"]["frame"])
    assert int(known["patient"]) % 5 != 0
    shown = [tile["index"] for tile in known["tiles"] if tile["index"] >= 0]
    assert shown == list(range(len(known["slices"])))
    assert main([*arguments, "--final", "--count", "1"]) == 0
    assert int(json.loads((tmp_path / "album/0000.json").read_text("utf-8"))["patient"]) % 5 == 0
