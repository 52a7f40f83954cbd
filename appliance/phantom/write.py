"""Writing one data set as a DICOM file, the same with pydicom 2 and 3."""

from __future__ import annotations

from pathlib import Path

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRBigEndian, ImplicitVRLittleEndian, RLELossless, generate_uid

_PYDICOM_2 = pydicom.__version__.startswith("2.")


def unique(*sources: object) -> str:
    """Make a UID that depends on nothing but `sources`."""
    return str(generate_uid(entropy_srcs=[str(source) for source in sources]))


def set_syntax(dataset: Dataset, syntax: str) -> None:
    """Give a data set its file meta information; `syntax` must be one that pydicom writes unaided.

    Raises
    ------
    ValueError
        When the syntax is a compressed one other than RLE, which `transcode` makes.
    """
    uid = UID(syntax)
    if uid.is_encapsulated and uid != RLELossless:
        raise ValueError(f"{uid.name} is made by transcoding")
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = uid
    meta.ImplementationClassUID = UID(unique("phantom", "implementation"))
    meta.ImplementationVersionName = "PHANTOM"
    dataset.file_meta = meta
    if _PYDICOM_2:
        dataset.is_little_endian = uid != ExplicitVRBigEndian
        dataset.is_implicit_VR = uid == ImplicitVRLittleEndian


def save(dataset: Dataset, path: Path) -> None:
    """Write a data set that `set_syntax` has prepared, with preamble and file meta information."""
    if _PYDICOM_2:
        dataset.save_as(path, write_like_original=False)
    else:
        dataset.save_as(path, enforce_file_format=True)


def compress_rle(dataset: Dataset) -> None:
    """Compress the pixels of a prepared data set with RLE Lossless, keeping its SOP Instance UID."""
    if _PYDICOM_2:
        dataset.compress(RLELossless, encoding_plugin="pydicom")
    else:
        dataset.compress(RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
