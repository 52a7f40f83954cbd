"""What else a scanner leaves on a disc: localizers, a dose page labelled CT, a dose report."""

from __future__ import annotations

from typing import List

import cv2
import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from appliance.phantom.dicomise import CT_IMAGE_STORAGE, describe_pixels, header
from appliance.phantom.options import SeriesOptions
from appliance.phantom.write import set_syntax, unique

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
DOSE_SR = "1.2.840.10008.5.1.4.1.1.88.67"


def localizers(
    lateral: np.ndarray, frontal: np.ndarray, spacing_mm: float, top_mm: float, options: SeriesOptions
) -> List[Dataset]:
    """Make the two scout images.

    Parameters
    ----------
    lateral, frontal : numpy.ndarray
        int16, any shape, first row at the top of the head.
    spacing_mm : float
        Edge of a pixel.
    top_mm : float
        z of the first row.
    options : SeriesOptions
        Series of the localizers; its positions are not used.
    """
    made = []
    axes = ([0.0, 1.0, 0.0, 0.0, 0.0, -1.0], [1.0, 0.0, 0.0, 0.0, 0.0, -1.0])
    for index, (image, orientation) in enumerate(zip((lateral, frontal), axes)):
        ds = header(options)
        ds.SOPClassUID = CT_IMAGE_STORAGE
        ds.SOPInstanceUID = unique(ds.SeriesInstanceUID, index)
        half = (image.shape[1] - 1) / 2 * spacing_mm
        ds.ScanOptions = "SCOUT MODE"
        ds.KVP = 120
        ds.SliceThickness = 1.0
        ds.PatientPosition = "HFS"
        ds.AcquisitionNumber = 0
        ds.InstanceNumber = index + 1
        ds.ImagePositionPatient = [round(-half * axis, 4) for axis in orientation[:2]] + [top_mm]
        ds.ImageOrientationPatient = orientation
        ds.FrameOfReferenceUID = unique(ds.StudyInstanceUID, "frame of reference")
        ds.PositionReferenceIndicator = "OM"
        ds.PixelSpacing = [round(spacing_mm, 7)] * 2
        describe_pixels(ds, (image.astype(np.int32) + 1024).astype("<u2"), options)
        ds.WindowCenter, ds.WindowWidth = 40, 400
        ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = -1024, 1, "HU"
        set_syntax(ds, str(ExplicitVRLittleEndian))
        made.append(ds)
    return made


def dose_page(lines: List[str], options: SeriesOptions) -> Dataset:
    """Make the picture of a dose table as a Secondary Capture that calls itself CT, as many scanners do."""
    page = np.zeros((512, 512), np.uint8)
    for row, line in enumerate(lines):
        cv2.putText(page, line, (20, 50 + 32 * row), cv2.FONT_HERSHEY_SIMPLEX, 0.55, 255, 1, cv2.LINE_AA)
    ds = header(options)
    ds.SOPClassUID = SECONDARY_CAPTURE
    ds.SOPInstanceUID = unique(ds.SeriesInstanceUID, 0)
    ds.ConversionType = "WSD"
    ds.InstanceNumber = 1
    ds.PatientOrientation = ""
    describe_pixels(ds, page, options)
    ds.WindowCenter, ds.WindowWidth = 128, 256
    set_syntax(ds, str(ExplicitVRLittleEndian))
    return ds


def dose_report(ctdi_mgy: float, dlp_mgy_cm: float, options: SeriesOptions) -> Dataset:
    """Make an X-Ray Radiation Dose SR with the CT dose of one acquisition (PS3.16 TID 10011, abridged)."""
    ds = header(options)
    del ds.ImageType
    ds.Modality = "SR"
    ds.SOPClassUID = DOSE_SR
    ds.SOPInstanceUID = unique(ds.SeriesInstanceUID, 0)
    ds.InstanceNumber = 1
    ds.CompletionFlag = "COMPLETE"
    ds.VerificationFlag = "UNVERIFIED"
    ds.ReferencedPerformedProcedureStepSequence = Sequence([])
    ds.PerformedProcedureCodeSequence = Sequence([])
    ds.ValueType = "CONTAINER"
    ds.ConceptNameCodeSequence = Sequence([_code("113701", "DCM", "X-Ray Radiation Dose Report")])
    ds.ContinuityOfContent = "SEPARATE"
    dose = _content("CONTAINER", _code("113829", "DCM", "CT Dose"))
    dose.ContinuityOfContent = "SEPARATE"
    dose.ContentSequence = Sequence(
        [
            _number(_code("113830", "DCM", "Mean CTDIvol"), ctdi_mgy, _code("mGy", "UCUM", "mGy")),
            _number(_code("113838", "DCM", "DLP"), dlp_mgy_cm, _code("mGy.cm", "UCUM", "mGy.cm")),
        ]
    )
    acquisition = _content("CONTAINER", _code("113819", "DCM", "CT Acquisition"))
    acquisition.ContinuityOfContent = "SEPARATE"
    acquisition.ContentSequence = Sequence([dose])
    ds.ContentSequence = Sequence([acquisition])
    set_syntax(ds, str(ExplicitVRLittleEndian))
    return ds


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return code


def _content(value_type: str, name: Dataset) -> Dataset:
    item = Dataset()
    item.RelationshipType = "CONTAINS"
    item.ValueType = value_type
    item.ConceptNameCodeSequence = Sequence([name])
    return item


def _number(name: Dataset, value: float, unit: Dataset) -> Dataset:
    item = _content("NUM", name)
    measured = Dataset()
    measured.NumericValue = round(value, 2)
    measured.MeasurementUnitsCodeSequence = Sequence([unit])
    item.MeasuredValueSequence = Sequence([measured])
    return item
