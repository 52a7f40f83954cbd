"""Moire arises by itself: the subpixels of a panel, seen by the mosaic of a sensor."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.training.plain_shot import AHEAD, DARK, PANEL, SHARP
from training.screen.lens import Lens, look
from training.screen.panel import LAYOUTS, emit, harmonics
from training.screen.room import furnish
from training.screen.sight import gather, see


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
    one = cv2.resize(cell, (50 * pixels, 50 * pixels), interpolation=cv2.INTER_NEAREST)
    drawn = np.tile(one, (-(-4 // pixels),) * 2 + (1,))[:200, :200]
    least = 0.55 if subpixels == "mono" else 0.85  # of its three equal stripes only the first harmonic is kept
    for channel in range(3):
        assert np.corrcoef(light[:, :, channel].ravel(), drawn[:, :, channel].ravel())[0, 1] > least
