"""Everything around the brain: bone, scalp, face, air cells, orbits, neck."""

from __future__ import annotations

import numpy as np

from appliance.phantom.cranium import Cranium
from appliance.phantom.fields import (
    COARSE_LOW,
    LOW,
    Canvas,
    axes,
    capsule,
    distance,
    ellipsoid,
    noise,
    refine,
)
from appliance.phantom.head import Head

AIR, FAT, MUSCLE, SKIN = -1000.0, -95.0, 52.0, 36.0
TABLE, DIPLOE = 1450.0, 620.0


def paint_outside(canvas: Canvas, head: Head, rng: np.random.Generator, cranium: Cranium, cavity: np.ndarray) -> None:
    """Paint all that lies outside the cavity over a canvas that holds the brain.

    Parameters
    ----------
    canvas : Canvas
        Painted in place.
    head : Head
        Whose skull it is.
    rng : numpy.random.Generator
        Draws muscles, septa and air cells.
    cranium : Cranium
        Shapes on the coarse grid.
    cavity : numpy.ndarray
        ``cranium.cavity`` on the fine grid.
    """
    outside = Canvas.filled(AIR)
    skin = refine(cranium.skin)
    _soft_parts(outside, rng, skin)
    _face(outside.low(), skin[:LOW])
    _bone(outside, head, rng, cranium)
    _air_cells(outside.low(), rng)
    share = np.clip(0.5 - cavity, 0, 1)
    canvas.hounsfield += share * (outside.hounsfield - canvas.hounsfield)


def _soft_parts(outside: Canvas, rng: np.random.Generator, skin: np.ndarray) -> None:
    """Skin, fat beneath it, and muscles parted by fat."""
    for side in (-1, 1):  # the auricle, a shell
        outside.ellipsoid((side * 78, 14, 20), (7, 13, 25), SKIN)
        outside.ellipsoid((side * 79, 13, 20), (4.5, 10, 21), AIR)
    outside.paint(skin, SKIN)
    outside.paint(skin - 2.3, FAT)
    # muscles lie side by side, and only here and there is fat between them
    parting, apart = distance(noise(rng, 7)), 4 * noise(rng, 6) - 1
    deep = 6.0 + 1.0 * noise(rng, 12)
    fat = np.minimum(0.6 - np.abs(refine(parting)), refine(apart))
    outside.paint(np.minimum(skin - refine(deep), -fat), MUSCLE)


def _face(outside: Canvas, skin: np.ndarray) -> None:
    """Orbits, nose, sinuses with thin walls, jaw and cheek bones, first vertebra."""
    outside.path([(0, -27, 8), (0, -20, -24)], 9, AIR)  # pharynx
    outside.ellipsoid((0, -58, -6), (17, 32, 27), MUSCLE)
    for side in (-1, 1):
        _orbit(outside, side, skin)
        for radii, value in (((17.5, 20, 19.5), 650.0), ((16, 18.5, 18), AIR)):
            outside.ellipsoid((side * 29, -62, 0), radii, value, limit=skin - 4)
        outside.path([(side * 9, -66, -20), (side * 9, -66, 14)], 5.5, AIR)  # nasal cavity
        outside.path([(side * 6, -84, -12), (side * 6, -50, -12)], 5.0, AIR)
        outside.path([(side * 6, -80, 2), (side * 6, -46, 2)], 5.0, AIR)
        for level, y_front in ((-9, -74), (3, -70)):
            outside.path([(side * 9, y_front, level), (side * 9, -48, level)], 2.2, 60)  # turbinates
        arch = [(side * 44, -78, 12), (side * 56, -62, 10), (side * 65, -34, 12), (side * 67, -8, 16)]
        outside.path(arch, 2.6, 1000, limit=skin - 3)  # zygoma
        outside.path([(side * 46, -78, 12), (side * 47, -76, 44)], 3.0, 1000, limit=skin - 3)  # orbital rim
        outside.ellipsoid((side * 50, -6, 8), (8, 5, 4), 1100)  # head of the mandible
        outside.path([(side * 51, -8, 6), (side * 50, -16, -24)], 3.6, 1050)
        outside.path([(side * 51, -12, -4), (side * 50, -28, -22)], 2.6, 1000)
        outside.path([(side * 14, -34, 12), (side * 13, -30, -20)], 1.8, 800)  # pterygoid plates
        outside.path([(side * 14, -34, 12), (side * 20, -26, -16)], 1.4, 700)
        outside.path([(side * 3, -90, 30), (side * 5, -99, 10)], 1.6, 900)  # nasal bones
        outside.ellipsoid((side * 19, 14, -3), (7, 11, 6), 900)  # occipital condyle
        outside.ellipsoid((side * 22, 18, -15), (9, 12, 6), 850)  # atlas
    outside.path([(0, -86, -18), (0, -42, 16)], 1.0, 350)  # nasal septum
    outside.path([(0, -86, 4), (0, -42, 4)], 0.9, 350)
    outside.path([(0, -86, -12), (0, -42, -12)], 0.9, 350)
    x, y, z = outside.axes
    ring = np.hypot(x / 1.15, y - 26)
    atlas = np.minimum(np.minimum(ring - 15.5, 21.5 - ring), 6 - np.abs(z + 15))
    outside.paint(np.minimum(atlas, np.where(np.abs(y - 26) < 40, 5, -5)), 950)
    outside.path([(0, 12, -8), (0, 11, -24)], 5.0, 1000)  # dens


def _orbit(outside: Canvas, side: int, skin: np.ndarray) -> None:
    x, y, z = axes(2)
    cone = refine(capsule(x, y, z[:COARSE_LOW], ((side * 13, -40, 33), (side * 33, -80, 28)), (4.0, 18.0)))
    beneath = skin - 2.5
    outside.paint(np.minimum(np.minimum(cone + 1.0, beneath), -22 - outside.axes[1]), 500)
    outside.paint(np.minimum(cone, beneath), FAT)
    outside.path([(side * 33, -78, 28), (side * 13, -42, 33)], 2.2, 34)  # optic nerve
    for dx, dz in ((-10, 0), (11, 0), (0, 10), (0, -10)):
        belly = (side * (27 + 0.75 * dx), -66, 29 + 0.75 * dz)
        outside.path([(side * (33 + dx), -78, 28 + dz), belly, (side * 14, -43, 33)], 1.7, 48)
    outside.ellipsoid((side * 34, -81, 28), (12.3, 12.3, 12.3), 45)
    outside.ellipsoid((side * 34, -81, 28), (11.2, 11.2, 11.2), 12)
    outside.ellipsoid((side * 34, -89, 28), (4.4, 2.2, 4.4), 80)  # lens


def _bone(outside: Canvas, head: Head, rng: np.random.Generator, cranium: Cranium) -> None:
    """Vault with two tables and diploe, base, petrous bones."""
    vault, thickness = refine(cranium.vault), refine(cranium.thickness)
    grain = refine(noise(rng, 3.0))
    base = refine(cranium.floor)
    reach = 5.0 + 1.5 * refine(noise(rng, 8))
    bone = np.minimum(vault + thickness, base + reach)
    if head.craniectomy is not None:
        x, y, z = axes(1)
        flap = ellipsoid(x, y, z, (head.craniectomy.value * 66, 0, 72), (34, 42, 36))
        bone = np.minimum(bone, -flap)
    depth = (vault + thickness) / thickness  # 0 at the outer, 1 at the inner surface of the vault
    diploe = np.minimum(0.22 - np.abs(depth - 0.5), 0.5) * thickness
    outside.paint(bone, TABLE + 60 * grain)
    outside.paint(np.minimum(np.minimum(bone - 1.4, diploe * 1.3), base + 1), DIPLOE + 160 * grain)
    outside.paint(np.minimum(np.minimum(bone - 1.3, -base - 1.5), base + reach - 1.3), 520 + 160 * grain)
    for side in (-1, 1):
        outside.path([(side * 13, -2, 30), (side * 34, 10, 29), (side * 52, 18, 26)], 8.5, 1500)
        outside.ellipsoid((side * 57, 24, 10), (10, 14, 19), 900)  # mastoid
        outside.path([(side * 26, 14, 31), (side * 34, 10, 28)], 2.0, 60)  # inner ear
    outside.path([(0, -6, 22), (0, 5, 4)], 6.5, 900)  # clivus
    outside.path([(0, -4, 22), (0, 4, 8)], 3.5, 480)


def _air_cells(outside: Canvas, rng: np.random.Generator) -> None:
    """Mastoid and ethmoid cells, sphenoid and frontal sinus, ear canal."""
    x, y, z = outside.axes
    cells = refine(noise(rng, 2.4)[:COARSE_LOW])
    septa = np.minimum(
        np.abs(cells) * 4.0 - 0.9,
        np.minimum(np.abs(np.abs(x) - 5.5), np.abs((y + 3 * cells) % 9 - 4.5)) - 0.5,
    )
    block = ((np.abs(x) / 11.5) ** 4 + (np.abs(y + 64) / 21) ** 4 + (np.abs(z - 29) / 12) ** 4) ** 0.25
    ethmoid = 11 * (1 - block) + 0.8 * cells
    outside.paint(ethmoid + 1.2, 450)
    outside.paint(np.minimum(ethmoid, septa), AIR)
    for side in (-1, 1):
        mastoid = ellipsoid(x, y, z, (side * 57, 24, 13), (8, 12, 18))
        outside.paint(np.minimum(mastoid, cells * 4.0 + 0.3), -850)
        outside.path([(side * 46, 9, 20), (side * 84, 10, 18)], 3.2, AIR)
        outside.ellipsoid((side * 45, 9, 22), (3, 4, 5), AIR)
        outside.ellipsoid((side * 7, -27, 25), (6, 12, 9), AIR)  # sphenoid sinus
        outside.ellipsoid((side * 9, -88, 50), (8, 3.2, 9), AIR)  # frontal sinus
