"""The camera behind the lens: exposure, mosaic of colours, noise, and the pipeline that makes a file of it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

CROSSTALK = np.array([[0.82, 0.15, 0.03], [0.11, 0.78, 0.11], [0.03, 0.19, 0.78]], np.float32)
"""What the sensor's red, green and blue see of the light's: typical colour filters overlap by about a fifth."""

WHITE = 4000.0
"""Raw value of saturation, over `BLACK`."""

BLACK = 64.0
"""Raw value of darkness."""

MAX_GAIN = 4.0
"""Automatic exposure's longest, where 1 brings the panel's white just to saturation: no screen is that dark."""


@dataclass(frozen=True)
class Sensor:
    """How one camera records light and makes a picture of it.

    Parameters
    ----------
    metering : str
        "average" sets the mean to a middle grey, "highlights" keeps nearly all places below white.
    exposure : float
        Error of the exposure, in stops.
    electrons : float
        At saturation, at the sensitivity in use: the fewer, the more noise.
    read_noise, row_noise : float
        Electrons, of each pixel by itself and of whole rows.
    refresh : float
        Frequency in Hz at which the backlight is switched, 0 for none.
    duty : float
        Share of the time for which it is on.
    shutter : float
        Exposure time of a row, seconds.
    readout : float
        Seconds from the first row to the last.
    tint : tuple of float
        Error of the white balance: gains of red, green and blue.
    demosaic : str
        "bilinear", "edge", "gradient" or "blocks"; "full" where a photo made smaller has all three colours in each
        pixel.
    tone : str
        One of `TONES`.
    contrast : float
        Strength of the tone curve's bend.
    saturation : float
        Of colours; 1 leaves them.
    finish : str
        "halo" smooths and sharpens within a pixel or two, "local" takes medians and lifts contrast over wide areas,
        "bands" takes what is faint out of the finest detail and lifts the next finest.
    denoise : float
        0 to 1.
    sharpen : float
        Amount of the halo.
    sharpen_radius : float
        Its width, pixels.
    codec : str
        "jpeg", "vp8" (a video's key frame), "jpeg444", or "resent": JPEG, and JPEG again as messengers do.
    quality : int
        Of the codec, 0 to 100.
    """

    metering: str
    exposure: float
    electrons: float
    read_noise: float
    row_noise: float
    refresh: float
    duty: float
    shutter: float
    readout: float
    tint: tuple[float, float, float]
    demosaic: str
    tone: str
    contrast: float
    saturation: float
    finish: str
    denoise: float
    sharpen: float
    sharpen_radius: float
    codec: str
    quality: int


def banding(sensor: Sensor, rows: int, phase: float) -> np.ndarray:
    """Light that each row gathers from a backlight that is switched on and off, as a share of the mean.

    A row is open for ``shutter`` seconds; each opens a little later than the one above (rolling shutter).

    Parameters
    ----------
    sensor : Sensor
        Its refresh, duty, shutter and readout.
    rows : int
        Of the photo.
    phase : float
        Of the backlight at the first row, 0 to 1.

    Returns
    -------
    numpy.ndarray
        float32, shape ``(rows,)``.
    """
    if sensor.refresh <= 0 or sensor.duty >= 1:
        return np.ones(rows, np.float32)
    begin = np.arange(rows) / rows * sensor.readout * sensor.refresh + phase
    end = begin + sensor.shutter * sensor.refresh

    def lit(cycles: np.ndarray) -> np.ndarray:
        """Time for which the light was on until then, in cycles."""
        return np.floor(cycles) * sensor.duty + np.minimum(cycles % 1, sensor.duty)

    return ((lit(end) - lit(begin)) / (sensor.shutter * sensor.refresh * sensor.duty)).astype(np.float32)


def gain_for(light: np.ndarray, sensor: Sensor) -> float:
    """Return the automatic exposure's gain for a frame of light."""
    small = cv2.resize(light, (64, 48), interpolation=cv2.INTER_AREA).max(axis=2)
    y, x = np.mgrid[-1:1:48j, -1:1:64j]
    weight = np.exp(-1.5 * (x**2 + y**2))
    mean = float((small * weight).sum() / weight.sum())
    top = float(np.quantile(small, 0.98))
    gain = 0.2 / max(mean, 1e-4)
    if sensor.metering == "highlights":
        gain = min(0.85 / max(top, 1e-4), 2.5 * gain)
    else:
        gain = min(gain, 1.4 / max(top, 1e-4))  # no camera lets all of a dark scene's lights burn out
    return float(min(gain, MAX_GAIN) * 2**sensor.exposure)


def develop(light: np.ndarray, sensor: Sensor, gain: float, rng: np.random.Generator) -> np.ndarray:
    """Record a frame of linear light and make a picture of it.

    Parameters
    ----------
    light : numpy.ndarray
        float32 RGB, shape ``(rows, columns, 3)``.
    sensor : Sensor
        The camera.
    gain : float
        Exposure: light times gain saturates at 1.
    rng : numpy.random.Generator
        Of the noise.

    Returns
    -------
    numpy.ndarray
        uint8 BGR, same shape.
    """
    raw = cv2.transform(light, CROSSTALK * np.float32(gain))
    if sensor.demosaic != "full":
        raw = _mosaic(raw)
    noise = rng.standard_normal(raw.shape, dtype=np.float32)
    raw += noise * np.sqrt(
        np.maximum(raw, 0) / sensor.electrons + (sensor.read_noise / sensor.electrons) ** 2, dtype=np.float32
    )
    if sensor.row_noise:
        raw += rng.standard_normal((raw.shape[0], *[1] * (raw.ndim - 1)), np.float32) * np.float32(
            sensor.row_noise / sensor.electrons
        )
    digital = np.clip(np.rint(raw * WHITE + BLACK), 0, WHITE + BLACK).astype(np.uint16)
    if sensor.demosaic != "full":
        digital = _demosaic(digital, sensor)
    colour = (digital.astype(np.float32) - BLACK) / WHITE
    mix = np.linalg.inv(CROSSTALK) * np.asarray(sensor.tint)[:, None]
    # colours weaker than the light's, as a camera's own matrix makes them from noisy raw values
    luma = np.array([0.25, 0.6, 0.15])
    mix = sensor.saturation * mix + (1 - sensor.saturation) * np.outer(np.ones(3), luma @ mix)
    colour = cv2.transform(np.clip(colour, 0, 1), mix.astype(np.float32))
    picture = _tone(colour, sensor)[:, :, ::-1]
    picture = _finish(np.ascontiguousarray(picture), sensor)
    return _encode(picture, sensor)


def _mosaic(light: np.ndarray) -> np.ndarray:
    """Keep of each pixel the one colour that its filter lets through (RGGB)."""
    raw = light[:, :, 1].copy()
    raw[0::2, 0::2] = light[0::2, 0::2, 0]
    raw[1::2, 1::2] = light[1::2, 1::2, 2]
    return raw


def _demosaic(raw: np.ndarray, sensor: Sensor) -> np.ndarray:
    """Fill in the two missing colours: RGB, uint16."""
    if sensor.demosaic == "blocks":
        # one colour of each block of 2 x 2, as cheap and as binning sensors do, then enlarged
        green = (raw[0::2, 1::2].astype(np.uint32) + raw[1::2, 0::2]) // 2
        small = np.dstack([raw[0::2, 0::2], green.astype(np.uint16), raw[1::2, 1::2]])
        return np.asarray(cv2.resize(small, raw.shape[::-1], interpolation=cv2.INTER_LINEAR))
    if sensor.demosaic == "gradient":
        # the only gradient method at hand is for 8 bits: of the square root, in which 8 bits lose little
        root = np.sqrt(raw / (WHITE + BLACK) * 65025).astype(np.uint8)
        filled = cv2.demosaicing(root, cv2.COLOR_BayerBG2RGB_VNG).astype(np.float32)
        return filled**2 / 65025 * (WHITE + BLACK)
    code = cv2.COLOR_BayerBG2RGB_EA if sensor.demosaic == "edge" else cv2.COLOR_BayerBG2RGB
    return cv2.demosaicing(raw, code)


def _s_curve(x: np.ndarray, contrast: float) -> np.ndarray:
    """The sRGB curve, then a bend around its middle."""
    srgb = np.where(x < 0.0031308, 12.92 * x, 1.055 * np.maximum(x, 1e-9) ** (1 / 2.4) - 0.055)
    return srgb + contrast * (srgb - 0.5) * srgb * (1 - srgb) * 2


def _filmic(x: np.ndarray, contrast: float) -> np.ndarray:
    """A shoulder that saves highlights and lifted shadows, as high-dynamic-range modes make them."""
    lifted = np.maximum(x, 0) ** 0.42
    return lifted * (1 + contrast) / (1 + contrast * lifted) * 0.97 + 0.02


def _video(x: np.ndarray, contrast: float) -> np.ndarray:
    """Rec. 709 with crushed shadows, as cheap webcams have it."""
    curve = np.where(x < 0.018, 4.5 * x, 1.099 * np.maximum(x, 1e-9) ** 0.45 - 0.099)
    return curve * (1 + 0.3 * contrast) - 0.08 * contrast


def _flat(x: np.ndarray, contrast: float) -> np.ndarray:
    """A logarithm, as cameras record that leave the look to a later step."""
    reach = 12 + 30 * contrast
    return 0.06 + 0.9 * np.log1p(reach * np.maximum(x, 0)) / np.log1p(reach)


TONES = {"s_curve": _s_curve, "video": _video, "filmic": _filmic, "flat": _flat}
"""Tone curves from linear light to a picture, both 0 to 1."""


def _tone(colour: np.ndarray, sensor: Sensor) -> np.ndarray:
    table = np.clip(TONES[sensor.tone](np.linspace(0, 1, 4096), sensor.contrast), 0, 1) * 255
    return table.astype(np.float32)[np.clip(colour * 4095, 0, 4095).astype(np.uint16)]


def _finish(picture: np.ndarray, sensor: Sensor) -> np.ndarray:
    """Take away noise, colour noise above all, and sharpen: uint8 BGR."""
    parts = cv2.cvtColor(np.clip(picture, 0, 255) / 255, cv2.COLOR_BGR2YCrCb)
    luma, red, blue = cv2.split(parts)
    if sensor.denoise > 0:
        small = cv2.resize(cv2.merge([red, blue]), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        small = cv2.GaussianBlur(small, (0, 0), 0.3 + 2 * sensor.denoise)
        red, blue = cv2.split(cv2.resize(small, (luma.shape[1], luma.shape[0])))
        if sensor.finish == "local":
            calm = cv2.medianBlur(luma, 3)
        elif sensor.finish == "bands":
            finest = luma - cv2.GaussianBlur(luma, (0, 0), 0.9)
            calm = luma - np.clip(finest, -0.03, 0.03)
        else:
            calm = cv2.bilateralFilter(luma, 5, 0.02 + 0.06 * sensor.denoise, 1.2)
        luma = luma + sensor.denoise * (calm - luma)
    if sensor.finish == "local":
        small = cv2.resize(luma, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)
        wide = cv2.resize(cv2.GaussianBlur(small, (0, 0), small.shape[1] / 40), luma.shape[::-1])
        luma = luma + 0.25 * sensor.sharpen * (luma - wide) + 0.1 * sensor.sharpen * (luma - cv2.blur(luma, (3, 3)))
    elif sensor.finish == "bands":
        finer, coarser = cv2.GaussianBlur(luma, (0, 0), 1.0), cv2.GaussianBlur(luma, (0, 0), 2.8)
        luma = luma + 0.6 * sensor.sharpen * np.clip(finer - coarser, -0.15, 0.15)
    elif sensor.sharpen > 0:
        luma = luma + sensor.sharpen * (luma - cv2.GaussianBlur(luma, (0, 0), sensor.sharpen_radius))
    result = cv2.cvtColor(cv2.merge([luma, red, blue]), cv2.COLOR_YCrCb2BGR)
    return (np.clip(result, 0, 1) * 255 + 0.5).astype(np.uint8)


def _encode(picture: np.ndarray, sensor: Sensor) -> np.ndarray:
    """Compress and decompress."""
    if sensor.codec == "vp8":
        coded = cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, sensor.quality])[1]
    else:
        sampling = (
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444 if sensor.codec == "jpeg444" else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
        )
        options = [cv2.IMWRITE_JPEG_QUALITY, sensor.quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
        coded = cv2.imencode(".jpg", picture, options)[1]
        if sensor.codec == "resent":
            again = [cv2.IMWRITE_JPEG_QUALITY, max(sensor.quality - 10, 55)]
            coded = cv2.imencode(".jpg", cv2.imdecode(coded, cv2.IMREAD_COLOR), again)[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))
