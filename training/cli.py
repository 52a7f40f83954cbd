"""The `triage-train` command: a subcommand for every step from raw data to a release.

This module is read by every Python; what needs 3.10 or torch is imported once both are known to be there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from appliance.errors import TriageError
from appliance.reasons import Refused

NEEDED = ("torch", "onnx", "matplotlib", "scipy", "nibabel", "tensorboard")
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
        from training.steps import STEPS
    except ModuleNotFoundError as error:
        if error.name not in NEEDED:
            raise
        return _refuse(f"{error.name} is not installed; install the package with its [training] extra.")
    try:
        STEPS[options.step](options)
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

    prepare = steps.add_parser("prepare", help="preprocess data sets and draw the folds")
    restore = steps.add_parser("restore", help="put a release back, to take a later step again without training")
    train = steps.add_parser("train", help="train the networks of the folds, or go on")
    calibrate = steps.add_parser("calibrate", help="fit calibration and operating points to out-of-fold scores")
    evaluate = steps.add_parser("evaluate", help="measure out-of-fold scores, compare poolings, draw the curves")
    check = steps.add_parser("check", help="pictures changed on purpose, bleeds of known volume, simulated heads")
    leakage = steps.add_parser("leakage", help="measure what a split by slice would pretend")
    export = steps.add_parser("export", help="write the release: network, manifest, model card, pictures")
    compare = steps.add_parser("compare", help="train several architectures on repeated splits and compare them")
    test = steps.add_parser("test", help="measure a release on a data set that had no part in it")
    photograph = steps.add_parser("photograph", help="simulated photos of consoles' screens, with what they show")
    finder = steps.add_parser("finder", help="train the network that finds screens and CT pictures in photographs")
    reading = steps.add_parser("reading", help="measure how well slices are read off simulated screens")
    capture = steps.add_parser("capture", help="photograph every study on simulated consoles, as the appliance sees it")
    adapt = steps.add_parser("adapt", help="go on with the trained networks on photographs")
    gate = steps.add_parser("gate", help="fit what refuses photographs that mislead the network, and measure it")
    routes = steps.add_parser("routes", help="calibrate the camera route, and measure what it loses against the files")
    study = steps.add_parser("camera-study", help="measure the camera route on a hospital's own photographs")
    every = steps.add_parser("all", help="every step from raw data to a release, as a recipe says")

    worked = (prepare, restore, train, calibrate, evaluate, check, leakage, export, compare, test, every)
    for step in (*worked, capture, adapt, gate, routes):
        step.add_argument("--work", type=Path, required=True, metavar="DIR", help="folder of this training")
    for step, needed in (
        (prepare, True),
        (test, True),
        (photograph, True),
        (finder, True),
        (reading, True),
        (capture, True),
        (gate, True),
        (every, False),
    ):
        action = "store" if step in (test, photograph) else "append"
        step.add_argument(
            "--data", type=_named_folder, action=action, required=needed, metavar="NAME:DIR", help="a data set's folder"
        )
    prepare.add_argument("--seed", type=int, metavar="N", help="from which the folds are drawn")
    prepare.add_argument("--folds", type=int, metavar="N", help="into how many parts each data set is divided")
    for step in (train, adapt):
        step.add_argument("--only", metavar="RUN", help="one fold (fold0, fold1, ...), to train several side by side")
    for step in (train, adapt, leakage):
        step.add_argument("--epochs", type=int, metavar="N", help="passes over the data")
        step.add_argument("--seed", type=int, metavar="N", help="of initial weights, order and augmentation")
        step.add_argument("--threads", type=int, default=1, metavar="N", help="of the training (default: %(default)s)")
        step.add_argument("--device", choices=("cpu", "cuda", "auto"), default="cpu", help="default: %(default)s")
        step.add_argument("--workers", type=int, default=0, metavar="N", help="processes that make samples beside it")
    compare.add_argument("--preset", choices=("small", "full"), default="small", help="which networks, how large")
    compare.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="default: %(default)s")
    compare.add_argument("--repeats", type=int, metavar="N", help="how many splits")
    compare.add_argument("--epochs", type=int, metavar="N", help="passes over the data")
    export.add_argument("--version", required=True, metavar="X.Y.Z", help="of the release")
    for step in (test, restore):
        step.add_argument("--release", type=Path, required=True, metavar="DIR", help="folder of the release")
    restore.add_argument("--before", type=Path, metavar="FILE", help="ONNX of its networks before they saw photographs")
    every.add_argument("--config", type=Path, required=True, metavar="FILE", help="the recipe, as TOML")
    study.add_argument("folder", type=Path, metavar="FOLDER", help="studies and photographs, as docs/camera.md says")
    study.add_argument("--release", type=Path, required=True, metavar="DIR", help="folder of the release")
    gate.add_argument("--count", type=int, default=400, metavar="N", help="photographs of each family")
    capture.add_argument("--captures", type=int, default=2, metavar="N", help="of each study (default: %(default)s)")
    families = ("training", "development", "held_out")
    capture.add_argument("--family", choices=families, default="training", help="of consoles")
    reading.add_argument("--family", choices=families, default="development", help="of consoles")
    reading.add_argument("--shots", type=_count, default=120, metavar="N", help="how many (default: %(default)s)")
    reading.add_argument("--films", type=_count, default=10, metavar="N", help="how many (default: %(default)s)")
    gate.add_argument("--unseen", choices=families[1:], default="development", help="family that it is measured on")
    photograph.add_argument("--to", type=Path, required=True, metavar="DIR", help="folder of the photos")
    photograph.add_argument("--count", type=int, default=12, metavar="N", help="how many (default: %(default)s)")
    photograph.add_argument("--seed", type=int, default=0, metavar="N", help="from which they are drawn")
    photograph.add_argument("--family", choices=families, default="training", help="of consoles")
    photograph.add_argument("--final", action="store_true", help="the patients kept for the final measurement")
    finder.add_argument("--to", type=Path, required=True, metavar="FILE", help="the network, as ONNX")
    finder.add_argument("--photographs", type=_some, default=2000, metavar="N", help="how many (default: %(default)s)")
    finder.add_argument(
        "--minutes",
        type=_minutes,
        default=40,
        metavar="M",
        help="of training, so a slower machine learns less (default: %(default)s)",
    )
    finder.add_argument("--seed", type=int, default=1, metavar="N", help="of photographs, weights and order")
    for step in (export, every):
        step.add_argument("--to", type=Path, required=True, metavar="DIR", help="folder of the release")
        step.add_argument("--without-int8", action="store_true", help="leave out the network in 8-bit integers")
    return parser


def _some(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0.0
    if not 0 < minutes < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return minutes


def _named_folder(text: str) -> tuple[str, Path]:
    name, separator, folder = text.partition(":")
    if not (name and separator and folder):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME:DIR, such as ct_ich:/data/ct_ich")
    return name, Path(folder)
