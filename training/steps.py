"""The steps of `triage-train`, each taking its options from the command line and its input from the steps before."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

import torch

from appliance.phantom.head import Head
from training import camera_steps, sources
from training.calibrate import calibrate as fit_calibration
from training.calibrate import from_manifest, to_manifest
from training.compare.run import NETWORKS, PRESETS
from training.compare.run import compare as run_compare
from training.config import read_recipe
from training.detection import measure_detection
from training.documents import TrainingError, read_json, write_json
from training.domain_shift import measure_shift
from training.evaluate import development_estimate
from training.evaluate import evaluate as measure
from training.export import read_manifest, released_network
from training.judged import judged_slices, judged_studies, nested
from training.leakage import EPOCHS, measure_leakage
from training.machine import Machine
from training.phantoms import measure_phantoms, phantom_study
from training.plots import draw_reliability, draw_roc, draw_training
from training.pooling import compare_pooling
from training.prepare import prepare_all, read_prepared
from training.reading import measure_reading
from training.release import EVALUATION, release
from training.restore import restore as restore_release
from training.scored import onnx_scorer, score, torch_scorer
from training.screen.album import kept_for_the_end, photograph_series
from training.screen.families import FAMILIES
from training.screen_finder import write_finder
from training.settings import Settings
from training.splits import FOLDS, SEED
from training.workspace import HELD_OUT, Workspace

PLAINER_HEADS = 6
"""Simulated heads among what the finder sees on screens: a picture is to be found by its place, whatever it shows."""


def prepare(options: argparse.Namespace) -> None:
    """Preprocess data sets and draw the folds."""
    seed = SEED if options.seed is None else options.seed
    folds = FOLDS if options.folds is None else options.folds
    datasets = [sources.load(name, folder) for name, folder in options.data]
    Workspace(options.work).prepare(datasets, seed, folds, _say)


def restore(options: argparse.Namespace) -> None:
    """Put a release back where its training had left it."""
    restore_release(Workspace(options.work), options.release, options.before)


def train(options: argparse.Namespace) -> None:
    """Train the networks of all folds, or of one."""
    torch.set_num_threads(options.threads)
    workspace = Workspace(options.work)
    folds = workspace.folds
    if options.only is not None and options.only not in folds:
        raise TrainingError(f"There is no run {options.only}; --only takes one of {', '.join(folds)}.")
    with Machine.here(options.device, options.workers) as machine:
        for fold in folds if options.only is None else [options.only]:
            _say(f"training {workspace.run_folder(fold)}")
            workspace.train(fold, _settings(options), machine)


def calibrate(options: argparse.Namespace) -> None:
    """Fit the calibration to out-of-fold scores."""
    workspace = Workspace(options.work)
    scored = [item for fold in workspace.out_of_fold() for item in fold]
    workspace.write_figures("calibration", to_manifest(fit_calibration(scored)))


def evaluate(options: argparse.Namespace) -> None:
    """Measure the out-of-fold scores, compare poolings, and draw the curves."""
    workspace = Workspace(options.work)
    folds = workspace.out_of_fold()
    figures = development_estimate(folds)
    workspace.write_figures("development", figures)
    workspace.write_figures("pooling", compare_pooling(folds))
    called = nested(folds)
    parts = {"Studies": judged_studies(*called), "Slices": judged_slices(*called)}
    draw_roc(workspace.picture("roc"), parts)
    draw_reliability(workspace.picture("reliability"), parts)
    if not workspace.restored_file.is_file():  # else the release's own picture lies here
        draw_training(workspace.picture("training"), {name: workspace.log_file(name) for name in workspace.folds})
    _answer(figures)


def check(options: argparse.Namespace) -> None:
    """Look beyond the data: pictures changed on purpose, bleeds of known volume, simulated heads."""
    workspace = Workspace(options.work)
    calibration = from_manifest(workspace.read_figures("calibration", "calibrate"))
    networks, folds = workspace.networks(), [workspace.inside(fold) for fold in workspace.folds]
    scored = workspace.out_of_fold()
    others = [[item for other in scored if other is not fold for item in other] for fold in scored]
    tables = {
        "shift": measure_shift(networks, folds, calibration.highest),
        "detection": measure_detection(networks, folds, [fit_calibration(rest) for rest in others]),
        "phantoms": measure_phantoms(torch_scorer(workspace.ensemble()), calibration),
    }
    for name, table in tables.items():
        workspace.write_figures(name, table)
    _answer(tables)


def leakage(options: argparse.Namespace) -> None:
    """Train and measure the same network on a split by slice and on one by patient."""
    torch.set_num_threads(options.threads)
    workspace = Workspace(options.work)
    if options.epochs is None:
        options.epochs = EPOCHS
    fold = workspace.folds[0]
    folder = workspace.folder / "leakage"
    with Machine.here(options.device, options.workers) as machine:
        measured = measure_leakage(folder, workspace.outside(fold), workspace.inside(fold), _settings(options), machine)
    if machine.first:
        write_json(workspace.document("leakage"), measured)
        _answer(measured)


def export(options: argparse.Namespace) -> None:
    """Write the release."""
    workspace = Workspace(options.work)
    calibration = from_manifest(workspace.read_figures("calibration", "calibrate"))
    manifest = release(workspace, options.to, options.version, calibration, int8=not options.without_int8)
    _say(f"released {manifest}")


def compare(options: argparse.Namespace) -> None:
    """Train several architectures on repeated splits and compare them."""
    workspace = Workspace(options.work)
    preset = PRESETS[options.preset]
    report = run_compare(
        workspace.studies(),
        NETWORKS,
        repeats=options.repeats or preset.repeats,
        epochs=options.epochs or preset.epochs,
        seed=SEED,
        size=preset.size,
        folder=workspace.folder / f"compare-{options.preset}",
        device=options.device,
    )
    _answer(report)


def test(options: argparse.Namespace) -> None:
    """Measure a release on a data set that had no part in it; nothing of it enters the release."""
    name, folder = options.data
    manifest = read_manifest(options.release)
    learned = {
        sources.info(source["name"]).people for source in read_json(options.release / EVALUATION, "export")["sources"]
    }
    if sources.info(name).people in learned:
        raise TrainingError(f"The release has learned from the patients of {name}; test it on others.")
    calibration = from_manifest(manifest)
    slices = Workspace(options.work).folder / f"test-{name}" / "slices"
    studies = prepare_all(sources.load(name, folder), slices, _say)
    prepared = read_prepared(slices, {study.patient for study in studies})
    scored = score(onnx_scorer(released_network(options.release, manifest)), prepared)
    network = {key: manifest[key] for key in ("name", "version", "sha256")}
    report = {"network": network, "data": name, **measure(scored, calibration)}
    write_json(options.work / f"test-{name}" / "report.json", report)
    _answer(report)


def everything(options: argparse.Namespace) -> None:
    """Every step from raw data to a release, as a recipe says."""
    recipe = read_recipe(options.config)
    folders = {**recipe.sources, **dict(options.data or [])}
    unknown = sorted(set(folders) - set(recipe.sources))
    absent = sorted(name for name, folder in folders.items() if folder is None)
    if unknown or absent:
        wrong = f"does not use {unknown[0]}" if unknown else f"needs the folder of {absent[0]}: --data {absent[0]}:DIR"
        raise TrainingError(f"{options.config} {wrong}.")
    given = {"work": options.work, "threads": recipe.threads, "epochs": recipe.epochs, "device": "cpu", "workers": 0}
    data = list(folders.items())
    prepare(argparse.Namespace(**given, data=data, seed=recipe.seed, folds=recipe.folds))
    prepared = set(Workspace(options.work).splits())
    if prepared != set(recipe.sources):
        raise TrainingError(f"{options.work} holds {', '.join(sorted(prepared))} as well; name another folder.")
    for number, fold in enumerate(Workspace(options.work).folds):
        train(argparse.Namespace(**given, only=fold, seed=recipe.seed_of(number)))
    if recipe.camera:
        camera_steps.learn(options.work, data, recipe, recipe.camera, _say)
    calibrate(argparse.Namespace(**given))
    evaluate(argparse.Namespace(**given))
    check(argparse.Namespace(**given))
    short = min(recipe.epochs, EPOCHS)
    leakage(argparse.Namespace(**{**given, "epochs": short}, seed=recipe.seed_of(0)))
    if recipe.camera:
        camera_steps.measure(options.work, data, recipe.camera, _say)
    released = {"to": options.to, "version": recipe.version, "without_int8": options.without_int8}
    export(argparse.Namespace(**given, **released))


def photograph(options: argparse.Namespace) -> None:
    """Write simulated photos of consoles that show a data set's series."""
    dataset = sources.load(*options.data)
    photograph_series(dataset, options.to, options.count, options.seed, FAMILIES[options.family], options.final)


def finder(options: argparse.Namespace) -> None:
    """Train the network that finds screens, on simulated heads and patients not kept for the final measurement."""
    datasets = [sources.load(name, folder) for name, folder in options.data]
    studies = [study for dataset in datasets for study in dataset.studies if not kept_for_the_end(study.patient)]
    if not studies:
        raise TrainingError("The data sets hold nobody but patients who are kept for the final measurement.")
    heads = [phantom_study(Head(seed=seed), None) for seed in range(PLAINER_HEADS)]
    series = [study.read().stack.pixels for study in (*studies, *heads)]
    write_finder(options.to, series, options.photographs, options.minutes, options.seed, _say)


def reading(options: argparse.Namespace) -> None:
    """Measure how well slices are read off simulated screens, in development on patients not kept for the end."""
    datasets = [sources.load(name, folder) for name, folder in options.data]
    kept = options.family == HELD_OUT
    studies = [one for dataset in datasets for one in dataset.studies if kept_for_the_end(one.patient) == kept]
    if not studies:
        raise TrainingError("The data sets hold no patient to show.")
    _answer(measure_reading(studies, FAMILIES[options.family], options.shots, options.films, _say))


STEPS: dict[str, Callable[[argparse.Namespace], None]] = {
    "prepare": prepare,
    "restore": restore,
    "train": train,
    "calibrate": calibrate,
    "evaluate": evaluate,
    "check": check,
    "leakage": leakage,
    "export": export,
    "compare": compare,
    "test": test,
    "photograph": photograph,
    "finder": finder,
    "reading": reading,
    "capture": lambda options: camera_steps.capture(options, _say),
    "adapt": lambda options: camera_steps.adapt(options, _say),
    "gate": lambda options: camera_steps.gate(options, _say),
    "camera-study": lambda options: _answer(camera_steps.camera_study(options, _say)),
    "routes": lambda options: _answer(camera_steps.routes(options)),
    "all": everything,
}
"""What each subcommand does."""


def _settings(options: argparse.Namespace) -> Settings:
    given = {name: getattr(options, name) for name in ("epochs", "seed")}
    return Settings(**{name: value for name, value in given.items() if value is not None})


def _answer(document: Any) -> None:
    print(json.dumps(document, indent=2, ensure_ascii=False))


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
