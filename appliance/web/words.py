"""Sentences that depend on what happened. Each English text here is looked up in the catalogue of translations."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Mapping

from flask_babel import gettext, ngettext

from appliance.reasons import SENTENCES, Reason, ReasonCode
from appliance.store.troubles import SENTENCES as TROUBLE_SENTENCES
from appliance.store.troubles import Trouble
from appliance.web.formats import local_time

ERROR_SENTENCES: Mapping[str, str] = {
    "no_dicom": "No DICOM image and no photograph was found. Check that the right folder or disc was chosen.",
    "bad_archive": "The zip archive is damaged, encrypted or too large. Pack one study again, without a password.",
    "unreadable_path": "The files cannot be read, or are too many for one study. Send one study again.",
    "unknown_study": "The chosen study was not found among the files. Send them again.",
    "bad_model": "The appliance cannot judge: its network is absent or damaged. Read the study now.",
    "interrupted": "The appliance stopped while judging these files. Read the study now.",
    "store_busy": "The appliance is busy with its own records. Try again; if it fails again, read the study now.",
    "bad_store": "The appliance cannot use its records. Read the study now.",
    "damaged_store": "The appliance's records are damaged. Read the study now; new ones are begun soon.",
    "internal": "The appliance failed while judging these files. Read the study now.",
    "empty_upload": "Nothing came in. Choose the folder or the zip archive of one study.",
    "upload_too_large": "These are more files or megabytes than one study may have. Send one study.",
    "disk_full": "The appliance's disk is full. Read the study now; remove old cases and send it again.",
    "disk_read_only": "The appliance's disk cannot be written. Read the study now, and have the disk checked.",
    "no_name": "Write your name, with 60 characters at most, and send it again.",
    "bad_feedback": "Choose one of the four colours; a note has 2000 characters at most. Send it again.",
    "patient_named": "The note names the patient. Notes are kept longer than the case: leave name and ID out.",
    "no_patient": "Write the patient's ID or name, with 100 characters at most, and send it again.",
    "camera_busy": "The camera is in use. Wait for the end of the other capture, or use another camera.",
    "no_frame": "This is no picture of a camera, or it is too large. Begin the capture again.",
    "camera_failed": "The appliance failed while looking at the pictures. Begin the capture again.",
    "camera_interrupted": "The appliance stopped while looking at the pictures. Begin the capture again.",
    "bad_source": "The camera cannot be used as it is set up. Ask an administrator to correct [camera] source.",
    "too_many_photographs": "These are more than 64 photographs. Send those of one study.",
    "bad_backup": "No copy could be made. Make room on the appliance's disk, then try again.",
    "broken_form": "The files did not arrive completely. Send them again.",
    "login_needed": "Log in first. The session may be over.",
    "not_allowed": "Your role does not allow this. Ask an administrator.",
    "form_token": "This form is too old. Open its page again, and send it once more.",
    "wrong_login": "Name, password or code is wrong.",
    "wrong_code": "This code is wrong, was used, or is too old. Ask for a new one.",
    "different_passwords": "The two passwords differ. Type the same one twice.",
    "weak_password": "Choose another password: 12 to 128 characters, no common word with digits, no row of keys, "
    "not the name. Several words in a row are good.",
    "too_many_attempts": "Too many attempts failed. Wait, at most 15 minutes, and try again.",
    "bad_person": "This cannot be done: the name is taken or has spaces, or no administrator would be left.",
}
"""What a page says of an error, by its code: an error's own message may name a folder of this machine."""

HTTP_SENTENCES: Mapping[int, str] = {
    400: "The appliance did not understand this request. Go back to the start page.",
    403: "This request came from another site and was refused. Open the start page and try again.",
    404: "There is nothing at this address. The case may have been removed.",
    405: "This address does not take such a request. Go back to the start page.",
    429: "Too many pictures come at once. Load the page again.",
    413: "These are more files or megabytes than one study may have. Send one study.",
    500: "The appliance failed. Try again; if it fails again, read the study now.",
}

BODY_PARTS = (
    "chest",
    "thorax",
    "lung",
    "lungs",
    "abdomen",
    "pelvis",
    "spine",
    "neck",
    "heart",
    "cardiac",
    "coronary",
    "liver",
    "kidney",
    "knee",
    "foot",
    "ankle",
    "hand",
    "wrist",
    "elbow",
    "shoulder",
    "hip",
    "hips",
    "leg",
    "legs",
    "arm",
    "arms",
    "extremity",
)
"""What `not_head` names, where the header says it in English."""

DETAILS = (
    "images of different orientation or size",
    "several images at one position",
    "a step of # mm",
    "a gap of # mm at # mm",
    "a slice aside the others",
    "no positions",
    "no slice in zone # of #",
    "values beyond Bits Stored",
    "values beyond Hounsfield units",
    "no image",
    "# files",
    "frame # of # is absent",
    "bytes after the pixel data",
    "RLE data of another length",
    "slope differs from image to image",
    "intercept differs from image to image",
    "bits_stored differs from image to image",
    "pixel_representation differs from image to image",
    "slice #: rows without noise",
    "slice #: torn rows",
    "slice #: scattered wrong values",
    "slice #: no brain where its neighbours show some",
    "slice #: noise unlike that of the others",
    "slice #: the same as another",
    "undecodable",
    "too little memory",
    "the decoder stopped",
    "pixels that are not square",
)
"""What the reasons about geometry and damage name, with # for each number."""

SERIES_SENTENCES: Mapping[ReasonCode, str] = {
    ReasonCode.NO_BRAIN: "No brain visible",
    ReasonCode.TOO_FEW_SLICES: "Too few slices (%(count)s)",
    ReasonCode.PARTIAL_BRAIN: "Brain not covered completely",
    ReasonCode.NOT_CT: "Not CT images",
    ReasonCode.NOT_HEAD: "Another part of the body (%(part)s)",
    ReasonCode.NOT_AXIAL: "Not axial",
    ReasonCode.NOT_HOUNSFIELD: "Not in Hounsfield units",
    ReasonCode.NO_PIXELS: "Without images",
    ReasonCode.DERIVED_ONLY: "Reformatted or derived images",
    ReasonCode.CONTRAST: "Contrast agent",
    ReasonCode.BONE_KERNEL_ONLY: "Made for bone",
    ReasonCode.LOCALIZER_ONLY: "Localizer (scout)",
    ReasonCode.LOSSY: "Compressed with loss",
    ReasonCode.INCONSISTENT_GEOMETRY: "Positions do not fit together (%(detail)s)",
    ReasonCode.DAMAGED_PIXELS: "Damaged images (%(detail)s)",
    ReasonCode.DAMAGED_HEADER: "Damaged headers (%(detail)s)",
    ReasonCode.UNSUPPORTED_SYNTAX: "Stored in a form that cannot be decoded (%(syntax)s)",
    ReasonCode.LESS_SUITABLE: "Suitable, but another series suits better",
}
"""A rejected series in a table: the sentences of a verdict speak of all that was sent, and say what to do."""

SINGULAR: Mapping[str, str] = {
    "%(count)s files on the medium could not be read; they were left out.": "%(count)s file on the medium could not "
    "be read; it was left out.",
    "The disc's directory names %(count)s files that are not on the disc.": "The disc's directory names %(count)s file "
    "that is not on the disc.",
    "The medium went away before %(count)s of its files were read. Insert it again.": "The medium went away before "
    "%(count)s of its files was read. Insert it again.",
    "The appliance's clock was changed by %(minutes)s minutes since the last case: the times of earlier cases may be "
    "wrong. Check the clock.": "The appliance's clock was changed by %(minutes)s minute since the last case: the times "
    "of earlier cases may be wrong. Check the clock.",
    "The appliance's clock is behind the time of its last case by %(minutes)s minutes: times may be wrong. Check the "
    "clock.": "The appliance's clock is behind the time of its last case by %(minutes)s minute: times may be wrong. "
    "Check the clock.",
    "# files": "# file",
}
"""What is said of one, by what is said of several, where the two differ."""

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def error_sentence(code: str, message: str) -> str:
    """Say an error in the language of this request; its own message where its code has no sentence."""
    said: str = gettext(ERROR_SENTENCES.get(code, message))
    return said


def trouble_sentence(trouble: Trouble) -> str:
    """Say what is wrong with the appliance in the language of this request."""
    values = dict(trouble.values)
    if "time" in values:
        values["time"] = local_time(datetime.fromisoformat(str(values["time"])))
    return _said(TROUBLE_SENTENCES[trouble.code], values)


def reason_sentence(reason: Reason) -> str:
    """Say a verdict's reason in the language of this request."""
    return _filled(SENTENCES[reason.code], reason)


def series_sentence(reason: Reason) -> str:
    """Say in a few words, in the language of this request, why a series was rejected."""
    return _filled(SERIES_SENTENCES.get(reason.code, SENTENCES[reason.code]), reason)


def _filled(sentence: str, reason: Reason) -> str:
    values = {name: _value(value) if isinstance(value, str) else value for name, value in reason.values.items()}
    return _said(sentence, values)


def _said(sentence: str, values: Mapping[str, Any]) -> str:
    if sentence not in SINGULAR:
        return gettext(sentence) % values
    number = values["count"] if "count" in values else values["minutes"]
    said: str = ngettext(SINGULAR[sentence], sentence, number, **values)
    return said


def _value(value: str) -> str:
    """Translate a reason's value; its numbers stay, in their order."""
    if "#" in value:
        return value  # what a header says, not one of `DETAILS`
    numbers = _NUMBER.findall(value)
    form = _NUMBER.sub("#", value)
    said = ngettext(SINGULAR[form], form, int(numbers[0])) if form in SINGULAR else gettext(form)
    rest = iter(numbers)
    return re.sub("#", lambda _: next(rest), said)
