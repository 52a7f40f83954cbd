"""The closed list of reasons that may stand beside a verdict, and their words."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Mapping


class ReasonCode(str, Enum):
    """Every reason a verdict may give. Each member's value is its code; `SENTENCES` holds its words."""

    # findings: why the verdict is red or green
    ABOVE_OPERATING_POINT = "above_operating_point"
    BELOW_OPERATING_POINT = "below_operating_point"
    # notes: true beside any verdict
    UNREADABLE_FILES = "unreadable_files"
    MISSING_FILES = "missing_files"
    MEDIUM_REMOVED = "medium_removed"
    # refusals: why the appliance cannot judge
    NO_BRAIN = "no_brain"
    TOO_FEW_SLICES = "too_few_slices"
    PARTIAL_BRAIN = "partial_brain"
    NOT_CT = "not_ct"
    NOT_HEAD = "not_head"
    NOT_AXIAL = "not_axial"
    NOT_HOUNSFIELD = "not_hounsfield"
    NO_PIXELS = "no_pixels"
    DERIVED_ONLY = "derived_only"
    CONTRAST = "contrast"
    BONE_KERNEL_ONLY = "bone_kernel_only"
    LOCALIZER_ONLY = "localizer_only"
    LOSSY = "lossy"
    INCONSISTENT_GEOMETRY = "inconsistent_geometry"
    DAMAGED_PIXELS = "damaged_pixels"
    DAMAGED_HEADER = "damaged_header"
    SEVERAL_PATIENTS = "several_patients"
    SEVERAL_STUDIES = "several_studies"
    UNSUPPORTED_SYNTAX = "unsupported_syntax"
    PHOTO_NOT_BRAIN_WINDOW = "photo_not_brain_window"
    PHOTO_UNREADABLE = "photo_unreadable"
    PHOTO_NOT_MEASURED = "photo_not_measured"
    PHOTO_TOO_SMALL = "photo_too_small"
    PHOTO_TOO_DARK = "photo_too_dark"
    PHOTO_OVEREXPOSED = "photo_overexposed"
    PHOTO_GLARE = "photo_glare"
    PHOTO_BLURRED = "photo_blurred"
    PHOTO_NOISY = "photo_noisy"
    PHOTO_PATTERN = "photo_pattern"
    PHOTO_NO_SCREEN = "photo_no_screen"
    PHOTO_NO_SLICES = "photo_no_slices"
    PHOTO_INCOMPLETE = "photo_incomplete"
    PHOTO_SLICES_MISSED = "photo_slices_missed"
    LESS_SUITABLE = "less_suitable"  # why a series was not the one to judge although nothing is wrong with it


SENTENCES: Mapping[ReasonCode, str] = {
    ReasonCode.ABOVE_OPERATING_POINT: "A pattern of bleeding is suspected; it is strongest in zone %(zone)s of 8, "
    "counted from the base of the skull.",
    ReasonCode.BELOW_OPERATING_POINT: "No zone of the brain shows a pattern of bleeding above the operating point.",
    ReasonCode.UNREADABLE_FILES: "%(count)s files on the medium could not be read; they were left out.",
    ReasonCode.MISSING_FILES: "The disc's directory names %(count)s files that are not on the disc.",
    ReasonCode.MEDIUM_REMOVED: "The medium went away before %(count)s of its files were read. Insert it again.",
    ReasonCode.NO_BRAIN: "No brain is visible in these images. Read the study now; "
    "check that the right series was sent.",
    ReasonCode.TOO_FEW_SLICES: "The series has too few slices for a whole head (%(count)s). "
    "Read the study now; then send all of it.",
    ReasonCode.PARTIAL_BRAIN: "The images do not cover the whole brain. "
    "Read the study now; then send the complete series.",
    ReasonCode.NOT_CT: "These are not CT images. The appliance judges CT of the head only.",
    ReasonCode.NOT_HEAD: "The images are of another part of the body (%(part)s). "
    "The appliance judges CT of the head only.",
    ReasonCode.NOT_AXIAL: "The slices are not axial. Send the original axial series.",
    ReasonCode.NOT_HOUNSFIELD: "The pixel values are not Hounsfield units. Send the original axial series.",
    ReasonCode.NO_PIXELS: "The objects hold no images. Send the axial CT series.",
    ReasonCode.DERIVED_ONLY: "Only reformatted or derived images were found. Send the original axial series.",
    ReasonCode.CONTRAST: "The images were made with contrast agent, which looks like blood. Read the study now.",
    ReasonCode.BONE_KERNEL_ONLY: "Only images for bone were found. Send the series made for soft tissue.",
    ReasonCode.LOCALIZER_ONLY: "Only localizer (scout) images were found. Send the axial series.",
    ReasonCode.LOSSY: "The images were compressed with loss, which can hide a small bleed. "
    "Send them uncompressed or lossless.",
    ReasonCode.INCONSISTENT_GEOMETRY: "The positions of the slices do not fit together (%(detail)s). "
    "Slices may be missing. Read the study now; then send it again.",
    ReasonCode.DAMAGED_PIXELS: "Images of this series are damaged (%(detail)s). "
    "Read the study now; then send it again.",
    ReasonCode.DAMAGED_HEADER: "Headers of this series are damaged (%(detail)s). "
    "Read the study now; then send it again.",
    ReasonCode.SEVERAL_PATIENTS: "Images of %(count)s patients were found together. Choose the study to judge.",
    ReasonCode.SEVERAL_STUDIES: "%(count)s head CT studies of this patient were found. Choose the study to judge.",
    ReasonCode.UNSUPPORTED_SYNTAX: "The images are stored in a form that the appliance cannot decode (%(syntax)s). "
    "Send them uncompressed.",
    ReasonCode.PHOTO_NOT_BRAIN_WINDOW: "The pictures are not head CT in a brain window. "
    "Set the viewer to width 80 to 120, level 35 to 40.",
    ReasonCode.PHOTO_UNREADABLE: "The picture %(name)s cannot be read.",
    ReasonCode.PHOTO_NOT_MEASURED: "The installed network was not measured on photographs of screens. "
    "Send the study itself.",
    ReasonCode.PHOTO_TOO_SMALL: "The slices are too small in the photograph. Go closer, or show fewer at once.",
    ReasonCode.PHOTO_TOO_DARK: "The photograph is too dark or too pale. Make the screen brighter, or the room darker.",
    ReasonCode.PHOTO_OVEREXPOSED: "The photograph is overexposed. Touch the slices on the telephone's screen "
    "to set its exposure, or make the monitor darker.",
    ReasonCode.PHOTO_GLARE: "Light is reflected in the screen. Switch the lamp off, or change where you stand.",
    ReasonCode.PHOTO_BLURRED: "The photograph is blurred. Wait until it is in focus, and hold still.",
    ReasonCode.PHOTO_NOISY: "The photograph is grainy. Make the screen brighter, or hold still a little longer.",
    ReasonCode.PHOTO_PATTERN: "The screen's pixels make a pattern in the photograph. Change the distance a little.",
    ReasonCode.PHOTO_NO_SCREEN: "No screen with CT images is visible in the photo. "
    "Read the study now; then take the photo again, from the front, with the whole screen in it.",
    ReasonCode.PHOTO_NO_SLICES: "No CT images of a head were found on the screen. "
    "Read the study now; then show the brain slices as one large image or as tiles, and take the photo again.",
    ReasonCode.PHOTO_INCOMPLETE: "Not every slice on the screen could be read. "
    "Read the study now; then take the photo again, from the front, with the whole screen in it.",
    ReasonCode.PHOTO_SLICES_MISSED: "Slices may have passed unseen (in %(count)s places), and in the others "
    "no pattern of bleeding was found. Read the study now; then scroll again, more slowly, and rest on each slice.",
    ReasonCode.LESS_SUITABLE: "Another series of the same scan suits better.",
}


@dataclass(frozen=True)
class Reason:
    """One reason: a code of the closed list and the values that its sentence names.

    Attributes
    ----------
    code : ReasonCode
        What is meant.
    values : mapping of str to str or int
        What the sentence in `SENTENCES` leaves open.
    """

    code: ReasonCode
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """The reason as an English sentence."""
        return SENTENCES[self.code] % self.values


class Refused(Exception):
    """Raised on the way to a verdict when the input cannot be judged; the pipeline turns it into a `refer`.

    Parameters
    ----------
    reasons : Reason
        At least one, the weightiest first.
    """

    def __init__(self, *reasons: Reason) -> None:
        super().__init__(", ".join(reason.code.value for reason in reasons))
        self.reasons = reasons
