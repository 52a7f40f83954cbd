"""Compressed transfer syntaxes, made by GDCM."""

from __future__ import annotations

import os
from pathlib import Path

from appliance.errors import TriageError

JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"
JPEG_LS_LOSSLESS = "1.2.840.10008.1.2.4.80"
JPEG_2000_LOSSLESS = "1.2.840.10008.1.2.4.90"


class TranscodeError(TriageError):
    """GDCM is absent, or cannot make the transfer syntax that was asked for."""

    code = "cannot_transcode"


def transcode(path: Path, syntax: str) -> None:
    """Rewrite an uncompressed DICOM image in place in another transfer syntax.

    Parameters
    ----------
    path : pathlib.Path
        A file in a little-endian syntax; 8 bits a pixel for JPEG Baseline.
    syntax : str
        UID of the transfer syntax, one of the constants of this module.

    Raises
    ------
    TranscodeError
        When GDCM is not installed or refuses.
    """
    try:
        import gdcm
    except ImportError as error:
        raise TranscodeError("Compressed discs need GDCM: install the package python-gdcm.") from error
    reader = gdcm.ImageReader()
    reader.SetFileName(str(path))
    if not reader.Read():
        raise TranscodeError(f"GDCM cannot read {path.name}.")
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(syntax)))
    change.SetInput(reader.GetImage())
    if not change.Change():
        raise TranscodeError(f"GDCM cannot write {path.name} in transfer syntax {syntax}.")
    writer = gdcm.ImageWriter()
    temporary = path.with_name(path.name + ".part")
    writer.SetFileName(str(temporary))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    if not writer.Write():
        raise TranscodeError(f"GDCM cannot write {path.name} in transfer syntax {syntax}.")
    os.replace(temporary, path)
