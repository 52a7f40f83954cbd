"""What works on this machine and what is missing, line by line."""

from __future__ import annotations

import importlib
import platform
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List

from appliance import __version__
from appliance.board import Board
from appliance.config import Settings
from appliance.device.board import ROOT, identity, read_board
from appliance.device.clock import clock
from appliance.device.jetson_stats import JetsonStats
from appliance.engine_state import QUIET, engines_folder
from appliance.errors import TriageError
from appliance.files import disk_in_words
from appliance.ingest.watcher import place_of
from appliance.presence import is_present
from appliance.store import MediumState, Store
from appliance.store.troubles import troubles

_PATIENCE_S = 5.0
"""The service of jetson-stats answers within two seconds, or not at all."""


@dataclass(frozen=True)
class Finding:
    """One line of the examination.

    Attributes
    ----------
    what : str
        What was looked at.
    works : bool
        Whether it works.
    detail : str
        Version, device, or what to do.
    needed : bool
        Whether the appliance needs it here.
    """

    what: str
    works: bool
    detail: str
    needed: bool = True


def examine(settings: Settings) -> List[Finding]:
    """Look at everything the appliance uses.

    Returns
    -------
    list of Finding
        In the order in which a study passes through it.
    """
    findings = [
        Finding("appliance", True, f"{__version__} on Python {platform.python_version()}, {platform.machine()}")
    ]
    findings += [_module("pydicom"), _module("gdcm"), _module("openjpeg"), _module("cv2")]
    findings.append(_syntaxes())
    findings.append(_network(settings))
    findings.append(_judges(settings))
    findings += [_engine(settings), examine_board(), examine_clock(settings), *examine_store(settings)]
    return findings


def _module(name: str) -> Finding:
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        return Finding(name, False, f"cannot be loaded ({error}); install headct-triage again")
    version = getattr(module, "__version__", None) or getattr(module, "GDCM_VERSION", None)
    if version is None and name == "gdcm":
        version = module.Version.GetVersion()
    return Finding(name, True, str(version))


def _syntaxes() -> Finding:
    from appliance.dicom.rules import DECODABLE

    htj2k = "1.2.840.10008.1.2.4.201" in DECODABLE
    return Finding("transfer syntaxes", True, f"{len(DECODABLE)} lossless, {'with' if htj2k else 'without'} HTJ2K")


def _network(settings: Settings) -> Finding:
    from appliance.inference.release import load_release

    try:
        release = load_release(settings.engine.manifest)
    except TriageError as error:
        return Finding("network", False, error.message)
    return Finding("network", True, f"{release.name} {release.version}, SHA-256 {release.sha256[:12]}…")


def _judges(settings: Settings) -> Finding:
    """Judge a simulated study, the whole road."""
    from appliance.phantom.disc import DEMO_BLEED, write_demo_disc
    from appliance.pipeline import Pipeline
    from appliance.scoring import Judgement

    try:
        with disk_in_words(), tempfile.TemporaryDirectory(prefix="triage-") as folder, Pipeline(settings) as pipeline:
            disc = write_demo_disc(Path(folder) / "disc", DEMO_BLEED, seed=0)
            for item in pipeline.judge(disc.folder):
                if isinstance(item, Judgement):
                    verdict = item.verdict
    except TriageError as error:
        return Finding("simulated study", False, error.message)
    engine = verdict.engine
    where = f"{engine.backend}, {engine.precision}, {engine.device}" if engine else "no engine"
    return Finding(
        "simulated study", bool(verdict.zones), f"{verdict.colour.value} in {verdict.timings.total:.0f} ms ({where})"
    )


def _engine(settings: Settings) -> Finding:
    """Open the engine that serves, which lets it score the golden cases."""
    from appliance.inference.release import load_release
    from appliance.inference.serving import ServingEngine

    what, folder = "engine", engines_folder(settings.store.folder)
    try:
        with ServingEngine(load_release(settings.engine.manifest), settings.engine, folder) as engine:
            pass
    except TriageError as error:
        return Finding(what, False, error.message)
    works = engine.note.state in QUIET
    checked = engine.drift.message if engine.drift else "the release has no golden cases"
    detail = f"{engine.note.message} Self-test of {engine.identity.backend}: {checked}"
    return Finding(what, works, detail, needed=not works)


def _network_storage(settings: Settings, store: Store) -> Finding:
    what, scp = "network storage", settings.scp
    if scp.port is None:
        return Finding(what, False, "off; set [scp] port to receive from other machines", needed=False)
    where = f"{scp.ae_title} at {scp.host} port {scp.port}, {'with' if scp.tls_certificate else 'without'} TLS"
    runs = is_present(store.network_lock)
    return Finding(what, runs, where if runs else f"{where}: does not run; start `triage serve` or `triage scp`")


def _media(settings: Settings, store: Store) -> Finding:
    what, watch = "discs and sticks", settings.media.watch
    if watch == "nothing":
        return Finding(what, False, "off; set [media] watch to take in what is inserted", needed=False)
    try:
        place_of(settings)
    except TriageError as error:
        return Finding(what, False, error.message)
    for medium in store.media.shown()[:1]:
        if medium.state is MediumState.GONE:
            return Finding(what, False, f"{medium.name} went away before all of it was read; insert it again")
        if medium.state is MediumState.REFUSED:
            return Finding(what, False, f"{medium.name}: {medium.error_message}")
    runs, where = is_present(store.media_lock), f"{watch}, {settings.media.folder}"
    to_do = "nobody watches; start `triage serve` or `triage watch-media`"
    return Finding(what, runs, where if runs else f"{where}: {to_do}")


def _camera(settings: Settings, store: Store) -> Finding:
    what = "camera"
    if not settings.camera.source:
        told = "no camera of its own; set [camera] source to give it one"
        return Finding(what, False, f"{told} (telephones: {'on' if settings.camera.browsers else 'off'})", needed=False)
    if not is_present(store.camera_lock):
        return Finding(what, False, f"{settings.camera.shown}: start `triage serve` or `triage camera`")
    trouble = store.captures.camera_trouble()
    return Finding(what, trouble is None, settings.camera.shown + (f": {trouble}" if trouble else ""))


def examine_board(root: Path = ROOT) -> Finding:
    """Look at the board: what it is, and what makes it slower than it could be."""
    with JetsonStats() as statistics:
        told = statistics.told(_PATIENCE_S)
        board = read_board(identity(root), root, told)
    wrong = []
    if board.slowed_by_heat:
        wrong.append(f"slowed down by heat ({', '.join(board.slowed_by_heat)}), check its fan")
    if board.power_mode is not None and board.power_mode.low:
        wrong.append("in a low power mode, choose a faster one with `nvpmodel`")
    return Finding("board", not wrong, "; ".join([*wrong, *_said(board), f"jetson-stats: {statistics.state}"]), False)


def _said(board: Board) -> Iterator[str]:
    """Yield what the board says of itself, and what it does not."""
    mode, hottest = board.power_mode, board.hottest
    share = "" if mode is None or mode.share is None else f" ({100 * mode.share:.0f} % of full speed)"
    facts = {
        "model": board.model,
        "L4T": board.l4t,
        "JetPack": board.jetpack,
        "power mode": mode and mode.name + share,
        "hottest sensor": hottest and f"{hottest[0]} {hottest[1]:.0f} °C",
        "GPU load": None if board.gpu_load is None else f"{100 * board.gpu_load:.0f} %",
        "power limit touched": ", ".join(f"{name} {count}" for name, count in board.over_current.items()),
    }
    yield ", ".join(f"{name} {value}" for name, value in facts.items() if value) or "says nothing of itself"
    silent = [name for name, value in facts.items() if not value]
    if silent:
        yield f"not told: {', '.join(silent)}"


def examine_clock(settings: Settings) -> Finding:
    """Look at the time of day, and at the zone by which scans of today are told from old ones."""
    found = clock(settings.hospital)
    shown = f"{found.now:%Y-%m-%d %H:%M}, {found.zone}"
    to_do = "set the hospital's time zone (`timedatectl set-timezone`), or scans of today are doubted and old ones not"
    return Finding("clock", found.believable, shown if found.believable else f"{shown}: {to_do}")


def examine_store(settings: Settings) -> List[Finding]:
    """Look at the store, its disk and records, and at the ways that lead into it."""
    folder = settings.store.folder
    try:
        with Store(folder, "doctor") as store:
            examination = store.audit.verify()
            wrong = [Finding("store", False, trouble.message) for trouble in troubles(store, settings)]
            ways = [_network_storage(settings, store), _media(settings, store), _camera(settings, store)]
    except TriageError as error:
        return [Finding("store", False, error.message)]
    if examination.fault:
        wrong.append(Finding("audit trail", False, examination.fault))
    free = shutil.disk_usage(folder).free / 1e9
    found = f"{folder}, {free:.1f} GB free, {examination.entries} audit entries"
    return [*(wrong or [Finding("store", True, found)]), *ways]
