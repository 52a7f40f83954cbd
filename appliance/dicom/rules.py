"""The rules by which a series is judged or not, each with its source, in the order of their weight.

A rule sees headers alone. What headers leave open, or state wrongly, is checked again in the pixels
(`appliance.imaging.checks`).
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import pydicom
from pydicom.uid import UID

from appliance.dicom.geometry import Geometry, fault, in_order, normal, tilt
from appliance.dicom.header import CT_CLASSES, ImageHeader
from appliance.reasons import Reason, ReasonCode

MIN_SLICES = 8
"""Fewer slices cannot fill 8 zones."""

MAX_TILT_DEG = 35.0
"""Gantries tilt to 30 degrees."""

Rule = Callable[[Sequence[ImageHeader]], Optional[Reason]]

# PS3.6 table A-1. Written out, for pydicom 2 and 3 give the name JPEGLossless to different syntaxes.
DECODABLE = {
    "1.2.840.10008.1.2",  # Implicit VR Little Endian
    "1.2.840.10008.1.2.1",  # Explicit VR Little Endian
    "1.2.840.10008.1.2.1.99",  # Deflated Explicit VR Little Endian
    "1.2.840.10008.1.2.2",  # Explicit VR Big Endian
    "1.2.840.10008.1.2.5",  # RLE Lossless
    "1.2.840.10008.1.2.4.57",  # JPEG Lossless, process 14
    "1.2.840.10008.1.2.4.70",  # JPEG Lossless, process 14, selection value 1
    "1.2.840.10008.1.2.4.80",  # JPEG-LS Lossless
    "1.2.840.10008.1.2.4.90",  # JPEG 2000, lossless only
}
LOSSY = {
    "1.2.840.10008.1.2.4.50",  # JPEG Baseline
    "1.2.840.10008.1.2.4.51",  # JPEG Extended
    "1.2.840.10008.1.2.4.81",  # JPEG-LS near-lossless
    "1.2.840.10008.1.2.4.91",  # JPEG 2000
    "1.2.840.10008.1.2.4.203",  # High-Throughput JPEG 2000
}
if not pydicom.__version__.startswith("2."):
    DECODABLE |= {"1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202"}  # HTJ2K, lossless only, and with RPCL

_LOCALIZER = {"LOCALIZER", "SCOUT", "SURVIEW", "TOPOGRAM", "SCANOGRAM"}
_DERIVED = {"MPR", "MIP", "MINIP", "MAX_IP", "MIN_IP", "PROJECTION IMAGE", "REFORMATTED", "3D", "CURVED", "SSD", "VRT"}
_OTHER_PARTS = (
    r"CHEST|THORAX|\bLUNGS?\b|ABDOMEN|PELVIS|SPINE|\bNECK\b|\bHEART\b|CARDIAC|CORONARY|\bLIVER\b|KIDNEY|\bKNEE|\bFOOT\b|ANKLE"
    r"|\bHAND\b|WRIST|ELBOW|SHOULDER|\bHIPS?\b|\bLEGS?\b|\bARMS?\b|EXTREMITY|胸部|腹部|骨盤|頸椎|頚椎|胸椎|腰椎|頸部|頚部"
)
_HEAD = "HEAD|BRAIN|SKULL|CRANI|CEREBR|頭|脳"
_CONTRAST = r"\+\s?C\b|\bC\+|\bCE\b|CONTRAST|\bENHANCED|\bGD\b|造影|\bCTA\b|ANGIO|PERFUSION|\bCTP\b|\bCTV\b|VENOGRA"
# what denies contrast is taken out first, so that "plain and contrast" still says contrast
_DENIED = (
    r"\b(NON|WITHOUT|W/O|NO|PRE)[-\s]*(IV[-\s]*)?(CONTRAST|ENHANCED|CE|CM)\b|\bNON[-\s]?ENHANCED|UNENHANCED"
    r"|造影(剤)?(なし|無し?|前)|非造影"
)
_NO_AGENT = r"^(N|NO|NONE|NIL|NON?[- ]?CONTRAST|WITHOUT.*|0|-|なし|無し?|単純.*)$"
# Siemens names sharpness by a number (H60s, Hr64, J70h), Canon by a range of FC numbers, GE and Philips by words
# and letters
_BONE_KERNEL = r"^[A-Z][A-Z]?(5[5-9]|[6-9]\d)|^FC(3|5|8)\d|BONE|EDGE|LUNG|^Y[A-F]\b|^[DEL]$|SHARP|骨"


def judgeable_stack(
    images: Sequence[ImageHeader],
) -> Tuple[List[ImageHeader], Optional[Geometry], List[Reason]]:
    """Find the images of a series that form one stack, and what is wrong with it.

    Scouts that share the series are left out, and derived copies beside their original (another encoding of the
    same image). Several acquisitions over the same positions are taken apart; the largest, then the last, is kept.

    Returns
    -------
    list of ImageHeader
        The images that the rules look at.
    Geometry or None
        Those in order; None where they have no positions.
    list of Reason
        Faults of header and geometry; empty where there are none.
    """
    slices = [image for image in images if image.sop_class_uid in CT_CLASSES and not _is_localizer(image)] or list(
        images
    )
    shapes = Counter(_shape(image) for image in slices)
    shape = max(shapes, key=lambda key: (shapes[key], str(key)))
    stack = [image for image in slices if _shape(image) == shape]
    faults: List[Reason] = []
    odd = [count for key, count in shapes.items() if key != shape]
    if any(count < MIN_SLICES for count in odd):
        faults.append(_geometry_reason("images of different orientation or size"))
    stack = _one_acquisition(_without_copies(stack))
    for name in ("slope", "intercept", "bits_stored", "pixel_representation"):
        if len({getattr(image, name) for image in stack}) > 1:
            faults.append(Reason(ReasonCode.DAMAGED_HEADER, {"detail": f"{name} differs from image to image"}))
    if any(image.slope is None or image.intercept is None or not image.slope for image in stack):
        faults.append(Reason(ReasonCode.NOT_HOUNSFIELD))
    geometry = in_order(stack) if len(stack[0].pixel_spacing) == 2 and min(stack[0].pixel_spacing) > 0 else None
    detail = fault(geometry) if geometry else "no positions"
    if geometry and max(stack[0].pixel_spacing) > 1.02 * min(stack[0].pixel_spacing):
        detail = "pixels that are not square"
    if detail:
        faults.append(_geometry_reason(detail))
    if len(stack) < MIN_SLICES:
        faults.append(Reason(ReasonCode.TOO_FEW_SLICES, {"count": len(stack)}))
    return stack, geometry, faults


def _shape(image: ImageHeader) -> Tuple[object, ...]:
    return (
        tuple(round(value, 2) + 0.0 for value in image.orientation),
        image.rows,
        image.columns,
        tuple(round(value, 3) for value in image.pixel_spacing),
    )


def _without_copies(stack: List[ImageHeader]) -> List[ImageHeader]:
    originals = {(image.position, image.acquisition_number) for image in stack if not _is_derived_copy(image)}
    return [
        image
        for image in stack
        if not _is_derived_copy(image) or (image.position, image.acquisition_number) not in originals
    ]


def _is_derived_copy(image: ImageHeader) -> bool:
    return image.image_type[:1] == ("DERIVED",)


def _one_acquisition(stack: List[ImageHeader]) -> List[ImageHeader]:
    places = Counter(image.position for image in stack)
    if max(places.values()) == 1:
        return stack
    acquisitions: Dict[Optional[int], List[ImageHeader]] = {}
    for image in stack:
        acquisitions.setdefault(image.acquisition_number, []).append(image)
    whole = {number: part for number, part in acquisitions.items() if len({i.position for i in part}) == len(part)}
    if len(whole) < 2 or len(whole) != len(acquisitions) or min(map(len, whole.values())) < MIN_SLICES:
        return stack
    return max(whole.items(), key=lambda item: (len(item[1]), item[0] if item[0] is not None else -1))[1]


def _geometry_reason(detail: str) -> Reason:
    return Reason(ReasonCode.INCONSISTENT_GEOMETRY, {"detail": detail})


def _is_localizer(image: ImageHeader) -> bool:
    return bool(_LOCALIZER & set(image.image_type))


def _words(image: ImageHeader) -> str:
    return f"{image.series_description} {image.protocol_name}".upper()


def _ct(images: Sequence[ImageHeader]) -> Optional[Reason]:
    """CT Image Storage and its enhanced forms (PS3.4 annex B); a dose report labelled CT is Secondary Capture."""
    return None if any(image.sop_class_uid in CT_CLASSES for image in images) else Reason(ReasonCode.NOT_CT)


def _pixels(images: Sequence[ImageHeader]) -> Optional[Reason]:
    """Rows and Columns (PS3.3 section C.7.6.3)."""
    return None if all(image.rows and image.columns for image in images) else Reason(ReasonCode.NO_PIXELS)


def _localizer(images: Sequence[ImageHeader]) -> Optional[Reason]:
    """Image Type value 3 (PS3.3 section C.8.2.1.1.1)."""
    return Reason(ReasonCode.LOCALIZER_ONLY) if all(map(_is_localizer, images)) else None


def _derived(images: Sequence[ImageHeader]) -> Optional[Reason]:
    """Image Type (PS3.3 section C.7.6.1.1.2). DERIVED alone is also what a lossless compressor writes: AXIAL saves
    those.
    """
    kinds = set(images[0].image_type)
    if kinds & _DERIVED or (images[0].image_type[:1] == ("DERIVED",) and "AXIAL" not in kinds):
        return Reason(ReasonCode.DERIVED_ONLY)
    return None


def _axial(images: Sequence[ImageHeader]) -> Optional[Reason]:
    """Image Orientation (Patient)."""
    if normal(images[0]) is None:
        return None  # the geometry says so
    angle = tilt(images[0])
    return Reason(ReasonCode.NOT_AXIAL) if angle is not None and angle > MAX_TILT_DEG else None


def _head(images: Sequence[ImageHeader]) -> Optional[Reason]:
    """Body Part Examined and descriptions; silence is allowed, for the pixels are asked too."""
    first = images[0]
    if re.search(_HEAD, f"{first.body_part} {_words(first)}".upper()):
        return None
    for words in (first.body_part.upper(), _words(first)):
        other = re.search(_OTHER_PARTS, words)
        if other:
            return Reason(ReasonCode.NOT_HEAD, {"part": other.group().lower()})
    return None


def _contrast(images: Sequence[ImageHeader]) -> Optional[Reason]:
    """Contrast/Bolus Agent (PS3.3 section C.7.6.4) and descriptions."""
    for image in images:
        agent = image.contrast_agent.upper()
        if agent and not re.search(_NO_AGENT, agent):
            return Reason(ReasonCode.CONTRAST)
    words = re.sub(_DENIED, " ", _words(images[0]))
    return Reason(ReasonCode.CONTRAST) if re.search(_CONTRAST, words) else None


def _kernel(images: Sequence[ImageHeader]) -> Optional[Reason]:
    """Convolution Kernel, whose names are each maker's own, and Series Description."""
    first = images[0]
    if re.search(_BONE_KERNEL, first.kernel.upper()) or re.search(r"\bBONE|骨", first.series_description.upper()):
        return Reason(ReasonCode.BONE_KERNEL_ONLY)
    return None


def _lossless(images: Sequence[ImageHeader]) -> Optional[Reason]:
    """Transfer Syntax and Lossy Image Compression (PS3.3 section C.7.6.1.1.5)."""
    lossy = any(image.transfer_syntax_uid in LOSSY or image.lossy == "01" for image in images)
    # a reversible stream may also travel under the lossy JPEG 2000 syntax, but then nothing in the header vouches
    # for it
    return Reason(ReasonCode.LOSSY) if lossy else None


def _decodable(images: Sequence[ImageHeader]) -> Optional[Reason]:
    """Transfer syntaxes that this installation decodes."""
    foreign = {image.transfer_syntax_uid for image in images} - DECODABLE - LOSSY
    if not foreign:
        return None
    return Reason(ReasonCode.UNSUPPORTED_SYNTAX, {"syntax": _syntax_name(sorted(foreign)[0])})


def _syntax_name(uid: str) -> str:
    return UID(uid, validation_mode=pydicom.config.IGNORE).name


HEAD_RULES = 6
"""The first so many rules tell whether a series is an axial CT of a head at all; the others, whether it can be
judged.
"""

RULES: Tuple[Rule, ...] = (
    _ct,
    _pixels,
    _localizer,
    _derived,
    _axial,
    _head,
    _contrast,
    _kernel,
    _lossless,
    _decodable,
)
