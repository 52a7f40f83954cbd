"""From the images of one series to a `SliceStack`: decoded, averaged into slabs, windowed, turned upright."""

from __future__ import annotations

from contextlib import closing
from typing import Any, Dict, Iterator, List, Optional, Union

import numpy as np

from appliance.dicom.geometry import Geometry, Slab, slabs
from appliance.dicom.header import ImageHeader
from appliance.dicom.reader import STOPPED, DicomReader
from appliance.reasons import Reason, ReasonCode, Refused
from appliance.study import SliceStack


def window(hounsfield: np.ndarray, width: float, level: float) -> np.ndarray:
    """Map Hounsfield units to grey levels.

    Parameters
    ----------
    hounsfield : numpy.ndarray
        int16, any shape.
    width, level : float
        Window width and level in Hounsfield units.

    Returns
    -------
    numpy.ndarray
        uint8, same shape: 0 at ``level - width / 2`` and below, 255 at ``level + width / 2`` and above. A table of
        all 65,536 values is faster than arithmetic on the pixels.
    """
    values = np.arange(-32768, 32768, dtype=np.float64)
    table = np.rint(np.clip((values - (level - width / 2)) * 255.0 / width, 0, 255)).astype(np.uint8)
    return np.asarray(np.roll(table, -32768)[hounsfield.view(np.uint16)])


def load_stack(
    reader: DicomReader, geometry: Geometry, window_width: float, window_level: float
) -> Iterator[Union[int, SliceStack]]:
    """Decode the images of one series into slabs.

    Parameters
    ----------
    reader : DicomReader
        Its child processes decode.
    geometry : Geometry
        The images, in order.
    window_width, window_level : float
        The network's brain window in Hounsfield units.

    Yields
    ------
    int
        After each slab, how many images are done.
    SliceStack
        Last.

    Raises
    ------
    Refused
        With ``damaged_pixels`` at the first image that cannot be decoded: nothing is judged on part of a series.
    """
    planned = slabs(geometry)
    first = geometry.images[0]
    shape = (int(first.rows or 0), int(first.columns or 0))
    hounsfield = np.empty((len(planned), *shape), dtype=np.int16)
    done = 0
    for index, (document, payload) in enumerate(reader.slabs([_request(slab) for slab in planned])):
        hounsfield[index] = _pixels(document, payload, first)
        done += len(planned[index].images)
        yield done
    turned = upright(hounsfield, first)
    yield SliceStack(
        pixels=window(turned, window_width, window_level),
        sources=tuple(_central(slab).sop_instance_uid for slab in planned),
        positions_mm=np.array([slab.centre for slab in planned]),
        thickness_mm=np.array([slab.thickness for slab in planned]),
        pixel_spacing_mm=float(np.mean(first.pixel_spacing)),
        hounsfield=turned,
    )


def _request(slab: Slab) -> Dict[str, Any]:
    images: List[List[Any]] = [
        [image.path, image.frame, image.slope, image.intercept, shift[0], shift[1]]
        for image, shift in zip(slab.images, slab.shifts)
    ]
    return {"images": images}


def _central(slab: Slab) -> ImageHeader:
    return slab.images[len(slab.images) // 2]


def native_slices(reader: DicomReader, geometry: Geometry) -> Iterator[Optional[np.ndarray]]:
    """Decode the images of one series, each by itself.

    Parameters
    ----------
    reader : DicomReader
        Its child processes decode.
    geometry : Geometry
        The images, in order.

    Yields
    ------
    numpy.ndarray or None
        int16, shape ``(rows, columns)`` of the upright slice, Hounsfield units; None for one that cannot be decoded.

    Raises
    ------
    Refused
        With ``damaged_pixels`` at the first image on which the decoder stops: each such one takes long.
    """
    requests = [
        {"images": [[image.path, image.frame, image.slope, image.intercept, 0.0, 0.0]]} for image in geometry.images
    ]
    with closing(reader.slabs(requests)) as replies:  # who stops early waits for no more than what was begun
        for image, (document, payload) in zip(geometry.images, replies):
            try:
                pixels = _pixels(document, payload, image)
            except Refused:
                if document.get("error") == STOPPED:
                    raise
                yield None
            else:
                yield upright(pixels[None], image)[0]


def upright(volume: np.ndarray, image: ImageHeader) -> np.ndarray:
    """Turn slices so that columns run to the patient's left and rows to the back, as a CT is shown.

    Parameters
    ----------
    volume : numpy.ndarray
        Shape ``(n, rows, columns)``.
    image : ImageHeader
        One of them: Image Orientation (Patient), PS3.3 section C.7.6.2.1.1.
    """
    row, column = np.array(image.orientation[:3]), np.array(image.orientation[3:])
    if transposed(image):
        volume, row, column = volume.transpose(0, 2, 1), column, row
    if row[0] < 0:
        volume = volume[:, :, ::-1]
    if column[1] < 0:
        volume = volume[:, ::-1, :]
    return np.ascontiguousarray(volume)


def transposed(image: ImageHeader) -> bool:
    """Tell whether an image's rows become columns when it is turned upright."""
    return abs(image.orientation[0]) < abs(image.orientation[3])


def _pixels(document: Dict[str, Any], payload: bytes, image: ImageHeader) -> np.ndarray:
    shape = (int(image.rows or 0), int(image.columns or 0))
    error = document.get("error") or (None if tuple(document["shape"]) == shape else "undecodable")
    if error:
        raise Refused(Reason(ReasonCode.DAMAGED_PIXELS, {"detail": str(error)}))
    return np.frombuffer(payload, dtype=np.int16).reshape(shape)
