"""Bars that run across a viewer's window: titles, menus, tools, patient, tasks."""

from __future__ import annotations

import cv2

from training.screen.brush import Box, Brush, draw_icon, shaded, some_colour
from training.screen.looks import Colour

MENUS = ("File", "Edit", "View", "Image", "Tools", "Series", "Layout", "Window", "Help")


def title(brush: Brush, box: Box) -> None:
    """The window's title and its three buttons."""
    x, y, width, height = box
    brush.fill(box, brush.look.accent)
    brush.write(
        f"CT Viewer - [{brush.patient.name}  {brush.patient.date}  Head]", x + 8, y + int(height * 0.7), 11, (255,) * 3
    )
    for number in range(3):
        left = x + width - (number + 1) * height
        brush.fill((left + 3, y + 3, height - 6, height - 6), brush.look.face, False)
        cv2.rectangle(
            brush.canvas,
            (left + height // 3, y + height // 3),
            (left + 2 * height // 3, y + 2 * height // 3),
            brush.look.ink,
        )


def menu(brush: Brush, box: Box) -> None:
    """A row of menus."""
    x, y, _, height = box
    brush.fill(box, brush.look.face, False)
    for word in MENUS[: brush.rng.integers(5, len(MENUS) + 1)]:
        brush.write(word, x + 10, y + int(height * 0.7), 11)
        x += int((len(word) * 9 + 22) * brush.unit)


def tools(brush: Brush, box: Box) -> None:
    """A row of buttons with signs."""
    x, y, width, height = box
    brush.fill(box, brush.look.face, False)
    side, end = height - 8, x + int(width * brush.rng.uniform(0.35, 0.9))
    x += 6
    while x + side < end:
        if brush.rng.random() < 0.12:
            x += side // 2
        if brush.look.bevelled:
            brush.fill((x, y + 4, side, side), brush.look.face, bool(brush.rng.random() < 0.1))
        draw_icon(brush, x + side // 6, y + 4 + side // 6, side * 2 // 3)
        x += side + 4


def header(brush: Brush, box: Box) -> None:
    """Patient and study."""
    x, y, width, height = box
    brush.fill(box, shaded(brush.look.face, 0.85, 8), True)
    who = brush.patient
    brush.write(who.name, x + 12, y + int(height * 0.68), 15)
    rest = f"ID {who.number}   {who.born}  {who.age:03}Y {who.sex}   Head CT plain   {who.date} {who.time}"
    brush.write(rest, x + int((30 + 15 * len(who.name)) * brush.unit), y + int(height * 0.68), 11)


def strip(brush: Brush, box: Box) -> None:
    """A line of text above a screen full of pictures."""
    x, y, _, height = box
    brush.fill(box, brush.look.face)
    brush.write(
        f"{brush.patient.name}  {brush.patient.number}  CT {brush.patient.date}", x + 10, y + int(height * 0.75), 11
    )


def browser(brush: Brush, box: Box) -> None:
    """A browser's tab and address."""
    x, y, width, height = box
    brush.fill(box, (222, 225, 230))
    brush.fill((x + 10, y + 4, int(220 * brush.unit), height // 2 - 4), (250, 250, 250))
    brush.write("Viewer", x + 24, y + int(height * 0.38), 10, (60, 60, 60))
    brush.fill((x, y + height // 2, width, height - height // 2), (250, 250, 250))
    brush.fill((x + width // 16, y + height // 2 + 4, width * 3 // 4, height // 2 - 8), (232, 234, 238))
    brush.write("https://pacs.example/viewer?study=1.2.392", x + width // 14, y + int(height * 0.83), 10, (60, 60, 60))


def tabs(brush: Brush, box: Box) -> None:
    """Pages of a web application."""
    x, y, width, height = box
    brush.fill(box, (255, 255, 255))
    for number, word in enumerate(("Worklist", brush.patient.name.title(), "Compare", "Share")):
        left = x + 20 + number * int(170 * brush.unit)
        brush.write(word, left, y + int(height * 0.6), 13, brush.look.accent if number == 1 else None)
        if number == 1:
            brush.fill((left - 8, y + height - 5, int(150 * brush.unit), 5), brush.look.accent)
    cv2.circle(brush.canvas, (x + width - height, y + height // 2), height // 3, brush.look.accent, -1, cv2.LINE_AA)


def banner(brush: Brush, box: Box) -> None:
    """A large coloured heading."""
    x, y, width, height = box
    brush.fill(box, shaded(brush.look.face, 1.3, 0))
    brush.write("<", x + 20, y + int(height * 0.62), 24)
    brush.write(brush.patient.name.title(), x + width // 2 - int(110 * brush.unit), y + int(height * 0.5), 22)
    brush.write(f"Head CT, {brush.patient.date}", x + width // 2 - int(110 * brush.unit), y + int(height * 0.82), 12)


def timeline(brush: Brush, box: Box) -> None:
    """The series as a line with a mark for each slice, and the handle where the viewer stands."""
    x, y, width, height = box
    brush.fill(box, shaded(brush.look.face, 1.1, 6))
    start, end, middle = x + width // 12, x + width * 11 // 12, y + height // 2
    cv2.line(brush.canvas, (start, middle), (end, middle), brush.look.ink, 2)
    count = max(len(brush.pictures), 2)
    for number in range(count):
        at = start + (end - start) * number // (count - 1)
        cv2.line(brush.canvas, (at, middle - height // 6), (at, middle + height // 6), brush.look.ink, 1)
    handle = (int(start + brush.progress * (end - start)), middle)
    cv2.circle(brush.canvas, handle, height // 3, brush.look.accent, -1, cv2.LINE_AA)
    brush.write("1", x + width // 30, middle + 5, 11)
    brush.write(str(count), end + width // 50, middle + 5, 11)


def status(brush: Brush, box: Box) -> None:
    """What the viewer is doing."""
    x, y, width, height = box
    brush.fill(box, brush.look.face, True)
    brush.write(
        f"Ready    {brush.rng.integers(10, 90)} images    {brush.patient.number}", x + 10, y + int(height * 0.7), 10
    )
    brush.write(brush.patient.time, x + width - int(110 * brush.unit), y + int(height * 0.7), 10)


def tasks(brush: Brush, box: Box) -> None:
    """The desktop's bar: programs, time."""
    x, y, width, height = box
    dark = brush.rng.random() < 0.6
    brush.fill(box, (24, 28, 40) if dark else (206, 212, 224), False)
    for number in range(brush.rng.integers(3, 10)):
        colour = some_colour(brush.rng, 60, 250)
        side = height * 2 // 3
        brush.fill((x + 10 + number * (side + 16), y + height // 6, side, side), colour, False)
    ink: Colour = (230, 230, 230) if dark else (20, 20, 20)
    brush.write(brush.patient.time[:5], x + width - int(75 * brush.unit), y + int(height * 0.45), 10, ink)
    brush.write(brush.patient.date, x + width - int(100 * brush.unit), y + int(height * 0.85), 9, ink)
