"""One series written as a single Enhanced CT multi-frame image (PS3.3 A.38)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from appliance.phantom.dicomise import (
    corner,
    describe_pixels,
    header,
    orientation,
    set_extra,
    stored_values,
    write_dataset,
)
from appliance.phantom.options import SeriesOptions
from appliance.phantom.write import unique

ENHANCED_CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2.1"


def write_enhanced(path: Path, volume: np.ndarray, options: SeriesOptions) -> Path:
    """Write all slices as frames of one Enhanced CT image.

    Parameters
    ----------
    path : pathlib.Path
        The file; its folder is made if absent.
    volume : numpy.ndarray
        int16, shape ``(n, rows, rows)``, Hounsfield units, one slice for each position.
    options : SeriesOptions
        Everything that is not pixels.

    Raises
    ------
    ValueError
        When there are not as many positions as slices.
    appliance.phantom.transcode.TranscodeError
        When the syntax needs GDCM and it is absent or refuses.
    """
    if len(volume) != len(options.positions_mm):
        raise ValueError(f"{len(volume)} slices but {len(options.positions_mm)} positions")
    path.parent.mkdir(parents=True, exist_ok=True)
    ds = header(options)
    ds.SOPClassUID = ENHANCED_CT_IMAGE_STORAGE
    ds.SOPInstanceUID = unique(ds.SeriesInstanceUID, "enhanced")
    ds.ImageType = [
        *options.image_type[:2],
        "VOLUME" if len(options.image_type) < 3 else options.image_type[2],
        "NONE",
    ]
    ds.AcquisitionDateTime = options.study_date + options.study_time
    ds.AcquisitionNumber = options.acquisition_number
    ds.InstanceNumber = 1
    ds.PatientPosition = "HFS"
    ds.FrameOfReferenceUID = unique(ds.StudyInstanceUID, "frame of reference")
    ds.PositionReferenceIndicator = "OM"
    ds.ContentQualification = "RESEARCH"
    ds.PixelPresentation = "MONOCHROME"
    ds.VolumetricProperties = "VOLUME"
    ds.VolumeBasedCalculationTechnique = "NONE"
    ds.BurnedInAnnotation = "NO"
    ds.PresentationLUTShape = "IDENTITY"
    if options.contrast_agent:
        ds.ContrastBolusAgentSequence = Sequence([_code("C-B0300", "SRT", options.contrast_agent)])

    stored = [stored_values(image, options) for image in volume]
    values, slope = np.stack([pixels for pixels, _ in stored]), stored[0][1]
    ds.LossyImageCompression = "00"
    describe_pixels(ds, values, options)
    ds.NumberOfFrames = len(volume)

    dimension = unique(ds.SeriesInstanceUID, "dimension")
    ds.DimensionOrganizationSequence = Sequence([_item(DimensionOrganizationUID=dimension)])
    ds.DimensionOrganizationType = "3D"
    ds.DimensionIndexSequence = Sequence(
        [
            _item(
                DimensionOrganizationUID=dimension,
                DimensionIndexPointer=0x00209057,  # In-Stack Position Number
                FunctionalGroupPointer=0x00209111,  # Frame Content Sequence
            )
        ]
    )
    ds.SharedFunctionalGroupsSequence = Sequence([_shared(options, slope)])
    ds.PerFrameFunctionalGroupsSequence = Sequence(
        [_frame(options, index, values.shape[-1]) for index in range(len(volume))]
    )
    set_extra(ds, options)
    return write_dataset(ds, path, options.transfer_syntax)


def _item(**elements: object) -> Dataset:
    item = Dataset()
    for keyword, value in elements.items():
        setattr(item, keyword, value)
    return item


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    return _item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def _shared(options: SeriesOptions, slope: int) -> Dataset:
    """Functional groups that hold for every frame (PS3.3 C.7.6.16.2 and C.8.15.3)."""
    spacing = [round(options.pixel_spacing_mm, 7)] * 2
    bone = options.kernel.upper().startswith("BONE")
    groups = {
        "PixelMeasuresSequence": _item(PixelSpacing=spacing, SliceThickness=options.thickness_mm),
        "PlaneOrientationSequence": _item(ImageOrientationPatient=orientation(options.tilt_deg)),
        "FrameAnatomySequence": _item(
            FrameLaterality="U", AnatomicRegionSequence=Sequence([_code("69536005", "SCT", "Head")])
        ),
        "CTImageFrameTypeSequence": _item(
            FrameType=[*options.image_type[:2], "VOLUME", "NONE"],
            PixelPresentation="MONOCHROME",
            VolumetricProperties="VOLUME",
            VolumeBasedCalculationTechnique="NONE",
        ),
        "CTAcquisitionTypeSequence": _item(AcquisitionType="SEQUENCED", TubeAngle=0.0, ConstantVolumeFlag="NO"),
        "CTReconstructionSequence": _item(
            ReconstructionAlgorithm="FILTER_BACK_PROJ",
            ConvolutionKernel=options.kernel,
            ReconstructionDiameter=240.0,
        ),
        "CTXRayDetailsSequence": _item(KVP=120),
        "PixelValueTransformationSequence": _item(
            RescaleIntercept=options.rescale_intercept if slope == 1 else -1024,
            RescaleSlope=slope,
            RescaleType="HU",
        ),
        "FrameVOILUTSequence": _item(WindowCenter=500 if bone else 40, WindowWidth=2500 if bone else 120),
    }
    return _item(**{keyword: Sequence([item]) for keyword, item in groups.items()})


def _frame(options: SeriesOptions, index: int, rows: int) -> Dataset:
    """Functional groups of one frame; frames count along the stack in the order of the positions."""
    place = int(np.argsort(np.argsort(options.positions_mm))[index]) + 1
    return _item(
        FrameContentSequence=Sequence(
            [
                _item(
                    FrameAcquisitionNumber=options.acquisition_number,
                    StackID="1",
                    InStackPositionNumber=place,
                    DimensionIndexValues=[place],
                )
            ]
        ),
        PlanePositionSequence=Sequence(
            [_item(ImagePositionPatient=corner(options, float(options.positions_mm[index]), rows))]
        ),
    )
