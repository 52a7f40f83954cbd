"""The `triage-train` command: a subcommand for every step from raw data to a release.

This module is read by every Python; what needs 3.10 or torch is imported once both are known to be there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from appliance.errors import TriageError
from appliance.verdict import Refused

NEEDED = ("torch", "onnx")
"""What the [training] extra adds."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one step and return the exit status: 0, or 2 for wrong usage or a missing requirement.

    Parameters
    ----------
    arguments : sequence of str, optional
        Without the program's name; those of the process by default.
    """
    options = _parser().parse_args(arguments)
    if sys.version_info < (3, 10):  # noqa: UP036 - the command is installed on 3.8 too
        found = f"{sys.version_info[0]}.{sys.version_info[1]}"
        return _refuse(f"training needs Python 3.10 or newer; this is {found}.")
    try:
        from training import steps
    except ModuleNotFoundError as error:
        if error.name not in NEEDED:
            raise
        return _refuse(f"{error.name} is not installed; install the package with its [training] extra.")
    try:
        getattr(steps, options.step)(options)
    except TriageError as error:
        print("triage-train: " + error.message, file=sys.stderr)
        return error.exit_status
    except Refused as refused:
        return _refuse(refused.reasons[0].message)
    return 0


def _refuse(sentence: str) -> int:
    print("triage-train: " + sentence, file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="triage-train",
        description="Train and release the slice network. Research software, not a medical device.",
    )
    steps = parser.add_subparsers(dest="step", required=True, metavar="STEP")

    prepare = steps.add_parser("prepare", help="preprocess a data set and draw its splits")
    train = steps.add_parser("train", help="train the networks of the folds and the final one, or go on")
    calibrate = steps.add_parser("calibrate", help="fit calibration and operating points to out-of-fold scores")
    evaluate = steps.add_parser("evaluate", help="measure out-of-fold scores, or a release on held-out patients")
    export = steps.add_parser("export", help="write the final network as ONNX with its manifest")
    release = steps.add_parser("release", help="all of these, one after the other")

    for step in (prepare, train, calibrate, evaluate, export, release):
        step.add_argument("--work", type=Path, required=True, metavar="DIR", help="folder of this training")
    for step in (prepare, release):
        step.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of CT-ICH")
        step.add_argument("--split-seed", type=int, metavar="N", help="draw other splits than the released ones")
    for step in (train, release):
        step.add_argument("--epochs", type=int, metavar="N", help="passes over the data")
        step.add_argument("--simulated", type=float, metavar="SHARE", help="share of slices given a simulated bleed")
        step.add_argument("--seed", type=int, metavar="N", help="of initial weights, order and augmentation")
        step.add_argument("--threads", type=int, default=1, metavar="N", help="of one training (default: %(default)s)")
    train.add_argument("--only", metavar="RUN", help="a fold (0, 1, ...) or final, to train several side by side")
    evaluate.add_argument(
        "--test", type=Path, metavar="DIR", help="folder of the release to judge on held-out patients"
    )
    for step in (export, release):
        step.add_argument("--to", type=Path, required=True, metavar="DIR", help="folder of the release")
        step.add_argument("--version", required=True, metavar="X.Y.Z", help="of the release")
    return parser
