"""The one road from a medium or pictures to a `Verdict`.

`Pipeline.judge` yields what it is doing and, last, the judgement: whoever drives it shows the progress, and nothing
here calls back.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Dict, Generator, Iterator, List, Mapping, Optional, Sequence, Tuple, Type, Union

from appliance.camera.gathered import is_gathered, read_gathered
from appliance.camera.quality import gate_of
from appliance.config import Settings
from appliance.dicom.find import FoundFiles, Medium
from appliance.dicom.header import ImageHeader
from appliance.dicom.reader import DicomReader
from appliance.dicom.select import Candidate, Selection, may_be_shown, not_needed, select
from appliance.dicom.series import group, newest
from appliance.dicom.stack import load_stack
from appliance.engine_state import engines_folder
from appliance.errors import NoDicomError
from appliance.inference.release import load_release
from appliance.inference.serving import ServingEngine
from appliance.manifest import read_facts
from appliance.picture_judging import PhotographedJudgement, PictureJudge
from appliance.progress import Progress
from appliance.reasons import Reason, ReasonCode, Refused
from appliance.scoring import Clock, Judgement, StackJudge
from appliance.study import SliceStack
from appliance.verdict import Colour, ModelIdentity, RejectedSeries, Verdict

MAX_CANDIDATES = 3
"""Series that are decoded before the study is given up: headers seldom lie about more."""

ANOTHER_MAY_SERVE = {ReasonCode.NO_BRAIN, ReasonCode.BONE_KERNEL_ONLY, ReasonCode.NOT_HOUNSFIELD, ReasonCode.CONTRAST}
"""Refusals that say what kind of picture a series is. Damage, or half a brain, is not made good by another series."""

_NOTHING: Mapping[ReasonCode, int] = {}


@dataclass(frozen=True)
class Identified:
    """The study that will be judged.

    Attributes
    ----------
    study_uid, patient_id : str
        Study Instance UID and Patient ID.
    instances : dict of str to str
        Digest of the header by SOP Instance UID (`appliance.dicom.series.Study.instances`).
    """

    study_uid: str
    patient_id: str
    instances: Dict[str, str]


class Pipeline:
    """Owns the engine and the processes that decode; a context manager, warm once it is entered.

    Parameters
    ----------
    settings : Settings
        Limits and the network.

    Raises
    ------
    ModelError
        When the network is absent or damaged.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._release = load_release(settings.engine.manifest)
        self.reader = DicomReader(settings.decode)
        """The processes that decode, for whoever needs more of a study than its verdict."""
        self.engine = ServingEngine(self._release, settings.engine, engines_folder(settings.store.folder))
        """What judges, for whoever tells which engine that is."""
        self._judge = StackJudge(self._release, self.engine)
        self._resources = ExitStack()
        self._blank = Verdict(
            colour=Colour.REFER,
            reasons=(),
            model=ModelIdentity(self._release.name, self._release.version, self._release.sha256),
            engine=self.engine.identity,
            operating_point=self._release.files.operating_point,
        )

    @property
    def model_sha256(self) -> str:
        """SHA-256 of the released network that judges."""
        return self._release.sha256

    @property
    def pictures(self) -> PictureJudge:
        """Judges pictures in place of DICOM objects."""
        gate = gate_of(read_facts(self._settings.engine.manifest).gate)
        return PictureJudge(self._judge, self._release, self._blank, gate)

    def __enter__(self) -> Pipeline:
        """Start the children, then load the network while they start."""
        with ExitStack() as resources:
            resources.enter_context(self.reader)
            resources.enter_context(self.engine)
            self._blank = replace(self._blank, engine=self.engine.identity)  # which network it took is known now
            self._resources = resources.pop_all()
        return self

    def __exit__(
        self, exc_type: Optional[Type[BaseException]], exc: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        """Release the engine and end the children."""
        self._resources.close()

    def judge(
        self,
        path: Path,
        study_uid: Optional[str] = None,
        earlier: Sequence[Path] = (),
        temporary: Optional[Path] = None,
        lost: Mapping[ReasonCode, int] = _NOTHING,
        photographs: bool = True,
    ) -> Generator[Union[Progress, Identified, Judgement], None, None]:
        """Judge a folder, disc, zip or single file of DICOM objects, or of photographs where there is no such object.

        Parameters
        ----------
        path : pathlib.Path
            Where the objects are.
        study_uid : str, optional
            The study that is meant, where there are several.
        earlier : sequence of pathlib.Path
            Where more of its objects are; of an object that is also under `path`, the one there counts.
        temporary : pathlib.Path, optional
            Where to unpack archives.
        lost : mapping of ReasonCode to int, optional
            Files that were lost before they came under `path`, by the reason.
        photographs : bool
            Whether pictures are judged as photographs of a screen where there is no DICOM object.

        Yields
        ------
        Progress
            As the work goes on.
        Identified
            Before anything is decoded, where it is clear which study is meant.
        Judgement
            Last.

        Raises
        ------
        TriageError
            When there is nothing to judge at all.
        """
        clock = Clock()
        if is_gathered(path):
            yield from self._judge_gathered(path, clock)
            return
        with ExitStack() as media:
            found = [
                media.enter_context(Medium(place, self._settings.ingest, temporary)).files()
                for place in (path, *earlier)
            ]
            candidates = [candidate for files in found for candidate in files.candidates]
            pictures = [Path(picture) for files in found for picture in files.pictures]
            if photographs and not candidates:
                yield from self.pictures.photographs(pictures, clock)
                return
            images: List[ImageHeader] = []
            unreadable, done = sum(files.unreadable for files in found), 0
            for bad, batch in self.reader.headers(candidates):
                images.extend(batch)
                unreadable += bad
                done = min(done + 16, len(candidates))
                yield Progress("scan", done, len(candidates))
            notes = self._notes(found, unreadable, lost)
            clock.lap("scan")
            if not images and not unreadable and not lost:
                raise NoDicomError("No DICOM image was found there. Check that the right folder or disc was chosen.")
            if not images:
                reason = Reason(ReasonCode.DAMAGED_HEADER, {"detail": f"{unreadable} files"})
                why = (reason,) if unreadable else notes
                yield Judgement(replace(self._blank, reasons=why, timings=clock.timings()))
                return
            selection = select(group(newest(images, found[0].candidates)), study_uid)
            clock.lap("select")
            yield Progress("select", 1, 1)
            if selection.study:
                study = selection.study
                yield Identified(study.uid, study.patient().patient_id, study.instances())
            yield from self._judge_selection(selection, notes, clock)

    def _judge_gathered(self, folder: Path, clock: Clock) -> Iterator[Union[Progress, Judgement]]:
        try:
            gathered = read_gathered(folder)
        except Refused as refused:
            yield PhotographedJudgement(replace(self._blank, reasons=refused.reasons, timings=clock.timings()))
            return
        clock.lap("decode")
        yield from self.pictures.gathered(gathered, clock)

    def _notes(
        self, found: Sequence[FoundFiles], unreadable: int, lost: Mapping[ReasonCode, int]
    ) -> Tuple[Reason, ...]:
        directories = [directory for files in found for directory in files.directories]
        missing = sum(self.reader.missing_files(directory) for directory in directories)
        seen = {ReasonCode.UNREADABLE_FILES: unreadable, ReasonCode.MISSING_FILES: missing}
        counts = ((code, seen.get(code, 0) + lost.get(code, 0)) for code in (ReasonCode.MEDIUM_REMOVED, *seen))
        return tuple(Reason(code, {"count": count}) for code, count in counts if count)

    def _judge_selection(
        self, selection: Selection, notes: Tuple[Reason, ...], clock: Clock
    ) -> Iterator[Union[Progress, Judgement]]:
        """Judge the first candidate whose pixels keep what its header promised."""
        known = replace(
            self._blank,
            patient=selection.study.patient() if selection.study else None,
            study=selection.study.summary() if selection.study else None,
            choices=selection.choices,
        )
        rejected = list(selection.rejected)
        refusals: List[Tuple[Candidate, Tuple[Reason, ...]]] = []
        for number, candidate in enumerate(selection.candidates[:MAX_CANDIDATES]):
            try:
                total = len(candidate.geometry.images)
                stack = None
                window = (self._release.window_width, self._release.window_level)
                for item in load_stack(self.reader, candidate.geometry, *window):
                    if isinstance(item, SliceStack):
                        stack = item
                    else:
                        yield Progress("decode", item, total)
                clock.lap("decode")
                yield Progress("preprocess", 0, 1)
                prepared = self._judge.prepare(stack) if stack is not None else None
                clock.lap("preprocess")
            except Refused as refused:
                clock.lap("preprocess" if stack is not None else "decode")
                refusals.append((candidate, refused.reasons))
                if refused.reasons[0].code in ANOTHER_MAY_SERVE:
                    continue
                break
            if prepared is not None:
                yield Progress("infer", 0, 1)
                others = [not_needed(other) for other in selection.candidates[number + 1 :]]
                rejected += [
                    RejectedSeries(refused.series.summary(), reasons) for refused, reasons in refusals
                ] + others
                known = replace(known, series=candidate.series.summary(), rejected=tuple(rejected))
                judgement = self._judge.judge(prepared, known, clock)
                verdict = replace(judgement.verdict, reasons=judgement.verdict.reasons + notes)
                yield replace(judgement, verdict=verdict, geometry=candidate.geometry)
                return
        yield self._refusal(selection, refusals, known, notes, clock)

    def _refusal(
        self,
        selection: Selection,
        refusals: Sequence[Tuple[Candidate, Tuple[Reason, ...]]],
        known: Verdict,
        notes: Tuple[Reason, ...],
        clock: Clock,
    ) -> Judgement:
        if not refusals:
            series, shown = selection.nearest.summary() if selection.nearest else None, selection.shown
            reasons, rejected = selection.refusal, selection.rejected
        else:
            (first, reasons), others = refusals[0], refusals[1:]
            series, shown = first.series.summary(), may_be_shown(first.geometry, reasons)
            rejected = selection.rejected + tuple(RejectedSeries(other.series.summary(), why) for other, why in others)
            rejected += tuple(not_needed(other) for other in selection.candidates[len(refusals) :])
        verdict = replace(known, series=series, rejected=rejected, reasons=reasons + notes, timings=clock.timings())
        return Judgement(verdict, geometry=shown)
