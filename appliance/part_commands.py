"""The parts of the appliance, each in a process of its own, as the units in ``systemd/`` start them.

``triage worker``, ``web``, ``scp`` and ``watch-media``; and ``triage health``, which asks whether the page answers.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from appliance.config import MediaSettings, Settings


def add_commands(commands: Any) -> None:
    """Add these commands to the command line's parser.

    Parameters
    ----------
    commands : argparse._SubParsersAction
        What `argparse.ArgumentParser.add_subparsers` returned.
    """
    worker = commands.add_parser("worker", help="judge what comes in, until stopped")
    worker.set_defaults(run=_worker)

    web = commands.add_parser("web", help="serve the page, as [server] says, until stopped")
    web.set_defaults(run=_web)

    scp = commands.add_parser("scp", help="receive studies by DICOM C-STORE, as [scp] says, until stopped")
    scp.set_defaults(run=_scp)

    media = commands.add_parser("watch-media", help="take in discs and sticks, as [media] says, until stopped")
    media.add_argument("--folder", type=Path, metavar="DIR", help="each sub-folder of it is a medium")
    media.set_defaults(run=_watch_media)

    health = commands.add_parser("health", help="say whether the page answers; exit status 1 where it does not")
    health.set_defaults(run=_health)


def _worker(options: argparse.Namespace, settings: Settings) -> int:
    from appliance import worker

    worker.run(settings)
    return 0


def _web(options: argparse.Namespace, settings: Settings) -> int:
    from appliance.web import server

    server.run(settings)
    return 0


def _scp(options: argparse.Namespace, settings: Settings) -> int:
    from appliance.ingest.scp import serve

    return serve(settings)


def _watch_media(options: argparse.Namespace, settings: Settings) -> int:
    from appliance.ingest.watcher import run

    if options.folder:
        settings = replace(settings, media=MediaSettings("folder", options.folder))
    run(settings)
    return 0


def _health(options: argparse.Namespace, settings: Settings) -> int:
    from appliance.web.answers import page_answers

    answers = page_answers(settings)
    print("The page answers." if answers else "The page does not answer; see what its log says.")
    return 0 if answers else 1
