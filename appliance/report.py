"""``triage report --month YYYY-MM``: how the appliance's verdicts agree with people's own colours.

Counted are the cases whose verdict came in that month, by this machine's local time, each study once: neither answers
that others took the place of, nor images that came in twice, nor simulated studies. Cases that were removed by age
count on (`appliance.store.feedback`); those that were purged do not. A person's red or black is urgent, green or yellow
is not; of several submissions on a case the newest counts.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from appliance import __version__
from appliance.config import Settings
from appliance.errors import TriageError
from appliance.files import replace_file
from appliance.forest_plot import Line, forest_plot
from appliance.store import Source, Store
from appliance.store.feedback import Outcome
from appliance.verdict import Colour

_Z = 1.959964
"""Of the standard normal distribution, for 95 %."""

INDEPENDENT = "The intervals take cases as independent; several studies of one patient make them too narrow."


class PlotError(TriageError):
    """The plot's file has a name of another kind."""

    code = "bad_plot"
    exit_status = 2


@dataclass(frozen=True)
class Share:
    """A share with its interval.

    Attributes
    ----------
    count, of : int
        So many of so many.
    value : float or None
        The share; None of nothing.
    ci95 : tuple of float or None
        Its 95 % interval by Wilson.
    """

    count: int
    of: int
    value: Optional[float]
    ci95: Optional[Tuple[float, float]]


def share(count: int, of: int) -> Share:
    """Return a share with its score interval (Wilson 1927), which holds for small numbers and for 0 % and 100 % too."""
    if not of:
        return Share(count, of, None, None)
    value, spread = count / of, _Z**2 / of
    centre = (value + spread / 2) / (1 + spread)
    half = _Z / (1 + spread) * math.sqrt(value * (1 - value) / of + spread / (4 * of))
    low = 0.0 if count == 0 else centre - half
    high = 1.0 if count == of else centre + half
    return Share(count, of, round(value, 6), (round(low, 6), round(high, 6)))


def figures(outcomes: Sequence[Outcome], refer_is_urgent: bool = False) -> Dict[str, Share]:
    """Compare verdicts with people's own colours.

    Parameters
    ----------
    outcomes : sequence of Outcome
        Those without feedback do not count.
    refer_is_urgent : bool
        Whether a `refer`, which sends the doctor to a specialist too, counts as urgent; otherwise it does not count.

    Returns
    -------
    dict of str to Share
        ``agreement``, ``sensitivity``, ``specificity``, ``ppv`` and ``npv``.
    """
    urgent = {Colour.RED_BLACK, Colour.REFER} if refer_is_urgent else {Colour.RED_BLACK}
    pairs = Counter(
        (item.verdict in urgent, _urgent(item))
        for item in outcomes
        if _urgent(item) is not None and (refer_is_urgent or item.verdict is not Colour.REFER)
    )
    hits, alarms, misses, passes = (pairs[pair] for pair in _PAIRS)
    return {
        "agreement": share(hits + passes, hits + alarms + misses + passes),
        "sensitivity": share(hits, hits + misses),
        "specificity": share(passes, passes + alarms),
        "ppv": share(hits, hits + alarms),
        "npv": share(passes, passes + misses),
    }


_PAIRS = ((True, True), (True, False), (False, True), (False, False))
"""Whether the appliance, and whether the person, says urgent."""


def counts(outcomes: Sequence[Outcome]) -> Dict[str, int]:
    """Count cases by verdict and feedback."""
    judged = sum(item.verdict is not Colour.REFER for item in outcomes)
    told = sum(item.own_colour is not None for item in outcomes)
    return {
        "judged": judged,
        "refer": len(outcomes) - judged,
        "with_feedback": told,
        "without_feedback": len(outcomes) - told,
    }


def report(month: str, outcomes: Sequence[Outcome]) -> Dict[str, Any]:
    """Return the report on a month as a document.

    Parameters
    ----------
    month : str
        ``YYYY-MM``.
    outcomes : sequence of Outcome
        Of that month.
    """
    counted = [item for item in outcomes if item.source is not Source.DEMO]
    sources = sorted({item.source for item in counted}, key=lambda source: source.value)
    by_source = {source: [item for item in counted if item.source is source] for source in sources}
    return {
        "month": month,
        "appliance_version": __version__,
        "cases": counts(counted),
        "table": {
            name: {
                verdict.value: sum(item.verdict is verdict and _urgent(item) is urgent for item in counted)
                for verdict in Colour
            }
            for name, urgent in (("own_urgent", True), ("own_not_urgent", False))
        },
        "figures": _documents(figures(counted)),
        "figures_refer_as_urgent": _documents(figures(counted, refer_is_urgent=True)),
        "by_source": {
            source.value: {"cases": counts(items), "figures": _documents(figures(items))}
            for source, items in by_source.items()
        },
        "networks": [
            {**dict(model), "cases": number}
            for model, number in sorted(Counter(tuple(sorted(item.model.items())) for item in counted).items())
        ],
        "simulated_left_out": len(outcomes) - len(counted),
        "remarks": [_bias(counts(counted)), INDEPENDENT],
        "feedback": [_told(item) for item in counted if item.own_colour is not None],
    }


def add_command(commands: Any) -> None:
    """Add the command to the command line's parser, as `argparse.ArgumentParser.add_subparsers` returned it."""
    parser = commands.add_parser("report", help="how verdicts agree with the colours that people gave, in one month")
    parser.add_argument("--month", type=_month, required=True, metavar="YYYY-MM", help="of the verdicts, local time")
    parser.add_argument("--json", action="store_true", help="print the whole report as JSON")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw the figures with their intervals")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace, settings: Settings) -> int:
    if options.plot and options.plot.suffix.lower() != ".svg":
        raise PlotError(f"The plot is an SVG: give it a name that ends in .svg, not {options.plot.name}.")
    with Store(settings.store.folder) as store:
        document = report(options.month, store.feedback.outcomes(*_span(options.month)))
    if options.plot:
        with replace_file(options.plot) as file:
            file.write(plot(document).encode("utf-8"))
    if options.json:
        json.dump(document, sys.stdout, ensure_ascii=False, indent=1)
        print()
    else:
        print(text(document), end="")
    return 0


def text(document: Mapping[str, Any]) -> str:
    """Write a report for people."""
    cases, table = document["cases"], document["table"]
    lines = [
        f"Verdicts of {document['month']} and people's own colours. Research software, not an approved medical device.",
        "",
        f"Judged {cases['judged']}, refer {cases['refer']}; with feedback {cases['with_feedback']}, "
        f"without {cases['without_feedback']}.",
        "",
        f"{'':16}{'own red/black':>16}{'own green/yellow':>20}",
    ]
    for name, verdict in (("red/black", "red_black"), ("green/yellow", "green_yellow"), ("refer", "refer")):
        lines.append(f"{name:16}{table['own_urgent'][verdict]:>16}{table['own_not_urgent'][verdict]:>20}")
    lines += ["", f"{'':16}{'refer left out':<34}refer as urgent"]
    for name, words in _NAMES.items():
        first, second = (_words(document[kind][name]) for kind in ("figures", "figures_refer_as_urgent"))
        lines.append(f"{words:16}{first:<34}{second}")
    for source, found in document["by_source"].items():
        own = found["cases"]
        lines += ["", f"{source}: judged {own['judged']}, refer {own['refer']}, with feedback {own['with_feedback']}"]
        lines += [f"  {words:14}{_words(found['figures'][name])}" for name, words in _NAMES.items()]
    lines += ["", *(f"Network {one['name']} {one['version']}: {one['cases']} cases" for one in document["networks"])]
    if document["simulated_left_out"]:
        lines.append(f"{document['simulated_left_out']} simulated studies are left out.")
    return "\n".join([*lines, "Intervals: 95 %, Wilson.", *document["remarks"], ""])


def plot(document: Mapping[str, Any]) -> str:
    """Draw a report's figures as an SVG."""
    groups = [("Refer left out", document["figures"]), ("Refer as urgent", document["figures_refer_as_urgent"])]
    if len(document["by_source"]) > 1:
        groups += [(f"From {source}", found["figures"]) for source, found in document["by_source"].items()]
    lines: List[Line] = []
    for heading, found in groups:
        lines.append(Line(heading, heading=True))
        for name, words in _NAMES.items():
            one = found[name]
            lines.append(Line(words, _words(one), one["value"], tuple(one["ci95"]) if one["ci95"] else None))
    cases = document["cases"]
    subtitle = (
        f"{cases['with_feedback']} of {cases['judged'] + cases['refer']} cases have feedback; "
        f"{cases['refer']} refer. Against the newest own colour of each case."
    )
    footnote = "Squares: shares; bars: 95 % intervals (Wilson). Research software, not an approved medical device."
    return forest_plot(f"Verdicts and people's own colours, {document['month']}", subtitle, lines, footnote)


_NAMES = {
    "agreement": "agreement",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "ppv": "PPV",
    "npv": "NPV",
}


def _words(one: Mapping[str, Any]) -> str:
    if one["value"] is None:
        return f"– ({one['count']}/{one['of']})"
    low, high = one["ci95"]
    return f"{one['value']:.1%} ({low:.1%} to {high:.1%}) {one['count']}/{one['of']}"


def _bias(cases: Mapping[str, int]) -> str:
    if not cases["without_feedback"]:
        return "Every case has feedback."
    return (
        f"{cases['without_feedback']} of {cases['judged'] + cases['refer']} cases have no feedback. Where people give "
        "it rather for some cases than for others, such as red or surprising ones, these figures are biased "
        "(verification bias)."
    )


def _urgent(item: Outcome) -> Optional[bool]:
    """Tell whether a person called a case urgent; None where nobody said anything."""
    return item.own_colour.urgent if item.own_colour else None


def _told(item: Outcome) -> Dict[str, Any]:
    return {
        "case": item.case_number,
        "finished": item.finished_at.isoformat(),
        "source": item.source.value,
        "verdict": item.verdict.value,
        "urgent_probability": item.urgent_probability,
        "own_colour": item.own_colour.value if item.own_colour else None,
        "study_sha256": item.study_sha256,
        "model_sha256": item.model["sha256"],
    }


def _documents(found: Mapping[str, Share]) -> Dict[str, Dict[str, Any]]:
    return {name: asdict(one) for name, one in found.items()}


def _month(value: str) -> str:
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", value) or value < "1971":
        raise argparse.ArgumentTypeError("a month is YYYY-MM, such as 2026-03")
    return value


def _span(month: str) -> Tuple[datetime, datetime]:
    """Return when a month begins and when the next one does, by this machine's local time."""
    year, number = (int(part) for part in month.split("-"))
    return datetime(year, number, 1).astimezone(), datetime(year + number // 12, number % 12 + 1, 1).astimezone()
