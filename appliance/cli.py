"""The ``triage`` command. The answer goes to standard output; progress and complaints go to standard error."""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Iterator, List, Optional, Sequence

from appliance import __version__, engine_commands, part_commands, people_commands, records, report
from appliance.config import Settings
from appliance.config_file import load_settings
from appliance.errors import TriageError
from appliance.files import replace_file
from appliance.reasons import Reason, Refused
from appliance.verdict import Colour, Verdict

EXIT_JUDGED = 0
EXIT_REFER = 3


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Without the program's name; those of the process if not given.

    Returns
    -------
    int
        0 for ``green_yellow`` and ``red_black``, 3 for ``refer``, 2 for wrong usage, 4 where there is no DICOM
        object at all.
    """
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # names are Japanese wherever the terminal is, and those of foreign files need not be text at all
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        settings = load_settings(options.config)
        status: int = options.run(options, settings)
        return status
    except TriageError as error:
        print(f"triage: {error.message}", file=sys.stderr)
        return error.exit_status
    except BrokenPipeError:  # whoever read the answer has read enough
        sys.stdout = open(os.devnull, "w")
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="triage",
        description="Head-CT triage. Research software, not an approved medical device: the doctor decides.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("--config", type=Path, help="TOML file with settings")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    study = commands.add_parser("study", help="judge a folder, DICOMDIR disc, zip or single file")
    study.add_argument("path", type=Path)
    study.add_argument("--study", metavar="UID", help="the study that is meant, where there are several")
    study.add_argument("--json", action="store_true", help="print the whole verdict as JSON")
    study.add_argument("--with-identity", action="store_true", help="name the patient in the JSON")
    study.set_defaults(run=_study)

    pictures = commands.add_parser("pictures", help="score brain-window pictures (PNG, JPEG)")
    pictures.add_argument("folder", type=Path)
    pictures.add_argument("--study", action="store_true", help="one verdict for the folder, its pictures in name order")
    pictures.add_argument("--csv", type=Path, metavar="FILE", help="write the table here in place of standard output")
    pictures.set_defaults(run=_pictures)

    serve = commands.add_parser("serve", help="run the appliance and its page on this machine")
    serve.add_argument("--demo", action="store_true", help="judge a simulated study first")
    serve.set_defaults(run=_serve)

    part_commands.add_commands(commands)

    camera = commands.add_parser(
        "camera", help="judge a screen off a video or photographs; or look at cameras, as [camera] says"
    )
    camera.add_argument("--source", help="a video, a photograph, a folder of photographs, or a camera")
    camera.add_argument("--json", action="store_true", help="print the whole verdict as JSON")
    camera.set_defaults(run=_camera)

    send = commands.add_parser("send", help="send a folder, disc, zip or single file by DICOM C-STORE")
    send.add_argument("path", type=Path)
    send.add_argument("host")
    send.add_argument("port", type=int)
    send.add_argument("--called-ae", metavar="TITLE", default="ANY-SCP", help="AE title of the other side")
    send.add_argument("--calling-ae", metavar="TITLE", help="AE title of this side; that of [scp] if not given")
    send.add_argument("--tls", action="store_true", help="encrypt, and check who the other side is")
    send.add_argument("--tls-authority", type=Path, metavar="FILE", help="who signed the other side's certificate")
    send.add_argument("--tls-certificate", type=Path, metavar="FILE", help="certificate of this side")
    send.add_argument("--tls-key", type=Path, metavar="FILE", help="key of this side")
    send.set_defaults(run=_send)

    records.add_commands(commands)
    people_commands.add_commands(commands)
    engine_commands.add_commands(commands)
    report.add_command(commands)

    doctor = commands.add_parser("doctor", help="say what works on this machine and what is missing")
    doctor.set_defaults(run=_doctor)

    demo = commands.add_parser("demo-disc", help="write a disc with a simulated head CT")
    demo.add_argument("folder", type=Path)
    demo.add_argument("--no-bleed", action="store_true", help="a head without haemorrhage")
    demo.add_argument("--seed", type=int, default=0, help="another number, another head")
    demo.set_defaults(run=_demo_disc)
    return parser


def _study(options: argparse.Namespace, settings: Settings) -> int:
    from appliance.pipeline import Pipeline

    with Pipeline(settings) as pipeline:
        verdict = _last(pipeline.judge(options.path, options.study, photographs=False))
    return _answer(verdict, options.json, options.with_identity)


def _last(steps: Iterator[object]) -> Verdict:
    """Show the steps of a judgement, and return its verdict."""
    from appliance.progress import Progress
    from appliance.scoring import Judgement

    verdict: Optional[Verdict] = None
    for item in steps:
        if isinstance(item, Progress):
            _show(f"{item.step} {item.done}/{item.total}")
        elif isinstance(item, Judgement):
            verdict = item.verdict
    _show("")
    if verdict is None:
        raise TriageError("The study could not be judged; read it now.")
    return verdict


def _answer(verdict: Verdict, as_json: bool, with_identity: bool = False) -> int:
    """Print a verdict, and return the exit status that tells it."""
    if as_json:
        json.dump(verdict.to_json(with_identity), sys.stdout, ensure_ascii=False, indent=1)
        print()
    else:
        print(verdict.colour.value)
        for reason in verdict.reasons:
            print(f"{reason.code.value}: {reason.message}")
        for choice in verdict.choices:
            print(f"--study {choice.uid}  ({choice.date} {choice.time}, {choice.series} series)")
    return EXIT_REFER if verdict.colour is Colour.REFER else EXIT_JUDGED


def _pictures(options: argparse.Namespace, settings: Settings) -> int:
    from appliance.camera.pictures import find_pictures
    from appliance.pipeline import Pipeline

    paths = find_pictures(options.folder)
    rows: List[List[str]] = []
    with Pipeline(settings) as pipeline:
        if options.study:
            verdict = pipeline.pictures.slices(paths).verdict
            rows.append(_row(str(options.folder), verdict.urgent_probability, verdict.colour, verdict.reasons))
        else:
            for number, path in enumerate(paths, 1):
                _show(f"picture {number}/{len(paths)}")
                try:
                    probability, urgent = pipeline.pictures.score(path)
                    rows.append(_row(path.name, probability, Colour.RED_BLACK if urgent else Colour.GREEN_YELLOW, ()))
                except Refused as refused:
                    rows.append(_row(path.name, None, Colour.REFER, refused.reasons))
    _show("")
    if options.csv:
        with replace_file(options.csv) as file:
            file.write(_table(rows).encode("utf-8"))
    else:
        sys.stdout.write(_table(rows))
    return EXIT_REFER if all(row[2] == Colour.REFER.value for row in rows) else EXIT_JUDGED


def _row(name: str, probability: Optional[float], colour: Colour, reasons: Sequence[Reason]) -> List[str]:
    codes = " ".join(reason.code.value for reason in reasons)
    return [name, "" if probability is None else f"{probability:.6f}", colour.value, codes]


def _table(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["file", "probability", "verdict", "reasons"])
    table.writerows(rows)
    return text.getvalue()


def _serve(options: argparse.Namespace, settings: Settings) -> int:
    from appliance.serve import serve

    return serve(settings, options.demo)


def _camera(options: argparse.Namespace, settings: Settings) -> int:
    from appliance.camera.live import LiveSource, open_source
    from appliance.camera.sources import VideoFile
    from appliance.ingest.camera import run
    from appliance.pipeline import Pipeline

    source = open_source(options.source) if options.source else None
    if source is None or isinstance(source, LiveSource):
        camera = replace(settings.camera, source=options.source or settings.camera.source)
        run(replace(settings, camera=camera))
        return 0
    with Pipeline(settings) as pipeline:
        is_video = isinstance(source, VideoFile)
        verdict = _last(pipeline.pictures.video(source) if is_video else pipeline.judge(Path(options.source)))
    return _answer(verdict, options.json)


def _send(options: argparse.Namespace, settings: Settings) -> int:
    from appliance.ingest.send import Peer, send
    from appliance.ingest.tls import client_context

    files = (options.tls_certificate, options.tls_key, options.tls_authority)
    tls = client_context(*files) if options.tls or any(files) else None
    calling = options.calling_ae or settings.scp.ae_title
    peer = Peer(options.host, options.port, options.called_ae, calling, tls)
    stored = done = total = 0
    for total, outcome in send(options.path, peer, settings.ingest):
        done += 1
        stored += outcome.stored
        _show(f"send {done}/{total}")
        if not outcome.stored:
            _show("")
            print(f"{Path(outcome.path).name}: {outcome.reason}", file=sys.stderr)
    _show("")
    print(f"{stored} of {total} objects stored at {peer.called}")
    return 0 if stored == total else 1


def _doctor(options: argparse.Namespace, settings: Settings) -> int:
    from appliance.doctor import examine

    findings = examine(settings)
    for finding in findings:
        print(f"{'ok ' if finding.works else 'NO '} {finding.what}: {finding.detail}")
    return 0 if all(finding.works or not finding.needed for finding in findings) else 1


def _demo_disc(options: argparse.Namespace, settings: Settings) -> int:
    from appliance.phantom.disc import DEMO_BLEED, write_demo_disc

    disc = write_demo_disc(options.folder, None if options.no_bleed else DEMO_BLEED, options.seed)
    print(disc.folder)
    return 0


def _show(text: str) -> None:
    """Show progress on a terminal in one line; elsewhere say nothing."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
