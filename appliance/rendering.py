"""The series of a verdict, slice by slice, for whoever wants to look through it. Done when nobody waits for a verdict.

A judgement leaves a plan: where its files lie, and which images they were. Rendering looks those up again by their
SOP Instance UIDs, so that what is shown is what was judged; or, on a refusal, the one series that came nearest to it.
"""

from __future__ import annotations

import logging
import shutil
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Sequence, Tuple

import numpy as np

from appliance.config import IngestSettings
from appliance.dicom.find import Medium
from appliance.dicom.geometry import Geometry, in_order, slabs
from appliance.dicom.header import ImageHeader
from appliance.dicom.reader import DicomReader
from appliance.dicom.series import newest
from appliance.dicom.stack import native_slices, transposed
from appliance.errors import DiskFullError
from appliance.files import disk_in_words
from appliance.imaging.levels import hounsfield_of_levels, to_levels
from appliance.store import Store, StoreError
from appliance.store.volumes import begin_plan, drop_plan, give_plan_back, packed, planned, write_series


class Interrupted(Exception):
    """Something more urgent came up."""


class ImagesGone(Exception):
    """The images of the plan are not there any more, or none of them can be decoded."""


Series = Tuple[Dict[str, Any], Iterator[bytes]]

log = logging.getLogger("appliance.worker")


def plan(geometry: Geometry, spools: Sequence[str]) -> Dict[str, Any]:
    """Say what to render later, as JSON can carry it.

    Parameters
    ----------
    geometry : Geometry
        The images of the verdict's series.
    spools : sequence of str
        Folders of the spool that were judged together, the latest first.
    """
    return {"spools": list(spools), "images": [_identity(image) for image in geometry.images]}


@disk_in_words()
def render_next(
    store: Store,
    reader: DicomReader,
    limits: IngestSettings,
    medium_path: Callable[[str], Path],
    interrupted: Callable[[], bool],
) -> bool:
    """Render the newest case that waits for it. One that fails is not tried again; its verdict stays as it is.

    One that a process was killed in is tried again (`appliance.store.volumes.take_up_begun`).

    Parameters
    ----------
    store : Store
        Has the plans.
    reader : DicomReader
        Its child processes decode.
    limits : IngestSettings
        How much may be read.
    medium_path : callable
        Where the files of a folder of the spool are.
    interrupted : callable
        Asked again and again whether to stop; the case then waits again.

    Returns
    -------
    bool
        False where none waits.

    Raises
    ------
    DiskFullError, DiskReadOnlyError
        When the plans cannot be moved.
    """
    cases = [store.case(case_id) for case_id in planned(store.rendered)]
    # one that was killed before its verdict was kept is judged again first
    case = max((case for case in cases if case and case.state.final), key=lambda case: case.number, default=None)
    wanted = begin_plan(store.rendered, case.id) if case else None
    if case is None or wanted is None:
        return False
    media = [medium_path(spool) for spool in wanted["spools"]]
    zones = case.verdict["zones"] if case.verdict else []
    begun = time.monotonic()
    try:
        if shutil.disk_usage(store.rendered).free < limits.min_free_mb * 1_000_000:
            raise DiskFullError  # the room is for studies that come in
        with store.scratch("unpacked") as temporary, opened_series(
            reader, limits, wanted["images"], media, zones, temporary, interrupted
        ) as (about, slices):
            write_series(store.rendered, case.id, about, slices)
        log.info("case %d: %d slices rendered in %.1f s", case.number, about["slices"], time.monotonic() - begun)
    except (Interrupted, StoreError):
        give_plan_back(store.rendered, case.id)
        return True
    except Exception:
        # a viewer is a help: no failure of it may touch the verdicts
        log.exception("case %d: its slices cannot be shown", case.number)
    drop_plan(store.rendered, case.id)
    return True


@contextmanager
def opened_series(
    reader: DicomReader,
    limits: IngestSettings,
    images: Sequence[Sequence[Any]],
    media: Sequence[Path],
    zones: Sequence[Mapping[str, Any]],
    temporary: Path,
    interrupted: Callable[[], bool],
) -> Iterator[Series]:
    """Find the images of a plan; a context manager, since archives are unpacked for it.

    Parameters
    ----------
    reader : DicomReader
        Its child processes decode.
    limits : IngestSettings
        How much may be read.
    images : sequence
        Those of the plan.
    media : sequence of pathlib.Path
        What its spools hold, in their order.
    zones : sequence of mapping
        Those of the published verdict.
    temporary : pathlib.Path
        Where to unpack.
    interrupted : callable
        Asked again and again whether to stop.

    Yields
    ------
    tuple of dict and iterator of bytes
        What the page needs to know (`document`), and each slice as `packed` levels, shape ``(rows, columns)``.

    Raises
    ------
    Interrupted
        When something more urgent came up.
    ImagesGone
        When an image is not there any more.
    TriageError, Refused
        When files cannot be read or decoded any more.
    """
    with ExitStack() as resources:
        found = []
        for path in media:
            found.append(resources.enter_context(Medium(path, limits, temporary)).files())
            _go_on(interrupted)
        candidates = [candidate for files in found for candidate in files.candidates]
        headers: List[ImageHeader] = []
        for _, batch in reader.headers(candidates):
            headers.extend(batch)
            _go_on(interrupted)
        geometry = _geometry(newest(headers, found[0].candidates), images)
        about = document(geometry, zones)
        yield about, _slices(reader, geometry, about, interrupted)


def document(geometry: Geometry, zones: Sequence[Mapping[str, Any]]) -> Dict[str, Any]:
    """Say what a page needs to know of a series, slices counted from 0 and from the base up.

    Parameters
    ----------
    geometry : Geometry
        Its images, in order.
    zones : sequence of mapping
        ``zone_mm``, ``position_mm`` and ``probability`` of each zone.

    Returns
    -------
    dict
        ``slices``, ``rows``, ``columns``; ``spacing_mm``, from row to row and from column to column; ``positions_mm``
        along the normal; ``slab``, the slab that each slice is averaged into; ``zones``, each with its ``first`` and
        ``last`` slice, its ``probability`` and, in the middle of its highest-scoring slab, ``slice``; ``opens_at``, the
        slice of the highest zone, or the nearest to it that is not black; ``undecodable``, the slices that could not be
        decoded and are black; both known once all are written; ``levels``, the Hounsfield units that each of
        the 256 levels stands for; ``edges``, the side of the patient at the left, right, top and bottom edge of each
        slice: as in radiology, seen from the feet.
    """
    first = geometry.images[0]
    rows, columns = int(first.rows or 0), int(first.columns or 0)
    spacing = [float(value) for value in first.pixel_spacing]
    if transposed(first):
        rows, columns, spacing = columns, rows, spacing[::-1]
    parts = slabs(geometry)
    counts = [len(slab.images) for slab in parts]
    starts = np.concatenate([[0], np.cumsum(counts)])
    shown = []
    for number, zone in enumerate(zones, start=1):
        lower, upper = zone["zone_mm"]
        # as `appliance.imaging.zones.representatives` has it: the last zone holds its upper edge too
        members = [
            index
            for index, slab in enumerate(parts)
            if lower <= slab.centre < upper or (number == len(zones) and slab.centre == upper)
        ]
        best = min(range(len(parts)), key=lambda index: abs(parts[index].centre - zone["position_mm"]))
        shown.append(
            {
                "first": int(starts[min(members, default=best)]),
                "last": int(starts[max(members, default=best) + 1]) - 1,
                "slice": int(starts[best]) + counts[best] // 2,
                "probability": zone["probability"],
            }
        )
    highest = max(shown, key=lambda zone: zone["probability"], default=None)
    return {
        "slices": len(geometry.images),
        "rows": rows,
        "columns": columns,
        "spacing_mm": spacing,
        "positions_mm": [round(float(position), 2) for position in geometry.positions],
        "slab": [index for index, count in enumerate(counts) for _ in range(count)],
        "zones": shown,
        "opens_at": highest["slice"] if highest else len(geometry.images) // 2,
        "undecodable": [],
        "levels": hounsfield_of_levels().tolist(),
        "edges": {"left": "R", "right": "L", "top": "A", "bottom": "P"},
    }


def _slices(
    reader: DicomReader, geometry: Geometry, about: Dict[str, Any], interrupted: Callable[[], bool]
) -> Iterator[bytes]:
    first = geometry.images[0]
    black = packed(bytes(int(first.rows or 0) * int(first.columns or 0)))
    for index, hounsfield in enumerate(native_slices(reader, geometry)):
        if hounsfield is None:
            about["undecodable"].append(index)
        yield black if hounsfield is None else packed(to_levels(hounsfield).tobytes())
        _go_on(interrupted)
    seen = set(range(len(geometry.images))) - set(about["undecodable"])
    if not seen:
        raise ImagesGone
    about["opens_at"] = min(seen, key=lambda index: abs(index - int(about["opens_at"])))


def _geometry(headers: Sequence[ImageHeader], images: Sequence[Sequence[Any]]) -> Geometry:
    # of copies the first by path, as where series are grouped
    known = {tuple(_identity(image)): image for image in sorted(headers, key=lambda image: image.path, reverse=True)}
    wanted = [known.get(tuple(identity)) for identity in images]
    geometry = in_order([image for image in wanted if image is not None]) if any(wanted) else None
    if geometry is None or len(geometry.images) < len(images):
        raise ImagesGone
    return geometry


def _identity(image: ImageHeader) -> List[Any]:
    """Name an image, as JSON can carry it. The position tells two apart that were given one UID."""
    return [image.sop_instance_uid, image.frame, *image.position]


def _go_on(interrupted: Callable[[], bool]) -> None:
    if interrupted():
        raise Interrupted
