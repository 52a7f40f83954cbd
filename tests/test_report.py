"""``triage report``: its figures against published ones, and the command over a real store."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Callable, Iterator, List, Optional, Tuple
from xml.etree import ElementTree

import pytest

from appliance.cli import main
from appliance.report import figures, report, share, text
from appliance.store import OwnColour, Source, Store
from appliance.store.feedback import Outcome
from appliance.verdict import Colour, Verdict
from tests.arrivals import STUDY, arrived, images
from tests.verdicts import GREEN, PATIENT, RED, REFUSED

MONTH = datetime.now().strftime("%Y-%m")
MODEL = {"name": "slice-alexnet", "version": "0.1.0", "sha256": "5f" * 32}
RED_BLACK, GREEN_YELLOW, REFER = Colour.RED_BLACK, Colour.GREEN_YELLOW, Colour.REFER


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def run(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Tuple[int, str]]:
    monkeypatch.setenv("TRIAGE_STORE_FOLDER", str(tmp_path / "store"))

    def call(*arguments: object) -> Tuple[int, str]:
        status = main(["report", *map(str, arguments)])
        said = capsys.readouterr()
        return status, said.out + said.err

    return call


# Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3
@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_intervals_are_those_published(count: int, of: int, low: float, high: float) -> None:
    assert share(count, of).ci95 == pytest.approx((low, high), abs=5.1e-5)
    assert share(of - count, of).ci95 == pytest.approx((1 - high, 1 - low), abs=5.1e-5)


def test_a_share_of_nothing_is_none() -> None:
    assert (share(0, 0).value, share(0, 0).ci95) == (None, None)


def outcome(verdict: Colour, own: Optional[OwnColour], source: Source = Source.MEDIA) -> Outcome:
    return Outcome(1, datetime.now(timezone.utc), source, verdict, 0.5, "ab" * 32, MODEL, own)


CASES: List[Outcome] = [
    *[outcome(RED_BLACK, OwnColour.RED)] * 6,
    *[outcome(RED_BLACK, OwnColour.BLACK)] * 2,
    *[outcome(RED_BLACK, OwnColour.YELLOW)] * 4,
    *[outcome(GREEN_YELLOW, OwnColour.GREEN, Source.NETWORK)] * 27,
    *[outcome(GREEN_YELLOW, OwnColour.RED, Source.NETWORK)] * 1,
    *[outcome(REFER, OwnColour.RED)] * 3,
    *[outcome(REFER, OwnColour.GREEN)] * 2,
    *[outcome(GREEN_YELLOW, None)] * 10,
    *[outcome(RED_BLACK, OwnColour.RED, Source.DEMO)] * 5,
]


def test_figures_come_from_the_two_by_two_table() -> None:
    def counted(refer_is_urgent: bool) -> List[Tuple[int, int]]:
        found = figures([item for item in CASES if item.source is not Source.DEMO], refer_is_urgent)
        return [
            (found[name].count, found[name].of) for name in ("agreement", "sensitivity", "specificity", "ppv", "npv")
        ]

    assert counted(False) == [(35, 40), (8, 9), (27, 31), (8, 12), (27, 28)]
    assert counted(True) == [(38, 45), (11, 12), (27, 33), (11, 17), (27, 28)]


def test_a_report_counts_sources_and_says_what_it_leaves_out() -> None:
    document = report("2026-03", CASES)
    assert document["cases"] == {"judged": 50, "refer": 5, "with_feedback": 45, "without_feedback": 10}
    assert document["table"] == {
        "own_urgent": {"red_black": 8, "green_yellow": 1, "refer": 3},
        "own_not_urgent": {"red_black": 4, "green_yellow": 27, "refer": 2},
    }
    assert list(document["by_source"]) == ["media", "network"]
    assert document["by_source"]["network"]["figures"]["sensitivity"]["of"] == 1
    assert document["networks"] == [{**MODEL, "cases": 55}]
    assert document["simulated_left_out"] == 5 and len(document["feedback"]) == 45
    said = text(document)
    assert "10 of 55 cases have no feedback." in said and "verification bias" in said
    assert "87.5% (73.9% to 94.5%) 35/40" in said and "not an approved medical device" in said


def finished(store: Store, number: int, verdict: Verdict, at: datetime) -> None:
    case, _ = arrived(store, images(number), verdict, f"{STUDY}{number}")
    with store.database.transaction() as connection:
        text = at.astimezone(timezone.utc).isoformat(timespec="milliseconds")
        connection.execute("UPDATE cases SET finished_at = ? WHERE number = ?", (text, case.number))
    store.feedback.give(case, "red", "", "Sato")


def test_a_month_is_that_of_the_clock_on_the_wall(store: Store, run: Callable[..., Tuple[int, str]]) -> None:
    begin, end = datetime(2026, 12, 1).astimezone(), datetime(2027, 1, 1).astimezone()
    moment = timedelta(milliseconds=1)
    for number, at in enumerate([begin - moment, begin, end - moment, end], start=1):
        finished(store, number, RED, at)
    status, said = run("--month", "2026-12", "--json")
    assert status == 0
    assert [item["case"] for item in json.loads(said)["feedback"]] == [2, 3]


def test_the_command_says_figures_and_draws_them(
    store: Store, run: Callable[..., Tuple[int, str]], tmp_path: Path
) -> None:
    for number, verdict in enumerate([RED, GREEN, REFUSED], start=1):
        finished(store, number, verdict, datetime.now().astimezone())
    status, said = run("--month", MONTH, "--plot", tmp_path / "plot.svg")
    assert status == 0 and "Judged 2, refer 1; with feedback 3, without 0." in said
    assert "Every case has feedback." in said and PATIENT.patient_id not in said
    drawn = ElementTree.fromstring((tmp_path / "plot.svg").read_text("utf-8"))
    words = ["".join(found.itertext()) for found in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"sensitivity", "50.0% (9.5% to 90.5%) 1/2", "Refer as urgent"} <= set(words)
    squares = [found for found in drawn.iter("{http://www.w3.org/2000/svg}rect") if found.get("x")]
    assert len(squares) == 8, "the specificities, of nothing, have no square"


def test_a_month_without_cases_is_no_error(run: Callable[..., Tuple[int, str]], tmp_path: Path) -> None:
    status, said = run("--month", "1999-01", "--plot", tmp_path / "plot.svg")
    assert status == 0 and "Judged 0, refer 0" in said and (tmp_path / "plot.svg").exists()


def test_what_is_no_month_or_no_plot_is_refused(run: Callable[..., Tuple[int, str]], tmp_path: Path) -> None:
    for month in ("2026-13", "2026", "March"):
        with pytest.raises(SystemExit) as ended:
            run("--month", month)
        assert ended.value.code == 2
    assert run("--month", MONTH, "--plot", tmp_path / "plot.png")[0] == 2
    (tmp_path / "file").write_bytes(b"")
    status, said = run("--month", MONTH, "--plot", tmp_path / "file" / "plot.svg")
    assert status == 2 and "cannot be written" in said
