"""A study in the viewer, and what a test sees and does there."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import urllib.request
from base64 import b64decode
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import cv2
import numpy as np

from appliance import worker
from appliance.config import ServerSettings, Settings, StoreSettings
from appliance.ingest.spool import medium_path, take_in
from appliance.phantom.dicomise import write_series
from appliance.pipeline import Pipeline
from appliance.rendering import render_next
from appliance.stop import StopRequest
from appliance.store import Source, Store
from tests.ingest.network import free_port
from tests.running import wait_for
from tests.simulated import options, volume
from tests.web.browser import answers

DOTS = ((40, 40), (40, 215))
"""Row and column of two beads of metal, in the air beside the head, on every slice."""

BEADS_MM = (DOTS[1][1] - DOTS[0][1]) * options().pixel_spacing_mm


def with_beads() -> np.ndarray:
    """A head with beads, in Hounsfield units."""
    head = volume().copy()
    for row, column in DOTS:
        head[:, row - 1 : row + 2, column - 1 : column + 2] = 2500
    return head


@contextmanager
def served(folder: Path, pipeline: Pipeline) -> Iterator[str]:
    """Address of the case of a judged and rendered study."""
    write_series(folder / "disc", with_beads(), options())
    with served_from(folder, pipeline) as url:
        yield url


@contextmanager
def served_from(folder: Path, pipeline: Pipeline) -> Iterator[str]:
    """Address of the case of what lies in a folder's ``disc``, judged and rendered."""
    settings = Settings(server=ServerSettings(port=free_port()), store=StoreSettings(folder / "store"))
    with Store(settings.store.folder) as store:
        files = [[path.read_bytes()] for path in sorted((folder / "disc").iterdir())]
        case = take_in(store, settings.ingest, files, Source.UPLOAD)
        job = store.jobs.claim()
        assert job is not None and worker._finish(store, pipeline, job, StopRequest())
        assert render_next(
            store, pipeline.reader, settings.ingest, lambda spool: medium_path(store, spool), lambda: False
        )
    environment = {
        "TRIAGE_STORE_FOLDER": str(settings.store.folder),
        "TRIAGE_SERVER_PORT": str(settings.server.port),
    }
    process = subprocess.Popen([sys.executable, "-m", "appliance.cli", "web"], env={**os.environ, **environment})
    address = f"http://127.0.0.1:{settings.server.port}"
    wait_for(lambda: answers(address + "/"))
    yield f"{address}/cases/{case.id}"
    process.terminate()
    process.wait()


def levels(case_url: str, about: Dict[str, Any], number: int) -> np.ndarray:
    """What the page gets of a slice, counted from 1."""
    with urllib.request.urlopen(f"{case_url}/series/{number}") as answer:
        return np.frombuffer(gzip.decompress(answer.read()), np.uint8).reshape(about["rows"], about["columns"])


def slice_shown(page: Any) -> int:
    """Number over the picture."""
    return int(page.locator("[data-over=slice]").inner_text().split("/")[0])


def canvas(page: Any) -> np.ndarray:
    """Grey of what is painted."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    picture = page.evaluate("document.querySelector('.stage canvas').toDataURL()")
    return cv2.imdecode(np.frombuffer(b64decode(picture.split(",")[1]), np.uint8), cv2.IMREAD_GRAYSCALE)


def beads(page: Any) -> List[Tuple[float, float]]:
    """Where the two beads are on the page, found by their brightness in the bone window."""
    page.locator("#slice").press("4")
    grey = canvas(page)
    box = page.locator(".stage").bounding_box()
    found = []
    for half, left in (
        (grey[: len(grey) // 5, : grey.shape[1] // 5], 0),
        (grey[: len(grey) // 5, -(grey.shape[1] // 5) :], 1),
    ):
        rows, columns = np.nonzero(half > 200)
        across = columns.mean() + 0.5 + left * (grey.shape[1] - half.shape[1])
        scale = box["width"] / grey.shape[1]
        found.append((box["x"] + across * scale, box["y"] + (rows.mean() + 0.5) * scale))
    return found


def touches(page: Any, *frames: List[Tuple[float, float]]) -> None:
    """Put fingers down, move them from frame to frame, lift them."""
    session = page.context.new_cdp_session(page)
    for number, points in enumerate(frames):
        kind = "touchMove" if number else "touchStart"
        places = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
