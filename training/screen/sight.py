"""What reaches the sensor: panel, glass, room and lens put together."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from training.screen.lens import View, smear, transfer
from training.screen.panel import Panel, harmonics, seen_from
from training.screen.room import REFLECTION_SCALE, SURFACE_SCALE, SURROUNDINGS_SCALE, Layers, tint

FAINT = 0.004
"""Share of the panel's light below which a structure is left out."""

RED_AND_BLUE, GREEN = (0, 2), (1,)
"""Channels that a mosaic holds in the same way: on one place in four, on two."""


@dataclass(frozen=True)
class Sight:
    """All that does not depend on what the panel shows.

    Parameters
    ----------
    view : View
        Of the camera.
    u, v : numpy.ndarray
        float32, shape of the photo: where on the panel each pixel looks.
    density : float
        Panel pixels a photo pixel.
    share : numpy.ndarray
        float32 ``(rows, columns, 1)``: of the panel's light that comes through.
    added : numpy.ndarray
        float32 ``(rows, columns, 3)``: all other light.
    structure : numpy.ndarray, optional
        float32 ``(rows, columns, 3)``: what subpixels add to a flat field, as a share of it; None where the camera
        cannot see them.
    vignette : numpy.ndarray
        float32 ``(rows, columns, 1)``.
    """

    view: View
    u: np.ndarray
    v: np.ndarray
    density: float
    share: np.ndarray
    added: np.ndarray
    structure: np.ndarray | None
    vignette: np.ndarray

    def focus(self, light: np.ndarray) -> np.ndarray:
        """Return the panel's light where the photo's pixels look, blurred by what one of them gathers.

        Parameters
        ----------
        light : numpy.ndarray
            float32 RGB at the panel's resolution.
        """
        lens = self.view.lens
        box = 1.0 if lens.native > 1 else lens.aperture  # of the photo made smaller, or of the sensor's own pixel
        sigma = self.density * np.sqrt(lens.blur**2 + (0.29 * box) ** 2)
        if sigma > 0.3:
            light = cv2.GaussianBlur(light, (0, 0), sigma)
        if not lens.fringe:
            return cv2.remap(light, self.u, self.v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        height, width = self.u.shape
        middle_u, middle_v = self.u[height // 2, width // 2], self.v[height // 2, width // 2]
        result = np.empty((height, width, 3), np.float32)
        for channel, larger in enumerate((lens.fringe, 0.0, -lens.fringe)):
            u, v = self.u - np.float32(larger) * (self.u - middle_u), self.v - np.float32(larger) * (self.v - middle_v)
            plane = np.ascontiguousarray(light[:, :, channel])
            result[:, :, channel] = cv2.remap(plane, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return result


def see(panel: Panel, layers: Layers, view: View, size: tuple[int, int]) -> Sight:
    """Work out what a camera sees of a room and of a panel of some width and height."""
    width, height = size
    x, y = np.meshgrid(np.arange(view.size[0], dtype=np.float32), np.arange(view.size[1], dtype=np.float32))
    u, v = (side.astype(np.float32) for side in view.to_panel(x, y))
    jacobian = view.jacobian()
    density = float(np.median(np.sqrt(np.abs(jacobian[0, 0] * jacobian[1, 1] - jacobian[0, 1] * jacobian[1, 0]))))
    gain, glow = (view.full(part)[:, :, None] for part in seen_from(view.cosine(), panel))
    surface = _sample(layers.surface, u, v, SURFACE_SCALE)
    inside = _inside(u, v, width, height, 0.0, density)
    share = surface[:, :, :1] * inside
    ambient = layers.room.ambient * tint(layers.room.warmth)
    added = inside * (_sample(layers.reflection, u, v, REFLECTION_SCALE) + surface[:, :, 1:] * (ambient + 0.15))
    added += share * glow
    around = _inside(u, v, width, height, layers.room.bezel_width * width, density)
    added += (around - inside) * np.asarray(layers.room.bezel, np.float32) * (ambient + np.float32(0.01))
    there = _sample(layers.surroundings, u + np.float32(width), v + np.float32(height), SURROUNDINGS_SCALE)
    added += (1 - around) * there
    across, down = view.coarse()
    square = ((across / view.size[0] - 0.5) ** 2 + (down / view.size[1] - 0.5) ** 2) * 2
    return Sight(
        view=view,
        u=u,
        v=v,
        density=density,
        share=share * gain,
        added=added,
        structure=_structure(panel, view, jacobian, u, v),
        vignette=view.full(1 - view.lens.vignette * square)[:, :, None],
    )


def gather(sight: Sight, focused: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Gather the light that falls on the sensor: float32 RGB, linear.

    Parameters
    ----------
    sight : Sight
        What the camera sees.
    focused : numpy.ndarray
        The panel's light as `Sight.focus` returns it.
    rows : numpy.ndarray
        Share of the panel's light that each row gathers.
    """
    shown = focused * (sight.share * rows[:, None, None])
    total = smear(shown + sight.added, sight.view.lens)
    if sight.structure is not None:
        total += shown * sight.structure
    return np.maximum(total * sight.vignette, 0)


def _sample(canvas: np.ndarray, u: np.ndarray, v: np.ndarray, scale: int) -> np.ndarray:
    half = np.float32((scale - 1) / 2)
    found = cv2.remap(
        canvas, (u - half) / scale, (v - half) / scale, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    return found


def _inside(u: np.ndarray, v: np.ndarray, width: int, height: int, margin: float, density: float) -> np.ndarray:
    """Share of each photo pixel that lies within the panel, widened by a margin: shape ``(rows, columns, 1)``."""
    across = (width / 2 + margin - np.abs(u - (width - 1) / 2)) / density + 0.5
    down = (height / 2 + margin - np.abs(v - (height - 1) / 2)) / density + 0.5
    return (np.clip(across, 0, 1) * np.clip(down, 0, 1))[:, :, None].astype(np.float32)


def _structure(panel: Panel, view: View, jacobian: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray | None:
    """What the subpixels add to a flat field, shape ``(rows, columns, 3)``, mean 0, at the middles of the pixels.

    Each harmonic of the panel's structure reaches the sensor weakened by lens, defocus, motion and pixel aperture; that
    it is then looked at only at the middles of pixels, and each colour only at its own, is what makes moire. Where the
    mosaic is the photo's own, `training.screen.sensor.develop` does the latter; a finer one has done it here.
    """
    total = np.zeros((view.size[1], view.size[0], 3), np.float32)
    native, seen = view.lens.native, False
    for kx, ky, amplitudes in harmonics(panel.subpixels):
        fx = kx * jacobian[0, 0] + ky * jacobian[1, 0]
        fy = kx * jacobian[0, 1] + ky * jacobian[1, 1]
        passed = transfer(fx, fy, view.lens)
        largest = max(abs(value) for value in amplitudes)
        strong = np.abs(passed) * largest >= FAINT
        if not strong.any():
            continue
        phase = np.float32(2 * np.pi) * (np.float32(kx) * u + np.float32(ky) * v)
        # only there: towards the horizon of a screen seen from the side frequencies grow without limit
        for order in _orders(fx[strong], fy[strong], native):
            for colours, filled in ((RED_AND_BLUE, _filled_red), (GREEN, _filled_green)):
                if colours == GREEN and sum(order) % 2:
                    continue  # green stands on every second place of each row
                weight = passed
                if native > 1:
                    alias_x, alias_y = fx - order[0] * native / 2, fy - order[1] * native / 2
                    weight = passed * filled(alias_x / native, alias_y / native) * _shrunk(alias_x, alias_y, native)
                if np.abs(weight).max() * largest >= FAINT:
                    seen = True
                    _add(total, view.full(weight), phase, amplitudes, order, native, colours)
    return total if seen else None


def _orders(fx: np.ndarray, fy: np.ndarray, native: float) -> list[tuple[int, int]]:
    """Orders of the aliases that a mosaic makes of a frequency, as multiples of half the mosaic's own."""
    if native == 1:
        return [(0, 0)]
    across, down = (
        range(int(np.floor(2 * f.min() / native)) - 1, int(np.ceil(2 * f.max() / native)) + 2) for f in (fx, fy)
    )
    return [(i, j) for i in across for j in down]


def _filled_red(fx: np.ndarray, fy: np.ndarray) -> np.ndarray:
    """What linear filling-in leaves of a frequency of red or blue, in cycles a pixel of the mosaic."""
    return np.cos(np.pi * fx) ** 2 * np.cos(np.pi * fy) ** 2


def _filled_green(fx: np.ndarray, fy: np.ndarray) -> np.ndarray:
    """What it leaves of green."""
    return 0.5 + (np.cos(2 * np.pi * fx) + np.cos(2 * np.pi * fy)) / 4


def _shrunk(fx: np.ndarray, fy: np.ndarray, native: float) -> np.ndarray:
    """What is left where the mosaic's pixels, each a square of one colour, are averaged over the photo's."""
    return np.sinc(fx) * np.sinc(fy) * np.sinc(fx / native) * np.sinc(fy / native)


def _add(
    total: np.ndarray,
    weight: np.ndarray,
    phase: np.ndarray,
    amplitudes: tuple[complex, complex, complex],
    order: tuple[int, int],
    native: float,
    colours: tuple[int, ...],
) -> None:
    """Add one harmonic, or one of its aliases in the mosaic: red at its even places, blue at its odd, green between."""
    i, j = order
    if i or j:
        height, width = phase.shape
        # where the middles of the photo's pixels lie in the mosaic, whose first pixel's middle is at 0
        across = (np.pi * i * (native * (np.arange(width) + 0.5) - 0.5)).astype(np.float32)
        down = (np.pi * j * (native * (np.arange(height) + 0.5) - 0.5)).astype(np.float32)
        phase = phase - across[None, :] - down[:, None]
    cosine, sine = cv2.polarToCart(weight, phase)
    signs = (1, (-1) ** i, (-1) ** (i + j))
    for channel in colours:
        value = signs[channel] * amplitudes[channel]
        total[:, :, channel] += np.float32(value.real) * cosine - np.float32(value.imag) * sine
