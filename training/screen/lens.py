"""The camera's pose and lens: where each pixel looks, and how sharply."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

COARSE = 20
"""Pixels between the places at which slowly varying quantities are computed."""


@dataclass(frozen=True)
class Pose:
    """Where the camera stands before the panel.

    Parameters
    ----------
    yaw, pitch, roll : float
        Degrees.
    fill : float
        Width of the panel as a share of the frame's, as if seen from straight ahead.
    shift : tuple of float
        Place of the panel's middle from the frame's, as shares of the frame's width and height.
    field : float
        Horizontal field of view in degrees.
    """

    yaw: float
    pitch: float
    roll: float
    fill: float
    shift: tuple[float, float]
    field: float


@dataclass(frozen=True)
class Lens:
    """How the lens bends and blurs.

    Parameters
    ----------
    k1, k2 : float
        Radial distortion, from photo to ideal picture, with the half diagonal as unit; positive is a barrel.
    blur : float
        Standard deviation of the lens's own blur, pixels.
    corner_blur : float
        What is added to it at the frame's corners, pixels.
    aperture : float
        Side of the light-sensitive part that one of the sensor's pixels reads, as a share of the pitch of the photo's.
        A video mode that skips lines reads half of it, a finer mosaic its own pixel.
    native : float
        Pixels of the sensor's mosaic to one of the photo. At 1 the photo's pixels are the mosaic's; from more the
        camera makes its photo smaller after it has filled in the colours.
    defocus : float
        Radius of the circle of confusion, pixels.
    motion : tuple of float
        Movement during the exposure, pixels right and down.
    skew : tuple of float
        Movement while the frame is read, pixels right and down (rolling shutter).
    vignette : float
        Loss of light at the corners.
    flare : float
        Share of the light that glass and dust in the lens spread over the whole frame.
    fringe : float
        Lateral chromatic aberration: by which share red's picture is larger than green's, and blue's smaller.
    """

    k1: float
    k2: float
    blur: float
    corner_blur: float
    aperture: float
    native: float
    defocus: float
    motion: tuple[float, float]
    skew: tuple[float, float]
    vignette: float
    flare: float
    fringe: float


@dataclass(frozen=True)
class View:
    """What the camera sees of the panel's plane.

    Parameters
    ----------
    homography : numpy.ndarray
        float64 ``(3, 3)``, from panel pixels to pixels of the ideal picture (no distortion, no skew).
    size : tuple of int
        Width and height of the photo.
    lens : Lens
        The lens.
    eye : numpy.ndarray
        float64 ``(3,)``, the camera's place in panel pixels; the panel lies in z = 0.
    """

    homography: np.ndarray
    size: tuple[int, int]
    lens: Lens
    eye: np.ndarray

    def to_panel(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the panel coordinates that photo pixels look at."""
        width, height = self.size
        moved = y / height - 0.5
        x, y = x + self.lens.skew[0] * moved, y + self.lens.skew[1] * moved
        centre_x, centre_y, unit = (width - 1) / 2, (height - 1) / 2, np.hypot(width, height) / 2
        x, y = (x - centre_x) / unit, (y - centre_y) / unit
        square = x * x + y * y
        factor = unit * (1 + square * (self.lens.k1 + self.lens.k2 * square))
        x, y = x * factor + centre_x, y * factor + centre_y
        back = np.linalg.inv(self.homography)
        back = back / back[2, 2]
        under = 1 / (back[2, 0] * x + back[2, 1] * y + 1)
        u = (back[0, 0] * x + back[0, 1] * y + back[0, 2]) * under
        v = (back[1, 0] * x + back[1, 1] * y + back[1, 2]) * under
        return u, v

    def to_photo(self, points: np.ndarray) -> np.ndarray:
        """Return the photo pixels, float64 ``(n, 2)``, of points of the panel, shape ``(n, 2)``."""
        width, height = self.size
        ideal = cv2.perspectiveTransform(points.reshape(-1, 1, 2).astype(np.float64), self.homography)[:, 0]
        middle, unit = np.array([(width - 1) / 2, (height - 1) / 2]), np.hypot(width, height) / 2
        target = (ideal - middle) / unit
        bent = target.copy()
        for _ in range(30):
            square = (bent**2).sum(axis=1, keepdims=True)
            bent = target / (1 + square * (self.lens.k1 + self.lens.k2 * square))
        bent = bent * unit + middle
        skew_x, skew_y = self.lens.skew
        y = (bent[:, 1] + skew_y / 2) / (1 + skew_y / height)
        return np.stack([bent[:, 0] - skew_x * (y / height - 0.5), y], axis=1)

    def coarse(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the photo pixels x, y of a coarse grid over the whole photo."""
        width, height = self.size
        columns, rows = width // COARSE + 2, height // COARSE + 2
        x, y = np.meshgrid(
            (np.arange(columns) + 0.5) * width / columns - 0.5, (np.arange(rows) + 0.5) * height / rows - 0.5
        )
        return x, y

    def full(self, coarse: np.ndarray) -> np.ndarray:
        """Enlarge what was computed on the coarse grid to float32 over the whole photo."""
        return cv2.resize(coarse.astype(np.float32), self.size, interpolation=cv2.INTER_LINEAR)

    def cosine(self) -> np.ndarray:
        """Cosine of the angle at which each place of the coarse grid sees the panel."""
        u, v = self.to_panel(*self.coarse())
        away = np.stack([u - self.eye[0], v - self.eye[1], np.full_like(u, -self.eye[2])])
        return np.abs(self.eye[2]) / np.sqrt((away**2).sum(axis=0))

    def jacobian(self) -> np.ndarray:
        """Panel pixels per photo pixel on the coarse grid: shape ``(2, 2, rows, columns)``, d(u, v) by d(x, y)."""
        x, y = self.coarse()
        step = 0.5
        right, left = self.to_panel(x + step, y), self.to_panel(x - step, y)
        down, up = self.to_panel(x, y + step), self.to_panel(x, y - step)
        return np.array([[right[0] - left[0], down[0] - up[0]], [right[1] - left[1], down[1] - up[1]]])


def look(pose: Pose, lens: Lens, panel: tuple[int, int], frame: tuple[int, int]) -> View:
    """Place the camera.

    Parameters
    ----------
    pose, lens : Pose, Lens
        The camera.
    panel, frame : tuple of int
        Width and height of panel and photo in pixels.
    """
    width, height = frame
    focal = width / 2 / np.tan(np.radians(pose.field) / 2)
    yaw, pitch, roll = np.radians([pose.yaw, pose.pitch, pose.roll])
    turn_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    turn_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    turn_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    turn = turn_z @ turn_x @ turn_y
    distance = focal * panel[0] / (pose.fill * width)
    place = distance * np.array([pose.shift[0] * width / focal, pose.shift[1] * height / focal, 1.0])
    camera = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])
    middle = np.array([[1, 0, -(panel[0] - 1) / 2], [0, 1, -(panel[1] - 1) / 2], [0, 0, 1]])
    homography = camera @ np.column_stack([turn[:, 0], turn[:, 1], place]) @ middle
    eye = -turn.T @ place + np.array([(panel[0] - 1) / 2, (panel[1] - 1) / 2, 0])
    return View(homography=homography / homography[2, 2], size=frame, lens=lens, eye=eye)


def transfer(fx: np.ndarray, fy: np.ndarray, lens: Lens) -> np.ndarray:
    """Modulation transfer of lens, defocus, motion and pixel aperture at frequencies in cycles a pixel."""
    square = fx**2 + fy**2
    result = np.exp(-2 * np.pi**2 * lens.blur**2 * square)
    result *= np.sinc(fx * lens.aperture) * np.sinc(fy * lens.aperture)
    result *= np.sinc(fx * lens.motion[0] + fy * lens.motion[1])
    if lens.defocus > 0.05:
        # 2 J1(z) / z of a disc is near its middle like a Gaussian of the same variance, and small beyond
        result *= np.exp(-2 * np.pi**2 * (lens.defocus / 2) ** 2 * square)
    return result


def smear(light: np.ndarray, lens: Lens) -> np.ndarray:
    """Blur a frame of linear light by defocus, motion, the lens's weaker corners and its flare."""
    height, width = light.shape[:2]
    if lens.corner_blur > 0.1:
        y, x = np.mgrid[0:height:COARSE, 0:width:COARSE]
        square = ((x - width / 2) ** 2 + (y - height / 2) ** 2) / (width**2 + height**2) * 4
        share = cv2.resize(square.astype(np.float32), (width, height))[:, :, None]
        light = light + share * (cv2.GaussianBlur(light, (0, 0), lens.corner_blur) - light)
    if lens.defocus > 0.3:
        light = cv2.filter2D(light, -1, _disc(lens.defocus))
    if np.hypot(*lens.motion) > 0.5:
        light = cv2.filter2D(light, -1, _path(lens.motion))
    if lens.flare > 0:
        small = cv2.resize(light, (64, 64 * height // width), interpolation=cv2.INTER_AREA)
        wide = cv2.GaussianBlur(small, (0, 0), 3) + cv2.GaussianBlur(small, (0, 0), 16)
        light = light * (1 - lens.flare) + lens.flare / 2 * cv2.resize(wide, (width, height))
    return light


def _disc(radius: float) -> np.ndarray:
    reach = int(np.ceil(radius + 0.5))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    kernel = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)
    return (kernel / kernel.sum()).astype(np.float32)


def _path(motion: tuple[float, float]) -> np.ndarray:
    reach = int(np.ceil(np.hypot(*motion) / 2)) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    for part in np.linspace(-0.5, 0.5, 8 * reach):
        x, y = motion[0] * part + reach, motion[1] * part + reach
        kernel[int(round(y)), int(round(x))] += 1
    return kernel / kernel.sum()
