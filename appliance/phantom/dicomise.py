"""One series of slices written as single-frame CT images."""

from __future__ import annotations

import math
from pathlib import Path
from typing import List, Tuple

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, RLELossless

from appliance.phantom.head import CENTRE_MM
from appliance.phantom.options import SeriesOptions
from appliance.phantom.transcode import JPEG_BASELINE, transcode
from appliance.phantom.write import compress_rle, save, set_syntax, unique

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"


def study_uid(options: SeriesOptions) -> str:
    """Return the Study Instance UID, given or made from the seed."""
    return options.study_uid or unique(options.seed, "study")


def series_uid(options: SeriesOptions) -> str:
    """Return the Series Instance UID, given or made from the seed and the series."""
    return options.series_uid or unique(study_uid(options), options.series_number, options.series_description)


def header(options: SeriesOptions) -> Dataset:
    """Return what every object of a series has in common: patient, study, series, equipment."""
    ds = Dataset()
    charset = options.patient.charset
    ds.SpecificCharacterSet = charset[0] if len(charset) == 1 else list(charset)
    ds.ImageType = list(options.image_type)
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = options.study_date
    ds.StudyTime = ds.SeriesTime = ds.AcquisitionTime = ds.ContentTime = options.study_time
    ds.AccessionNumber = f"A{options.seed:06d}"
    ds.Modality = "CT"
    ds.Manufacturer = "Phantom"
    ds.ManufacturerModelName = "Simulated CT"
    ds.InstitutionName = "Simulated"
    ds.ReferringPhysicianName = ""
    ds.StationName = "PHANTOM"
    ds.StudyDescription = options.study_description
    ds.SeriesDescription = options.series_description
    ds.PatientName = options.patient.name
    ds.PatientID = options.patient.patient_id
    ds.PatientBirthDate = options.patient.birth_date
    ds.PatientSex = options.patient.sex
    ds.BodyPartExamined = options.body_part
    ds.DeviceSerialNumber = "0"
    ds.SoftwareVersions = "1"
    ds.ProtocolName = options.protocol
    ds.StudyInstanceUID = study_uid(options)
    ds.SeriesInstanceUID = series_uid(options)
    ds.StudyID = "1"
    ds.SeriesNumber = options.series_number
    return ds


def orientation(tilt_deg: float) -> List[float]:
    """Image Orientation (Patient) of an axial slice whose gantry is tilted (PS3.3 C.7.6.2.1.1)."""
    tilt = math.radians(tilt_deg)
    return [1.0, 0.0, 0.0, 0.0, round(math.cos(tilt), 7), round(-math.sin(tilt), 7)]


def corner(options: SeriesOptions, z: float, rows: int) -> List[float]:
    """Image Position (Patient) of the slice that crosses the middle of the table at `z`."""
    half = (rows - 1) / 2 * options.pixel_spacing_mm
    tilt = math.radians(options.tilt_deg)
    position = (CENTRE_MM[0] - half, CENTRE_MM[1] - half * math.cos(tilt), z + half * math.sin(tilt))
    return [round(value, 5) for value in position]


def stored_values(image: np.ndarray, options: SeriesOptions) -> Tuple[np.ndarray, int]:
    """Turn Hounsfield units into what the file holds, and the Rescale Slope that turns them back."""
    if options.transfer_syntax == JPEG_BASELINE:
        return np.clip((image.astype(np.int32) + 1024) // 8, 0, 255).astype(np.uint8), 8
    values = image.astype(np.int32) - options.rescale_intercept
    if options.padding is not None:
        axis = np.linspace(-1, 1, image.shape[0])
        values[np.hypot(axis[:, None], axis[None, :]) > 1] = options.padding
    limits = np.iinfo(np.int16 if options.signed else np.uint16)
    return np.clip(values, limits.min, limits.max).astype(limits.dtype), 1


def describe_pixels(ds: Dataset, values: np.ndarray, options: SeriesOptions) -> None:
    """Write the Image Pixel module (PS3.3 C.7.6.3) for stored values of shape ``(..., rows, columns)``."""
    bits = values.dtype.itemsize * 8
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = options.photometric
    ds.Rows, ds.Columns = values.shape[-2:]
    ds.BitsAllocated = ds.BitsStored = bits
    ds.HighBit = bits - 1
    ds.PixelRepresentation = int(options.signed and bits == 16)
    if options.padding is not None:
        ds.PixelPaddingValue = options.padding
    order = ">" if options.transfer_syntax == ExplicitVRBigEndian else "<"
    ordered = values.astype(order + values.dtype.str[1:])
    ds.add_new("PixelData", "OW" if bits == 16 else "OB", ordered.tobytes())
    if options.transfer_syntax == JPEG_BASELINE:
        ds.LossyImageCompression, ds.LossyImageCompressionMethod = "01", "ISO_10918_1"


def slice_dataset(image: np.ndarray, index: int, options: SeriesOptions) -> Dataset:
    """Make the CT image of one slice, without file meta information.

    Parameters
    ----------
    image : numpy.ndarray
        int16, shape ``(rows, rows)``, Hounsfield units.
    index : int
        Its place in ``options.positions_mm``.
    options : SeriesOptions
        The rest.
    """
    ds = header(options)
    z = float(options.positions_mm[index])
    rows = image.shape[0]
    ds.SOPClassUID = CT_IMAGE_STORAGE
    ds.SOPInstanceUID = unique(ds.SeriesInstanceUID, index)
    if options.contrast_agent:
        ds.ContrastBolusAgent = options.contrast_agent
    ds.ScanOptions = "AXIAL MODE"
    ds.SliceThickness = options.thickness_mm
    ds.KVP = 120
    ds.DataCollectionDiameter = 250
    ds.ReconstructionDiameter = round(rows * options.pixel_spacing_mm, 3)
    ds.GantryDetectorTilt = options.tilt_deg
    ds.TableHeight = 150
    ds.RotationDirection = "CW"
    ds.ExposureTime = 1000
    ds.XRayTubeCurrent = 250
    ds.ConvolutionKernel = options.kernel
    ds.PatientPosition = "HFS"
    ds.AcquisitionNumber = options.acquisition_number
    if options.instance_numbers:
        ds.InstanceNumber = index + 1
    ds.ImagePositionPatient = corner(options, z, rows)
    ds.ImageOrientationPatient = orientation(options.tilt_deg)
    ds.FrameOfReferenceUID = unique(ds.StudyInstanceUID, "frame of reference")
    ds.PositionReferenceIndicator = "OM"
    ds.SliceLocation = round(z, 3)
    ds.PixelSpacing = [round(options.pixel_spacing_mm, 7)] * 2
    values, slope = stored_values(image, options)
    describe_pixels(ds, values, options)
    bone = options.kernel.upper().startswith("BONE")
    ds.WindowCenter, ds.WindowWidth = (500, 2500) if bone else (40, 120)
    ds.RescaleIntercept = options.rescale_intercept if slope == 1 else -1024
    ds.RescaleSlope = slope
    ds.RescaleType = "HU"
    set_extra(ds, options)
    return ds


def set_extra(ds: Dataset, options: SeriesOptions) -> None:
    """Set or, where the value is None, delete the elements that the options name."""
    for keyword, value in options.extra.items():
        if value is not None:
            setattr(ds, keyword, value)
        elif keyword in ds:
            delattr(ds, keyword)


def write_dataset(ds: Dataset, path: Path, transfer_syntax: str) -> Path:
    """Write a data set with uncompressed pixels in any syntax this package knows.

    Raises
    ------
    appliance.phantom.transcode.TranscodeError
        When the syntax needs GDCM and it is absent or refuses.
    """
    encapsulated = UID(transfer_syntax).is_encapsulated
    set_syntax(ds, str(ExplicitVRLittleEndian) if encapsulated else transfer_syntax)
    if transfer_syntax == RLELossless:
        compress_rle(ds)
    save(ds, path)
    if encapsulated and transfer_syntax != RLELossless:
        transcode(path, transfer_syntax)
    return path


def write_series(folder: Path, volume: np.ndarray, options: SeriesOptions) -> List[Path]:
    """Write a series, one file a slice, named ``0001.dcm`` onwards in the order of ``options.positions_mm``.

    Parameters
    ----------
    folder : pathlib.Path
        Made if absent.
    volume : numpy.ndarray
        int16, shape ``(n, rows, rows)``, Hounsfield units, one slice for each position.
    options : SeriesOptions
        Everything that is not pixels.

    Returns
    -------
    list of pathlib.Path
        The files in the order of the slices.

    Raises
    ------
    ValueError
        When there are not as many positions as slices.
    appliance.phantom.transcode.TranscodeError
        When the syntax needs GDCM and it is absent or refuses.
    """
    if len(volume) != len(options.positions_mm):
        raise ValueError(f"{len(volume)} slices but {len(options.positions_mm)} positions")
    folder.mkdir(parents=True, exist_ok=True)
    return [
        write_dataset(slice_dataset(image, index, options), folder / f"{index + 1:04d}.dcm", options.transfer_syntax)
        for index, image in enumerate(volume)
    ]
