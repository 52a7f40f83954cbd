"""Whose a received object is: read from its encoded data set, up to the study's UID and no further."""

from __future__ import annotations

import io
import warnings
import zlib
from dataclasses import dataclass
from typing import BinaryIO

from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag, Tag
from pydicom.uid import UID

_SOP_CLASS = Tag("SOPClassUID")
_SOP_INSTANCE = Tag("SOPInstanceUID")
_PATIENT_ID = Tag("PatientID")
_STUDY = Tag("StudyInstanceUID")

_DEFLATED = "1.2.840.10008.1.2.1.99"
_HEAD_MAX = 256 << 10
"""The identifying elements stand at the beginning. More is not looked at: it takes memory and time to read, and anybody
can send it."""


class UnidentifiedObjectError(Exception):
    """The data set cannot be read as far as its study, or names none."""


@dataclass(frozen=True)
class Identity:
    """What tells an object from others.

    Attributes
    ----------
    sop_class_uid, sop_instance_uid, study_instance_uid : str
        UIDs as the data set has them.
    patient_id : bytes
        As it is encoded, without padding; empty where there is none. It is compared, never shown.
    """

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    patient_id: bytes


def identify(encoded: BinaryIO, transfer_syntax: UID) -> Identity:
    """Read who a data set belongs to; its pixels are not touched.

    Parameters
    ----------
    encoded : binary file
        The data set without file meta information, as C-STORE carries it; read from its beginning.
    transfer_syntax : pydicom.uid.UID
        Its encoding.

    Raises
    ------
    UnidentifiedObjectError
        When it is damaged or lacks one of the UIDs.
    """
    encoded.seek(0)
    head = encoded.read(_HEAD_MAX)
    try:
        if transfer_syntax == _DEFLATED:
            head = zlib.decompressobj(-zlib.MAX_WBITS).decompress(head, _HEAD_MAX)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = read_dataset(
                io.BytesIO(head),
                transfer_syntax.is_implicit_VR,
                transfer_syntax.is_little_endian,
                stop_when=_is_behind_study,
                specific_tags=[_SOP_CLASS, _SOP_INSTANCE, _PATIENT_ID, _STUDY],
            )
            found = Identity(
                _raw(dataset, _SOP_CLASS).decode("ascii"),
                _raw(dataset, _SOP_INSTANCE).decode("ascii"),
                _raw(dataset, _STUDY).decode("ascii"),
                _raw(dataset, _PATIENT_ID),
            )
    except Exception as error:  # noqa: BLE001
        # pydicom may raise anything on a damaged data set
        raise UnidentifiedObjectError("the data set is damaged") from error
    if not (found.sop_class_uid and found.sop_instance_uid and found.study_instance_uid):
        raise UnidentifiedObjectError("the data set lacks its class, its instance's or its study's UID")
    return found


def _is_behind_study(tag: BaseTag, vr: object, length: int) -> bool:
    return tag > _STUDY


def _raw(dataset: Dataset, tag: BaseTag) -> bytes:
    element = dataset.get_item(tag)
    value = element.value if element is not None else None
    return value.strip(b" \0") if isinstance(value, bytes) else b""
