"""What the appliance reads of a DICOM header, without its pixel data.

`read_headers` runs in a child process (`appliance.dicom.child`); what it returns travels as JSON.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

import pydicom
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
ENHANCED_CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2.1"
LEGACY_CONVERTED_ENHANCED_CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2.2"

CT_CLASSES = (CT_IMAGE, ENHANCED_CT_IMAGE, LEGACY_CONVERTED_ENHANCED_CT_IMAGE)


@dataclass(frozen=True)
class ImageHeader:
    """One image: an instance, or one frame of a multi-frame instance.

    Attributes are named after the DICOM attributes they hold; empty or None where the header has none. Lengths are
    in mm, angles in degrees.
    """

    path: str
    frame: int = 0
    frames: int = 1
    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    study_instance_uid: str = ""
    series_instance_uid: str = ""
    transfer_syntax_uid: str = ""
    modality: str = ""
    patient_id: str = ""
    patient_name: str = ""
    birth_date: str = ""
    sex: str = ""
    age: str = ""
    study_date: str = ""
    study_time: str = ""
    study_description: str = ""
    series_number: Optional[int] = None
    series_description: str = ""
    protocol_name: str = ""
    body_part: str = ""
    manufacturer: str = ""
    image_type: Tuple[str, ...] = ()
    kernel: str = ""
    contrast_agent: str = ""
    instance_number: Optional[int] = None
    acquisition_number: Optional[int] = None
    rows: Optional[int] = None
    columns: Optional[int] = None
    samples_per_pixel: Optional[int] = None
    bits_allocated: Optional[int] = None
    bits_stored: Optional[int] = None
    pixel_representation: Optional[int] = None
    photometric_interpretation: str = ""
    pixel_spacing: Tuple[float, ...] = ()
    position: Tuple[float, ...] = ()
    orientation: Tuple[float, ...] = ()
    thickness: Optional[float] = None
    gantry_tilt: Optional[float] = None
    slope: Optional[float] = None
    intercept: Optional[float] = None
    lossy: str = ""

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> ImageHeader:
        """Rebuild a header that came from a child process."""
        values: Dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in document.items()
        }
        return cls(**values)


_KEYWORDS: Mapping[str, Tuple[str, str]] = {
    # field: (DICOM keyword, kind)
    "sop_class_uid": ("SOPClassUID", "text"),
    "sop_instance_uid": ("SOPInstanceUID", "text"),
    "study_instance_uid": ("StudyInstanceUID", "text"),
    "series_instance_uid": ("SeriesInstanceUID", "text"),
    "modality": ("Modality", "text"),
    "patient_id": ("PatientID", "text"),
    "patient_name": ("PatientName", "text"),
    "birth_date": ("PatientBirthDate", "text"),
    "sex": ("PatientSex", "text"),
    "age": ("PatientAge", "text"),
    "study_date": ("StudyDate", "text"),
    "study_time": ("StudyTime", "text"),
    "study_description": ("StudyDescription", "text"),
    "series_number": ("SeriesNumber", "int"),
    "series_description": ("SeriesDescription", "text"),
    "protocol_name": ("ProtocolName", "text"),
    "body_part": ("BodyPartExamined", "text"),
    "manufacturer": ("Manufacturer", "text"),
    "image_type": ("ImageType", "texts"),
    "kernel": ("ConvolutionKernel", "text"),
    "contrast_agent": ("ContrastBolusAgent", "text"),
    "instance_number": ("InstanceNumber", "int"),
    "acquisition_number": ("AcquisitionNumber", "int"),
    "rows": ("Rows", "int"),
    "columns": ("Columns", "int"),
    "samples_per_pixel": ("SamplesPerPixel", "int"),
    "bits_allocated": ("BitsAllocated", "int"),
    "bits_stored": ("BitsStored", "int"),
    "pixel_representation": ("PixelRepresentation", "int"),
    "photometric_interpretation": ("PhotometricInterpretation", "text"),
    "pixel_spacing": ("PixelSpacing", "floats"),
    "position": ("ImagePositionPatient", "floats"),
    "orientation": ("ImageOrientationPatient", "floats"),
    "thickness": ("SliceThickness", "float"),
    "gantry_tilt": ("GantryDetectorTilt", "float"),
    "slope": ("RescaleSlope", "float"),
    "intercept": ("RescaleIntercept", "float"),
    "lossy": ("LossyImageCompression", "text"),
}

_FUNCTIONAL_GROUPS: Mapping[str, Tuple[str, str]] = {
    # field: (functional group sequence, keyword inside); PS3.3 sections C.7.6.16.2 and C.8.15.3
    "position": ("PlanePositionSequence", "ImagePositionPatient"),
    "orientation": ("PlaneOrientationSequence", "ImageOrientationPatient"),
    "pixel_spacing": ("PixelMeasuresSequence", "PixelSpacing"),
    "thickness": ("PixelMeasuresSequence", "SliceThickness"),
    "slope": ("PixelValueTransformationSequence", "RescaleSlope"),
    "intercept": ("PixelValueTransformationSequence", "RescaleIntercept"),
    "image_type": ("CTImageFrameTypeSequence", "FrameType"),
    "kernel": ("CTReconstructionSequence", "ConvolutionKernel"),
    "gantry_tilt": ("CTAcquisitionDetailsSequence", "GantryDetectorTilt"),
    "acquisition_number": ("FrameContentSequence", "FrameAcquisitionNumber"),
    "body_part": ("FrameAnatomySequence", "AnatomicRegionSequence"),
}

# as tags: pydicom would look each keyword up again for every file
_FIELDS = {name: (Tag(keyword), kind) for name, (keyword, kind) in _KEYWORDS.items()}
_TAGS = [tag for tag, _ in _FIELDS.values()] + [
    Tag(keyword)
    for keyword in (
        "SpecificCharacterSet",
        "NumberOfFrames",
        "ContrastBolusAgentSequence",
        "SharedFunctionalGroupsSequence",
        "PerFrameFunctionalGroupsSequence",
    )
]


def read_headers(path: str) -> List[Dict[str, Any]]:
    """Read one file's header, one document a frame.

    Parameters
    ----------
    path : str
        A file that looks like DICOM.

    Returns
    -------
    list of dict
        Arguments of `ImageHeader`; empty for a file that holds no SOP Instance. A value that cannot be read counts as
        absent: the rules that need it then refuse.

    Raises
    ------
    Exception
        Whatever pydicom raises on a file that is damaged.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(path, stop_before_pixels=True, force=True, specific_tags=list(_TAGS))
        document: Dict[str, Any] = {"path": path}
        for name, (tag, kind) in _FIELDS.items():
            value = _value(dataset, tag, kind)
            if value is not None:
                document[name] = value
        if not document.get("sop_class_uid") and not document.get("modality"):
            return []
        syntax = getattr(dataset, "file_meta", Dataset()).get("TransferSyntaxUID")
        # PS3.10 requires the syntax; files written without it are implicit little endian nearly always (PS3.5
        # section 10.1)
        document["transfer_syntax_uid"] = str(syntax or "1.2.840.10008.1.2")
        if "contrast_agent" not in document and dataset.get("ContrastBolusAgentSequence"):
            document["contrast_agent"] = "coded"
        return _per_frame(dataset, document)


def _per_frame(dataset: Dataset, document: Dict[str, Any]) -> List[Dict[str, Any]]:
    groups = dataset.get("PerFrameFunctionalGroupsSequence")
    if not groups:
        return [document]
    shared = dataset.get("SharedFunctionalGroupsSequence") or [Dataset()]
    frames = []
    for number, group in enumerate(groups):
        frame = {**document, "frame": number, "frames": len(groups)}
        for name, (sequence, keyword) in _FUNCTIONAL_GROUPS.items():
            for source in (shared[0], group):
                items = source.get(sequence)
                if items:
                    value = _group_value(items[0], name, keyword)
                    if value is not None:
                        frame[name] = value
        frames.append(frame)
    return frames


def _group_value(item: Dataset, name: str, keyword: str) -> Any:
    if name == "body_part":
        regions = item.get(keyword)
        return str(regions[0].get("CodeMeaning", "")).upper() if regions else None
    return _value(item, Tag(keyword), _KEYWORDS[name][1])


def _text(value: Any) -> str:
    return str(value).replace("\x00", "").strip()


_CONVERTERS: Mapping[str, Callable[[Any], Any]] = {
    "text": lambda value: _text(value if not _is_multiple(value) else "\\".join(map(str, value))),
    "texts": lambda value: [_text(item).upper() for item in (value if _is_multiple(value) else [value])],
    "int": lambda value: int(value),
    "float": lambda value: _finite(value[0] if _is_multiple(value) else value),
    "floats": lambda value: [_finite(item) for item in (value if _is_multiple(value) else [value])],
}


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("not a number")
    return number


def _is_multiple(value: Any) -> bool:
    return isinstance(value, (list, tuple, pydicom.multival.MultiValue))


def _value(dataset: Dataset, tag: BaseTag, kind: str) -> Any:
    """Return a value as JSON can carry it, None where it is absent or unreadable."""
    try:
        element = dataset.get(tag)
        if element is None or element.value is None or element.value == "":
            return None
        return _CONVERTERS[kind](element.value)
    except (ValueError, TypeError, ArithmeticError, AttributeError, NotImplementedError, LookupError):
        return None
