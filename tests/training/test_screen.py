"""The simulator of screen photographs: what the truth says is where the photo shows it, and the physics behaves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from training.cli import main
from training.screen import families
from training.screen.brush import Box
from training.screen.console import apply_window, draw_console
from training.screen.families import FAMILIES, HELD_OUT, TRAINING, Draw
from training.screen.lens import Lens, Pose, look
from training.screen.looks import HELD_OUT_LOOKS, LOOKS, TRAINING_LOOKS
from training.screen.panel import LAYOUTS, Panel, emit, harmonics
from training.screen.room import Room, furnish
from training.screen.sensor import Sensor, banding, develop
from training.screen.shot import Shot, describe, photograph, take_shot
from training.screen.sight import gather, see

SHARP = Lens(
    k1=0.0, k2=0.0, blur=0.3, corner_blur=0.0, aperture=1.0, native=1.0, defocus=0.0, motion=(0.0, 0.0),
    skew=(0.0, 0.0), vignette=0.0, flare=0.0, fringe=0.0,
)  # fmt: skip
AHEAD = Pose(yaw=0.0, pitch=0.0, roll=0.0, fill=0.8, shift=(0.0, 0.0), field=60.0)
PANEL = Panel(subpixels="stripes", gamma=2.2, black=0.001, white=(1.0, 1.0, 1.0), falloff=0.0, glow=0.0)
DARK = Room(
    ambient=0.01, warmth=0.0, bezel=(0.03, 0.03, 0.03), bezel_width=0.02, gloss=0.05, veil=0.0, reflections=(),
    strength=0.0, dust=0, fingerprints=0, things=(),
)  # fmt: skip
CLEAN = Sensor(
    metering="highlights", exposure=0.0, electrons=1e6, read_noise=0.0, row_noise=0.0, refresh=0.0, duty=1.0,
    shutter=0.01, readout=0.02, tint=(1.0, 1.0, 1.0), demosaic="bilinear", tone="s_curve", contrast=0.0,
    saturation=1.0, finish="halo", denoise=0.0, sharpen=0.0, sharpen_radius=1.0, codec="jpeg444", quality=98,
)  # fmt: skip


@pytest.fixture
def pictures() -> np.ndarray:
    """Twelve pictures: a grey disc with a bright rim, another grey each."""
    made = np.zeros((12, 128, 128), np.uint8)
    for number, picture in enumerate(made):
        cv2.circle(picture, (64, 64), 50, 90 + 5 * number, -1)
        cv2.circle(picture, (64, 64), 50, 255, 4)
    return made


def settings(**changes: object) -> Draw:
    """A plain shot's settings, some changed."""
    plain = Draw(
        look="full_screen", panel_size=(1280, 1024), frame=(1280, 720), window=(100.0, 38.0), zoom=1.0, fault="",
        panel=PANEL, room=DARK, pose=AHEAD, lens=SHARP, sensor=CLEAN,
    )  # fmt: skip
    return replace(plain, **changes)


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


def flat_photo(lens: Lens, fill: float, subpixels: str = "stripes") -> np.ndarray:
    """Green channel's middle of a photo of a flat grey panel, linear light."""
    size, frame = (640, 480), (640, 480)
    view = look(replace(AHEAD, fill=fill), lens, size, frame)
    layers = furnish(DARK, size, np.random.default_rng(0))
    sight = see(replace(PANEL, subpixels=subpixels), layers, view, size)
    grey = emit(np.full((480, 640, 3), 128, np.uint8), PANEL)
    light = gather(sight, sight.focus(grey), np.ones(480, np.float32))
    return light[180:300, 200:440]


@pytest.mark.parametrize("fill", [0.9, 1.1])
def test_moire_beats_with_the_difference_of_pitches(fill: float) -> None:
    light = flat_photo(replace(SHARP, aperture=0.5), fill)
    line = light[:, :, 1].mean(axis=0)
    spectrum = np.abs(np.fft.rfft((line - line.mean()) * np.hanning(len(line))))
    # stripes at 1 / fill cycles a camera pixel, looked at once a pixel
    expected = abs(1 - 1 / fill)
    assert np.argmax(spectrum[3:]) + 3 == pytest.approx(expected * len(line), abs=1.5)
    assert line.std() / line.mean() > 0.02


def test_moire_is_coloured_and_the_defocused_lens_sees_none() -> None:
    sharp = flat_photo(replace(SHARP, aperture=0.5), 0.95)
    colour = (sharp[:, :, 0] / sharp[:, :, 2]).mean(axis=0)
    assert colour.std() > 0.02
    blurred = flat_photo(replace(SHARP, aperture=0.5, defocus=2.5), 0.95)
    assert (blurred / blurred.mean(axis=(0, 1))).std() < 0.002


def test_a_finer_mosaic_beats_in_red_and_blue_against_each_second_of_its_pixels() -> None:
    # three pixels of the mosaic to one of the photo; the stripes at 0.48 cycles to one of the mosaic's
    light = flat_photo(replace(SHARP, aperture=1 / 3, native=3.0, blur=0.1), 1 / 3 / 0.48 * 1.0)
    beat = abs(0.48 - 0.5) * 3  # cycles a pixel of the photo
    for channel, strongest in ((0, 1), (1, 0), (2, 1)):
        line = light[:, :, channel].mean(axis=0)
        spectrum = np.abs(np.fft.rfft((line - line.mean()) * np.hanning(len(line)))) / line.sum()
        place = round(beat * len(line))
        assert (spectrum[place - 1 : place + 2].max() > 0.02) == strongest
    assert (light[:, :, 0] - light[:, :, 2]).std() > 0.05 * light.mean()


def test_the_structure_is_what_drawing_each_subpixel_gives() -> None:
    lens, fill, fine = replace(SHARP, aperture=0.5, blur=0.2), 0.93, 48
    light = flat_photo(lens, fill)[:30, :50]
    light = light / light.mean(axis=(0, 1))
    # the same part of the photo, each pixel in 48 by 48, with the unit cell drawn and not its series
    x, y = np.meshgrid(np.arange(200 * fine, 250 * fine), np.arange(180 * fine, 210 * fine))
    view = look(replace(AHEAD, fill=fill), lens, (640, 480), (640, 480))
    u, v = view.to_panel((x + 0.5) / fine - 0.5, (y + 0.5) / fine - 0.5)
    cell = LAYOUTS["stripes"][1]()
    row, column = (np.floor(((at + 0.5) % 1) * cell.shape[0]).astype(int) for at in (v, u))
    drawn = cv2.GaussianBlur(cell[row, column].astype(np.float32), (0, 0), lens.blur * fine)
    drawn = cv2.blur(drawn, (int(lens.aperture * fine),) * 2)
    sampled = drawn[fine // 2 :: fine, fine // 2 :: fine]
    sampled = sampled / sampled.mean(axis=(0, 1))
    inner = (slice(5, -5), slice(5, -5))
    for channel in range(3):
        assert light[inner][:, :, channel].std() > 0.02
        assert np.corrcoef(light[inner][:, :, channel].ravel(), sampled[inner][:, :, channel].ravel())[0, 1] > 0.97
        ratio = light[inner][:, :, channel].std() / sampled[inner][:, :, channel].std()
        assert ratio == pytest.approx(1, abs=0.15)


def test_aliases_of_a_finer_mosaic_are_what_taking_and_shrinking_its_picture_gives() -> None:
    frame, size, layers = (320, 240), (640, 480), furnish(DARK, (640, 480), np.random.default_rng(0))
    pose = replace(AHEAD, fill=1 / 3 * 2 / 0.46)
    grey = emit(np.full((480, 640, 3), 128, np.uint8), PANEL)

    def taken(lens: Lens, frame: tuple[int, int]) -> np.ndarray:
        sight = see(PANEL, layers, look(pose, lens, size, frame), size)
        return gather(sight, sight.focus(grey), np.ones(frame[1], np.float32))

    closed = taken(replace(SHARP, native=3.0, aperture=1 / 3, blur=0.15), frame)
    fine = taken(replace(SHARP, blur=0.45), (3 * frame[0], 3 * frame[1]))
    mosaic = fine[:, :, 1].copy()
    mosaic[0::2, 0::2], mosaic[1::2, 1::2] = fine[0::2, 0::2, 0], fine[1::2, 1::2, 2]
    filled = cv2.demosaicing((mosaic * 60000).astype(np.uint16), cv2.COLOR_BayerBG2RGB)
    shrunk = cv2.resize(filled, frame, interpolation=cv2.INTER_AREA) / 60000
    inner = (slice(80, 160), slice(100, 220))
    for channel in range(3):
        mine, theirs = closed[inner][:, :, channel], shrunk[inner][:, :, channel]
        assert np.corrcoef(mine.ravel(), theirs.ravel())[0, 1] > 0.95
        assert mine.std() / theirs.std() == pytest.approx(1, abs=0.25)


@pytest.mark.parametrize("subpixels", sorted(LAYOUTS))
def test_the_series_of_a_layout_draws_its_subpixels(subpixels: str) -> None:
    at = (np.arange(200) / 50) - 0.5  # four pixels, from the edge of the first
    u, v = np.meshgrid(at, at)
    light = np.ones((*u.shape, 3))
    for kx, ky, amplitudes in harmonics(subpixels):
        light += np.real(np.exp(2j * np.pi * (kx * u + ky * v))[:, :, None] * np.array(amplitudes))
    cell = LAYOUTS[subpixels][1]()
    pixels = LAYOUTS[subpixels][0]
    drawn = np.tile(
        cv2.resize(cell, (50 * pixels, 50 * pixels), interpolation=cv2.INTER_NEAREST), (4 // pixels,) * 2 + (1,)
    )
    least = 0.55 if subpixels == "mono" else 0.85  # of its three equal stripes only the first harmonic is kept
    for channel in range(3):
        assert np.corrcoef(light[:, :, channel].ravel(), drawn[:, :, channel].ravel())[0, 1] > least


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


@pytest.mark.parametrize("name", sorted(LOOKS))
@pytest.mark.parametrize("panel", families.RESOLUTIONS[::2], ids=str)
def test_every_look_draws_the_pictures_where_it_says(name: str, panel: tuple[int, int], pictures: np.ndarray) -> None:
    console = draw_console(pictures[:5], np.random.default_rng(2), LOOKS[name], 2, 3, panel, (100.0, 38.0))
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
def test_every_fault_of_a_family_can_be_photographed(family: families.Family, pictures: np.ndarray) -> None:
    drawn = {}
    for seed in range(200):
        draw = families.draw(family, np.random.default_rng(seed), (640, 360))
        drawn.setdefault(draw.fault, draw)
    assert set(drawn) == {"", *families.FAULTS}
    for draw in drawn.values():
        shot = photograph(pictures, np.random.default_rng(1), draw, 3, 4)
        check(shot, 12)
        assert shot.photo.shape == (360, 640, 3)


def test_most_shots_are_usable() -> None:
    faults = [families.draw(TRAINING, np.random.default_rng(seed)).fault for seed in range(400)]
    assert 0.74 < faults.count("") / 400 < 0.86


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
        "looks",
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
    assert len(TRAINING_LOOKS) >= 6
    assert len(HELD_OUT_LOOKS) >= 3
    assert HELD_OUT.barrel[1] < TRAINING.barrel[0]


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
