"""Images grouped by patient, study and series."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from dataclasses import asdict, dataclass, replace
from typing import Collection, Dict, List, Sequence, Set, Tuple

import numpy as np

from appliance.dicom.geometry import in_order, tilt
from appliance.dicom.header import CT_CLASSES, ImageHeader
from appliance.study import PatientIdentity, SeriesSummary, StudySummary


@dataclass(frozen=True)
class Series:
    """The images that share a Series Instance UID within one study."""

    uid: str
    images: Tuple[ImageHeader, ...]

    def summary(self) -> SeriesSummary:
        """Return the series in the words of its headers."""
        first = self.images[0]
        axial = [image for image in self.images if image.sop_class_uid in CT_CLASSES and image.position]
        geometry = in_order(axial) if axial else None
        thickness = [image.thickness for image in self.images if image.thickness]
        angle = tilt(axial[0]) if axial else None
        spacing = geometry.spacing if geometry else None
        return SeriesSummary(
            uid=self.uid,
            number=first.series_number,
            description=first.series_description,
            modality=first.modality,
            manufacturer=first.manufacturer,
            slices=len(self.images),
            spacing_mm=None if spacing is None else round(spacing, 3),
            thickness_mm=round(float(np.median(thickness)), 3) if thickness else None,
            tilt_deg=None if angle is None else round(angle, 2),
        )


@dataclass(frozen=True)
class Study:
    """The series that share a Study Instance UID."""

    uid: str
    series: Tuple[Series, ...]

    def images(self) -> List[ImageHeader]:
        """All images of the study."""
        return [image for series in self.series for image in series.images]

    def instances(self) -> Dict[str, str]:
        """Return the SHA-256 of what is read of the header, by SOP Instance UID.

        It does not depend on where a file lies nor on its transfer syntax, so an instance that came over the network
        and from a disc is the same; one whose header was corrected is not.
        """
        headers: Dict[str, List[str]] = {}
        for image in self.images():
            document = asdict(replace(image, path="", transfer_syntax_uid=""))
            headers.setdefault(image.sop_instance_uid, []).append(json.dumps(document, sort_keys=True))
        return {
            uid: hashlib.sha256("\n".join(sorted(texts)).encode("utf-8")).hexdigest() for uid, texts in headers.items()
        }

    def summary(self) -> StudySummary:
        """Return the study named without its patient."""
        first = self.series[0].images[0]
        date, time = re.sub(r"\D", "", first.study_date), re.sub(r"\D", "", first.study_time)
        return StudySummary(
            uid=self.uid,
            date=f"{date[:4]}-{date[4:6]}-{date[6:8]}" if re.fullmatch(r"\d{8}", date) else date,
            time=f"{time[:2]}:{time[2:4]}" if re.match(r"\d{4}", time) else time,
            series=len(self.series),
        )

    def patient(self) -> PatientIdentity:
        """Return who the headers say the patient is."""
        # some objects of a study name the patient less fully than others; all agree, or the study is not judged
        fullest = max(
            self.images(), key=lambda image: (bool(image.patient_id), bool(image.birth_date), len(image.patient_name))
        )
        return PatientIdentity(fullest.patient_id, fullest.patient_name, fullest.birth_date, fullest.sex, fullest.age)


def group(images: Sequence[ImageHeader]) -> List[Study]:
    """Group images into studies and series, in an order that does not depend on file names.

    A copy of an instance, as discs hold them when they are written twice, is left out.
    """
    tree: Dict[str, Dict[str, Dict[ImageHeader, ImageHeader]]] = {}
    for image in sorted(images, key=lambda image: (image.sop_instance_uid, image.frame, image.path)):
        series = tree.setdefault(image.study_instance_uid, {}).setdefault(image.series_instance_uid, {})
        # only what is equal in all but its path is a copy: two images under one UID contradict each other and both stay
        series.setdefault(replace(image, path=""), image)
    studies = [
        Study(
            uid,
            tuple(Series(name, tuple(members.values())) for name, members in sorted(series.items(), key=_series_order)),
        )
        for uid, series in tree.items()
    ]
    return sorted(studies, key=lambda study: (study.summary().date, study.summary().time, study.uid))


def newest(images: Sequence[ImageHeader], latest: Collection[str]) -> List[ImageHeader]:
    """Leave out the images of earlier media whose object came again.

    Parameters
    ----------
    images : sequence of ImageHeader
        Of all media.
    latest : collection of str
        Paths of the files that came last.
    """
    own = set(latest)
    uids = {image.sop_instance_uid for image in images if image.path in own}
    return [image for image in images if image.path in own or image.sop_instance_uid not in uids]


def _series_order(item: Tuple[str, Dict[ImageHeader, ImageHeader]]) -> Tuple[int, str]:
    uid, members = item
    number = next(iter(members.values())).series_number
    return (number if number is not None else 1 << 31, uid)


def patients(studies: Sequence[Study]) -> List[PatientIdentity]:
    """List the different patients to whom images belong; headers that contradict each other are different patients."""
    found: List[PatientIdentity] = []
    seen = {
        PatientIdentity(image.patient_id, image.patient_name, image.birth_date)
        for study in studies
        for image in study.images()
    }
    for identity in sorted(seen, key=lambda item: (item.patient_id, item.name, item.birth_date), reverse=True):
        if not any(same_patient(identity, other) for other in found):
            found.append(identity)
    return found


def same_patient(one: PatientIdentity, other: PatientIdentity) -> bool:
    """Tell whether two headers may name one patient: nothing that both state differs.

    Names agree when any of their representations does (alphabetic, ideographic, phonetic; PS3.5 section 6.2.1),
    since an old modality writes only one of them.
    """
    if one.patient_id and other.patient_id and one.patient_id != other.patient_id:
        return False
    if one.birth_date and other.birth_date and one.birth_date != other.birth_date:
        return False
    names, others = _representations(one.name), _representations(other.name)
    return not names or not others or bool(names & others)


def _representations(name: str) -> Set[str]:
    folded = (
        re.sub(r"[\s^,]+", " ", unicodedata.normalize("NFKC", part)).strip().casefold() for part in name.split("=")
    )
    return {part for part in folded if part}
