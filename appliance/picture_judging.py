"""Judge pictures in place of DICOM objects: exported slices, photographs of a screen, slices off a camera.

What a camera saw goes one way: flat slices, a `SliceStack` in the grey levels of the network
(`appliance.camera.stack`), then the judgement of every source (`appliance.scoring`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterator, List, Optional, Sequence, Tuple, Union

import numpy as np

from appliance.camera.gathered import Gathered, from_the_base
from appliance.camera.lookers import ScrollLooker
from appliance.camera.photograph import Photograph, read_photograph
from appliance.camera.photograph_files import read_frame
from appliance.camera.pictures import read_stack
from appliance.camera.quality import Gate
from appliance.camera.sources import Frame, FrameSource
from appliance.camera.stack import photographed_stack
from appliance.errors import TriageError
from appliance.inference.release import Release
from appliance.progress import Progress
from appliance.reasons import Reason, ReasonCode, Refused
from appliance.scoring import Clock, Judgement, StackJudge
from appliance.study import SliceStack
from appliance.verdict import Colour, Verdict

MAX_PHOTOGRAPHS = 64
"""Of one study. Each takes a second, and other cases wait meanwhile."""


class TooManyPhotographsError(TriageError):
    """So many photographs are not those of one study."""

    code = "too_many_photographs"

    def __init__(self) -> None:
        super().__init__(f"These are more than {MAX_PHOTOGRAPHS} photographs. Send those of one study.")


@dataclass(frozen=True)
class PhotographedJudgement(Judgement):
    """A judgement of what a camera saw.

    Attributes
    ----------
    header : numpy.ndarray or None
        uint8, shape ``(rows, columns, 3)``, blue, green, red: the strip of the screen that names the patient.
    """

    header: Optional[np.ndarray] = None


class PictureJudge:
    """Judges pictures with the engine of a pipeline.

    Parameters
    ----------
    judge : StackJudge
        The last stretch of the road.
    release : Release
        The network.
    blank : Verdict
        What is known before anything is judged.
    gate : Gate or None
        Refuses photographs that cannot be judged.
    """

    def __init__(self, judge: StackJudge, release: Release, blank: Verdict, gate: Optional[Gate]) -> None:
        self._gate = gate
        self._judge = judge
        self._release = release
        self._blank = blank

    def slices(self, paths: Sequence[Path]) -> Judgement:
        """Judge brain-window pictures as the slices of one head.

        Parameters
        ----------
        paths : sequence of pathlib.Path
            Pictures from the base of the skull up.

        Returns
        -------
        Judgement
            The verdict has no series and no millimetres.
        """
        clock = Clock()
        try:
            stack = read_stack(paths)
        except Refused as refused:
            return Judgement(replace(self._blank, reasons=refused.reasons, timings=clock.timings()))
        clock.lap("decode")
        return self._judged(stack, clock)

    def score(self, path: Path) -> Tuple[float, bool]:
        """Score one picture by itself.

        Parameters
        ----------
        path : pathlib.Path
            PNG or JPEG.

        Returns
        -------
        float
            Calibrated probability that it shows haemorrhage.
        bool
            Whether that is at or above the operating point of a single slice.

        Raises
        ------
        Refused
            When it cannot be read or shows no brain.
        """
        probability = self._judge.score_slice(read_stack([path]))
        return probability, probability >= self._release.files.slice_operating_point

    def photographs(self, paths: Sequence[Path], clock: Clock) -> Iterator[Union[Progress, Judgement]]:
        """Judge photographs of a screen as one study.

        Parameters
        ----------
        paths : sequence of pathlib.Path
            PNG or JPEG, in the order in which they show the head; each shows one slice, or some side by side.
        clock : Clock
            Takes the time.

        Yields
        ------
        Progress
            After each photograph.
        PhotographedJudgement
            Last. One photograph that cannot be read is the whole study's refusal, for its slices would be missing.

        Raises
        ------
        TooManyPhotographsError
            When they cannot be of one study.
        """
        if len(paths) > MAX_PHOTOGRAPHS:
            raise TooManyPhotographsError
        pictures: List[np.ndarray] = []
        header: Optional[np.ndarray] = None
        for number, path in enumerate(paths, start=1):
            try:
                photograph = self._read(path)
            except Refused as refused:
                refusal = replace(self._blank, reasons=refused.reasons, timings=clock.timings())
                yield PhotographedJudgement(refusal, header=header)
                return
            pictures.extend(photograph.pictures)
            header = photograph.header if header is None else header
            yield Progress("decode", number, len(paths))
        clock.lap("decode")
        yield from self.gathered(Gathered(from_the_base(pictures), "tiles", len(paths), header), clock)

    def video(self, source: FrameSource) -> Iterator[Union[Progress, Judgement]]:
        """Judge a video of somebody scrolling through a series.

        Parameters
        ----------
        source : FrameSource
            A file; it is opened here.

        Yields
        ------
        Progress
            After each frame; how many there are is not known.
        PhotographedJudgement
            Last.

        Raises
        ------
        SourceError
            When the file cannot be read.
        """
        clock, looker = Clock(), ScrollLooker(self._gate)
        with source as frames:
            for item in frames:
                if isinstance(item, Frame):
                    looker.look(item)
                    yield Progress("decode", item.number + 1, item.number + 1)
        try:
            gathered = looker.gathered()
        except Refused as refused:
            yield PhotographedJudgement(replace(self._blank, reasons=refused.reasons, timings=clock.timings()))
            return
        clock.lap("decode")
        yield from self.gathered(gathered, clock)

    def gathered(self, gathered: Gathered, clock: Clock) -> Iterator[Union[Progress, Judgement]]:
        """Judge slices off a camera.

        Parameters
        ----------
        gathered : Gathered
            The slices.
        clock : Clock
            Takes the time.

        Yields
        ------
        Progress
            As the work goes on.
        PhotographedJudgement
            Last.
        """
        yield Progress("preprocess", 0, 1)
        names = [f"picture {number}" for number in range(1, len(gathered.pictures) + 1)]
        try:
            stack = photographed_stack(gathered.pictures, names)
        except Refused as refused:
            refusal = replace(self._blank, reasons=refused.reasons, timings=clock.timings())
            yield PhotographedJudgement(refusal, header=gathered.header)
            return
        judgement = self._judged(stack, clock)
        if gathered.gaps and judgement.verdict.colour is Colour.GREEN_YELLOW:
            # what was seen may tell of a bleed, but not that there is none
            missed = Reason(ReasonCode.PHOTO_SLICES_MISSED, {"count": gathered.gaps})
            judgement = Judgement(replace(self._blank, reasons=(missed,), timings=clock.timings()))
        yield PhotographedJudgement(judgement.verdict, judgement.pictures, header=gathered.header)

    def _read(self, path: Path) -> Photograph:
        photograph = read_photograph(read_frame(path))
        bad = self._gate.check(photograph.pictures) if self._gate else None
        if bad:
            raise Refused(bad)
        return photograph

    def _judged(self, stack: SliceStack, clock: Clock) -> Judgement:
        try:
            prepared = self._judge.prepare(stack)
        except Refused as refused:
            clock.lap("preprocess")
            return Judgement(replace(self._blank, reasons=refused.reasons, timings=clock.timings()))
        clock.lap("preprocess")
        return self._judge.judge(prepared, self._blank, clock)
