"""Pictures that show no head CT in a brain window, as they come before the appliance: bare, on a console, photographed.

All are drawn from a seed, but for pages of a real browser and, where they are at hand, real scans of other parts.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence

import cv2
import numpy as np
from playwright.sync_api import sync_playwright

from tests.other_scans import magnetic_of, of_file, scans
from tests.other_scenes import PAGE, desk, gallery, room, scenes, web_pages
from tests.web.browser import CHROMIUM, OPTIONS
from training.screen.brush import Box
from training.screen.console import Console, draw_console
from training.screen.draw import draw_settings
from training.screen.families import DEVELOPMENT
from training.screen.lens import look
from training.screen.panel import emit
from training.screen.room import furnish
from training.screen.sensor import banding, develop, gain_for
from training.screen.shot import describe, photograph
from training.screen.sight import gather, see

FRAME = (1600, 900)
GRID = (4, 5)
AS_IS = (120.0, 40.0)
"""The console's window that leaves the grey levels of pictures as they are."""

REAL = {
    "CT_small.dcm": ("soft", "brain"),
    "693_J2KI.dcm": ("soft", "narrow"),
    "J2K_pixelrep_mismatch.dcm": ("bone", "lung"),
    "MR_small.dcm": ("",),
    "examples_overlay.dcm": ("",),
    "JPEG2000.dcm": ("",),
    "examples_rgb_color.dcm": ("",),
}
"""Files that pydicom brings along, and the windows in which they are shown."""


@dataclass(frozen=True)
class NoHead:
    """One picture that must be refused.

    Attributes
    ----------
    name : str
        What it shows.
    way : str
        ``bare``, ``console`` or ``photograph``.
    picture : numpy.ndarray
        uint8, shape ``(rows, columns, 3)``, BGR.
    """

    name: str
    way: str
    picture: np.ndarray


def series(seed: int, head: Optional[Path] = None) -> Iterator[tuple[str, List[np.ndarray]]]:
    """Yield every series by its name.

    Parameters
    ----------
    seed : int
        Draws them.
    head : pathlib.Path, optional
        Folder of a real head's brain-window slices, from which pictures of a magnet are made.
    """
    for number, (name, draw) in enumerate({**scans(), **scenes()}.items()):
        yield name, draw(np.random.default_rng([seed, number]))
    for name, windows in REAL.items():
        for window in windows:
            path = _bundled(name)
            if path is not None:
                yield f"{name} {window}".strip(), of_file(path, np.random.default_rng([seed, 99]), window)
    if head is not None:
        slices = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in sorted(head.iterdir())]
        for contrast in ("T1", "T2", "FLAIR", "PD", "DWI"):
            yield f"MR {contrast} of a real head", magnetic_of(slices, np.random.default_rng([seed, 98]), contrast)


def _bundled(name: str) -> Optional[Path]:
    import pydicom

    path = Path(pydicom.__file__).parent / "data" / "test_files" / name
    return path if path.is_file() else None


def screens(seed: int) -> Dict[str, np.ndarray]:
    """Whole pictures of `PAGE`: web pages out of a browser, desks and rooms."""
    random = np.random.default_rng([seed, 1000])
    found = {f"web page, {name}": picture for name, picture in _browsed(web_pages(random)).items()}
    for number in range(3):
        found[f"desk {number}"] = desk(random)
        found[f"room {number}"] = room(random)
    for name, draw in scenes().items():
        if name in ("landscapes", "faces", "portraits", "eggs", "documents", "charts"):
            found[f"gallery, {name}"] = cv2.resize(gallery(draw(random)), PAGE, interpolation=cv2.INTER_AREA)
    return found


def _browsed(pages: Dict[str, str]) -> Dict[str, np.ndarray]:
    found = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        tab = browser.new_page(viewport={"width": PAGE[0], "height": PAGE[1]})
        for name, html in pages.items():
            tab.set_content(html)
            found[name] = cv2.imdecode(np.frombuffer(tab.screenshot(), np.uint8), cv2.IMREAD_COLOR)
        browser.close()
    return found


def on_console(pictures: Sequence[np.ndarray], random: np.random.Generator) -> np.ndarray:
    """Screenshot of a console that shows a series in a grid: BGR."""
    looks = DEVELOPMENT.looks
    console = draw_console(_grey(pictures), random, looks[random.integers(len(looks))], *GRID, FRAME, AS_IS)
    return np.ascontiguousarray(console.picture[:, :, ::-1])


def photographed_series(pictures: Sequence[np.ndarray], random: np.random.Generator) -> np.ndarray:
    """Photograph of a console that shows a series in a grid: BGR."""
    settings = draw_settings(replace(DEVELOPMENT, usable=1.0), random, FRAME)
    return photograph(_grey(pictures), random, replace(settings, window=AS_IS), *GRID).photo


def photographed_screen(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Photograph of a screen that shows one picture all over: BGR."""
    settings = draw_settings(replace(DEVELOPMENT, usable=1.0), random, FRAME)
    shown = cv2.resize(picture, settings.panel_size, interpolation=cv2.INTER_AREA)[:, :, ::-1]
    pane: Box = (0, 0, *settings.panel_size)
    console = Console(np.ascontiguousarray(shown), pane, 1, 1, (), AS_IS)
    layers = furnish(settings.room, settings.panel_size, random)
    view = look(settings.pose, settings.lens, settings.panel_size, settings.frame)
    sight = see(settings.panel, layers, view, settings.panel_size)
    bands = banding(settings.sensor, settings.frame[1], float(random.random()))
    light = gather(sight, sight.focus(emit(console.picture, settings.panel)), bands)
    photo = develop(light, settings.sensor, gain_for(light, settings.sensor), random)
    return describe(photo, console, view, asdict(settings)).photo


def _grey(pictures: Sequence[np.ndarray]) -> np.ndarray:
    return np.stack([one if one.ndim == 2 else cv2.cvtColor(one, cv2.COLOR_BGR2GRAY) for one in pictures])


def no_heads(seed: int, head: Optional[Path] = None) -> Iterator[NoHead]:
    """Yield every picture; the same for the same arguments."""
    for number, (name, pictures) in enumerate(series(seed, head)):
        random = np.random.default_rng([seed, 2000, number])
        bare = pictures[len(pictures) // 2]
        bare = cv2.cvtColor(bare, cv2.COLOR_GRAY2BGR) if bare.ndim == 2 else bare
        yield NoHead(name, "bare", cv2.resize(bare, (512, 512), interpolation=cv2.INTER_LINEAR))
        yield NoHead(name, "console", on_console(pictures, random))
        yield NoHead(name, "photograph", photographed_series(pictures, random))
    for number, (name, picture) in enumerate(screens(seed).items()):
        yield NoHead(name, "bare", picture)
        yield NoHead(name, "photograph", photographed_screen(picture, np.random.default_rng([seed, 3000, number])))
