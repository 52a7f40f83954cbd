"""Pixel data to Hounsfield units. Runs in a child process, where a decoder may crash without harm.

pydicom chooses among its plugins: its own for uncompressed and RLE, gdcm for the JPEG family and JPEG-LS, openjpeg for
JPEG 2000 and, from pydicom 3 on, HTJ2K.
"""

from __future__ import annotations

import os
import warnings
from typing import Any, Dict, Optional, Sequence, Tuple

import cv2
import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.tag import Tag

AIR = -1024
"""Hounsfield units of what lies outside the reconstruction, and the lowest that is kept."""

HIGHEST = 3071
"""Highest Hounsfield units of a 12-bit reconstruction, and the highest that is kept."""

LOWEST_PLAUSIBLE = -1500
HIGHEST_PLAUSIBLE = 31000
"""No scanner writes values beyond these, but for padding; metal on the extended scale reaches 30710."""


_TAGS = [
    Tag(keyword)
    for keyword in (
        "SamplesPerPixel",
        "PhotometricInterpretation",
        "PlanarConfiguration",
        "NumberOfFrames",
        "Rows",
        "Columns",
        "BitsAllocated",
        "BitsStored",
        "HighBit",
        "PixelRepresentation",
        "PixelPaddingValue",
        "PixelPaddingRangeLimit",
        "PixelData",
    )
]


UNDEFINED_LENGTH = 0xFFFFFFFF
"""Length of encapsulated pixel data (PS3.5 annex A.4)."""

DEFLATED = "1.2.840.10008.1.2.1.99"


class DamagedPixels(Exception):
    """Pixel data that cannot be what the scanner wrote."""


class PixelReader:
    """Reads frames in Hounsfield units; keeps the last multi-frame file open."""

    def __init__(self) -> None:
        self._key: Optional[Tuple[str, int, int, int]] = None
        self._dataset: Optional[Dataset] = None

    def hounsfield(self, path: str, frame: int, slope: float, intercept: float) -> np.ndarray:
        """Read one frame.

        Parameters
        ----------
        path : str
            A file with pixel data.
        frame : int
            Index of the frame, 0 for a single-frame file.
        slope, intercept : float
            Rescale Slope and Intercept of that frame (PS3.3 section C.11.1.1.2). MONOCHROME1 asks for no inversion: it
            says how stored values are shown, not what they mean in Hounsfield units.

        Returns
        -------
        numpy.ndarray
            int16 or float32, shape ``(rows, columns)``, between `AIR` and `HIGHEST`; padding is `AIR`.

        Raises
        ------
        DamagedPixels
            When values lie beyond what Bits Stored or Hounsfield units allow.
        Exception
            Whatever the decoder raises on a damaged file.
        """
        dataset = self._open(path)
        stored = _frame(dataset, frame)
        stored = stored.astype(np.int16 if stored.dtype.itemsize == 1 else stored.dtype.newbyteorder("="), copy=False)
        lowest, highest, _, _ = cv2.minMaxLoc(stored if stored.dtype.itemsize == 2 else stored.astype(np.float64))
        padding = _padding(dataset, stored)
        _check_bits(lowest, highest, padding, dataset)
        low, high = lowest * slope + intercept, highest * slope + intercept
        if slope == 1.0 and float(intercept).is_integer() and low >= -32768 and high <= 32767:
            # two bytes a pixel all the way: signed and unsigned addition are the same modulo 65,536
            values = stored.view(np.int16) + np.int16(intercept)
        else:
            values = stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)
        _check_range(values, min(low, high), max(low, high), padding)
        if min(low, high) < AIR or max(low, high) > HIGHEST:
            np.clip(values, AIR, HIGHEST, out=values)
        if padding is not None:
            values[padding] = AIR
        return values

    def _open(self, path: str) -> Dataset:
        # a path alone is no identity: another study may come to lie under the same name
        status = os.stat(path)
        key = (path, status.st_ino, status.st_size, status.st_mtime_ns)
        if self._dataset is not None and key == self._key and int(self._dataset.get("NumberOfFrames") or 1) > 1:
            return self._dataset
        dataset = pydicom.dcmread(path, force=True, specific_tags=list(_TAGS))
        _check_end(dataset, path)
        if hasattr(dataset, "pixel_array_options"):
            # pydicom 3 would mask what lies beyond Bits Stored, which is how damage shows
            dataset.pixel_array_options(correct_unused_bits=False)
        if not hasattr(dataset.file_meta, "TransferSyntaxUID"):
            dataset.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
        self._key, self._dataset = key, dataset
        return dataset


def _frame(dataset: Dataset, frame: int) -> np.ndarray:
    """Stored values of one frame; of a multi-frame file only that frame is decoded."""
    count = int(dataset.get("NumberOfFrames") or 1)
    if count == 1:
        pixels = dataset.pixel_array
    else:
        single = Dataset()
        single.file_meta = dataset.file_meta
        single.update({element.tag: element for element in dataset.group_dataset(0x0028)})
        del single.NumberOfFrames  # the elements are shared: a new value would change the file's own
        if dataset.file_meta.TransferSyntaxUID.is_compressed:
            single.PixelData = encapsulate([_encapsulated_frame(dataset.PixelData, frame, count)])
            single["PixelData"].is_undefined_length = True
        else:
            size = len(dataset.PixelData) // count
            single.PixelData = dataset.PixelData[frame * size : (frame + 1) * size]
        single["PixelData"].VR = "OW"
        for flag in ("is_little_endian", "is_implicit_VR"):
            # pydicom 2 asks the dataset, pydicom 3 the transfer syntax
            if hasattr(dataset, flag) and pydicom.__version__.startswith("2."):
                setattr(single, flag, getattr(dataset, flag))
        pixels = single.pixel_array
    if pixels.ndim != 2:
        raise DamagedPixels("undecodable")
    return np.asarray(pixels)


def _encapsulated_frame(data: bytes, frame: int, count: int) -> bytes:
    """One frame of encapsulated pixel data (PS3.5 annex A.4)."""
    if pydicom.__version__.startswith("2."):
        from pydicom.encaps import generate_pixel_data_frame

        for number, content in enumerate(generate_pixel_data_frame(data, count)):
            if number == frame:
                return bytes(content)
        raise DamagedPixels(f"frame {frame} of {count} is absent")
    from pydicom.encaps import get_frame

    return bytes(get_frame(data, frame, number_of_frames=count))


def _check_end(dataset: Dataset, path: str) -> None:
    """Uncompressed pixel data must reach the end of the file, but for trailing padding or a signature (PS3.10
    section 7.2).
    """
    raw = dataset.get_item("PixelData")
    place, length = getattr(raw, "value_tell", None), getattr(raw, "length", None)
    if (
        place is None
        or length is None
        or length == UNDEFINED_LENGTH
        or dataset.file_meta.get("TransferSyntaxUID") == DEFLATED
    ):
        return
    with open(path, "rb") as file:
        file.seek(place + length)
        after = file.read(4)
    # FFFC and FFFA as the standard has them, 7FE1 as one maker's private group, in either byte order
    if after and after[:2] not in (b"\xfc\xff", b"\xff\xfc", b"\xfa\xff", b"\xff\xfa", b"\xe1\x7f", b"\x7f\xe1"):
        raise DamagedPixels("bytes after the pixel data")


def _check_bits(lowest: float, highest: float, padding: Optional[np.ndarray], dataset: Dataset) -> None:
    """Values beyond Bits Stored cannot come from a scanner, but for padding."""
    bits = int(dataset.BitsStored)
    signed = int(dataset.PixelRepresentation) == 1
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    if highest > high or (lowest < low and padding is None):
        raise DamagedPixels("values beyond Bits Stored")


def _padding(dataset: Dataset, stored: np.ndarray) -> Optional[np.ndarray]:
    """Where pixels are padding (PS3.3 section C.7.5.1.1.2), None where the header declares none."""
    value = dataset.get("PixelPaddingValue")
    if not isinstance(value, int):
        return None
    if stored.dtype.kind == "i" and value >= 1 << (8 * stored.dtype.itemsize - 1):
        value -= 1 << (8 * stored.dtype.itemsize)  # written as US although the pixels are signed
    limit = dataset.get("PixelPaddingRangeLimit")
    if isinstance(limit, int) and limit != value:
        low, high = min(value, limit), max(value, limit)
        return np.asarray((stored >= low) & (stored <= high))
    return np.asarray(stored == value)


def _check_range(values: np.ndarray, low: float, high: float, padding: Optional[np.ndarray]) -> None:
    """Beyond the plausible range only one value may occur: undeclared padding, as scanners write around the circle."""
    if high > HIGHEST_PLAUSIBLE:
        raise DamagedPixels("values beyond Hounsfield units")
    if low < LOWEST_PLAUSIBLE:
        odd = (values < LOWEST_PLAUSIBLE) & (values != values.dtype.type(low))
        if padding is not None:
            odd &= ~padding
        if odd.any():
            raise DamagedPixels("values beyond Hounsfield units")


def read_slab(reader: PixelReader, request: Dict[str, Any]) -> Tuple[np.ndarray, Tuple[int, int]]:
    """Average the slices of one slab in Hounsfield units.

    Parameters
    ----------
    reader : PixelReader
        Reads the frames.
    request : dict
        ``images``: one ``[path, frame, slope, intercept, shift_x, shift_y]`` a slice, the shifts in pixels: a
        tilted gantry
        moves the picture from slice to slice, and they must lie upon each other before they are averaged.

    Returns
    -------
    numpy.ndarray
        int16, shape ``(rows, columns)``.
    tuple of int
        That shape.

    Raises
    ------
    Exception
        As `PixelReader.hounsfield`.
    """
    images: Sequence[Sequence[Any]] = request["images"]
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        total: Optional[np.ndarray] = None
        for path, frame, slope, intercept, shift_x, shift_y in images:
            values = reader.hounsfield(path, frame, slope, intercept)
            if shift_x or shift_y:
                matrix = np.array([[1, 0, shift_x], [0, 1, shift_y]], dtype=np.float64)
                size = (values.shape[1], values.shape[0])
                values = cv2.warpAffine(values, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            if total is None:
                total = values.astype(np.int32 if values.dtype == np.int16 else np.float32)
            else:
                total = total + values
    if any("RLE" in str(warning.message) for warning in told):
        raise DamagedPixels("RLE data of another length")  # where pydicom warns, rows have moved
    if total is None:
        raise DamagedPixels("no image")
    mean = np.rint(total / np.float32(len(images))).astype(np.int16)
    return mean, (mean.shape[0], mean.shape[1])
