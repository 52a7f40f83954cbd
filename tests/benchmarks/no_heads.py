"""Are pictures that show no head CT refused? ``make no-heads``, or ``python -m tests.benchmarks.no_heads [SEED]``.

Every picture of `tests.no_head_ct` goes the road of a photograph (``triage camera --source``), with the released
network and a gate that refuses no more than blur; every series goes the road of slices off a camera and of a folder
(``triage pictures --study``). Prints what was answered, and each picture that got through. The pictures are drawn,
rendered or public test files; photographs are simulated.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import cv2

from appliance.camera.gathered import Gathered
from appliance.config import EngineSettings, Settings
from appliance.pipeline import Pipeline
from appliance.scoring import Clock, Judgement
from appliance.verdict import Colour, Verdict
from tests.no_head_ct import no_heads, series
from tests.screens import manifest_for_photographs

SLICES = Path(__file__).parents[3] / "shared" / "data" / "ct_ich" / "images" / "051"


def last(steps: Iterator[object]) -> Verdict:
    """Return the verdict at the end of a road."""
    *_, judgement = steps
    if not isinstance(judgement, Judgement):
        raise RuntimeError("the road ended without a judgement")
    return judgement.verdict


def main() -> int:
    """Judge all of them; the exit status tells whether one got through."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    head = SLICES if SLICES.is_dir() else None
    answers: Counter[tuple[str, str]] = Counter()
    through: list[str] = []

    def note(name: str, way: str, verdict: Verdict) -> None:
        answers[way, verdict.reasons[0].code.value if verdict.colour is Colour.REFER else "JUDGED"] += 1
        if verdict.colour is not Colour.REFER:
            through.append(f"{name}, {way}: {verdict.colour.value}")
            print(f"    got through: {through[-1]}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        manifest = manifest_for_photographs(Path(folder) / "released")
        with Pipeline(Settings(engine=EngineSettings(manifest=manifest))) as pipeline:
            for name, pictures in series(seed, head):
                grey = [one if one.ndim == 2 else cv2.cvtColor(one, cv2.COLOR_BGR2GRAY) for one in pictures]
                note(name, "slices", last(pipeline.pictures.gathered(Gathered(tuple(grey), "scroll", 100), Clock())))
                paths = [Path(folder) / f"{number:03}.png" for number in range(len(pictures))]
                for path, picture in zip(paths, pictures, strict=True):
                    cv2.imwrite(str(path), picture)
                note(name, "folder", pipeline.pictures.slices(paths).verdict)
            for number, shown in enumerate(no_heads(seed, head), start=1):
                path = Path(folder) / "picture.png"
                cv2.imwrite(str(path), shown.picture)
                note(shown.name, shown.way, last(pipeline.judge(path)))
                if number % 20 == 0:
                    print(f"{number} pictures", flush=True)
    for (way, answer), count in sorted(answers.items()):
        print(f"{way:<12} {answer:<24} {count:4}")
    print(f"{sum(answers.values())} in all, {len(through)} got through")
    return 1 if through else 0


if __name__ == "__main__":
    sys.exit(main())
