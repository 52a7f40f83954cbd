"""The QR code of a second factor, read as an authenticator reads it."""

from __future__ import annotations

import html
import re
from typing import Tuple

import cv2
import numpy as np
import pytest
from flask import Flask

from appliance.store import Store, totp
from appliance.store.people import Role
from appliance.web.qr import qr_code
from tests.web.logins import PASSWORD, Browser, logged_in
from tests.web.test_account import with_factor

MODULE = 4
QUIET_ZONE = 4


def drawn(size: int, path: str) -> np.ndarray:
    """Paint SVG path data of unit squares, black on white."""
    picture = np.full((size, size), 255, np.uint8)
    strokes = re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", path)
    assert "".join("M{} {}h{}v1h-{}z".format(*stroke) for stroke in strokes) == path, "nothing else is in it"
    for column, row, width, back in strokes:
        assert width == back
        picture[int(row), int(column) : int(column) + int(width)] = 0
    return np.kron(picture, np.ones((MODULE, MODULE), np.uint8))


def read(picture: np.ndarray) -> str:
    """What the code says. Its corners are known: OpenCV's search for them misses about one code in a hundred."""
    near, far = QUIET_ZONE * MODULE, len(picture) - QUIET_ZONE * MODULE - 1
    corners = np.array([[[near, near], [far, near], [far, far], [near, far]]], np.float32)
    return str(cv2.QRCodeDetector().decode(picture, corners)[0])


def shown(browser: Browser) -> Tuple[np.ndarray, str, str]:
    """The picture on the account page, the address of its link, and the secret that is written there."""
    page = browser.get("/account").text
    ((size, path),) = re.findall(r'<svg class="qr" viewBox="0 0 (\d+) \1".*?<path d="([^"]*)"', page)
    (link,) = re.findall(r'href="(otpauth:[^"]*)"', page)
    (secret,) = re.findall(r'name="secret" value="([A-Z2-7]{32})"', page)
    return drawn(int(size), path), html.unescape(link), secret


def test_the_picture_says_the_address_of_the_factor(hospital: Flask, records: Store) -> None:
    picture, link, secret = shown(logged_in(hospital, records, "sato"))
    assert read(picture) == link == totp.address(secret, "sato")


@pytest.mark.parametrize("name", ["x", "田中-花子_é", "花" * 40])
def test_it_holds_every_name(name: str) -> None:
    address = totp.address(totp.new_secret(), name)
    code = qr_code(address)
    assert read(drawn(code.size, code.path)) == address


def test_it_has_its_quiet_zone() -> None:
    code = qr_code("x")
    picture = drawn(code.size, code.path)
    inner = picture[QUIET_ZONE * MODULE : -QUIET_ZONE * MODULE, QUIET_ZONE * MODULE : -QUIET_ZONE * MODULE]
    assert (picture == 0).sum() == (inner == 0).sum() and (inner[0] == 0).any() and (inner[:, 0] == 0).any()


def test_it_is_shown_only_while_a_factor_is_set_up(hospital: Flask, records: Store) -> None:
    browser = logged_in(hospital, records, "sato")
    answer = browser.get("/account")
    assert 'class="qr"' in answer.text and answer.headers["Cache-Control"] == "no-store"
    assert "data:" not in answer.headers["Content-Security-Policy"]
    with_factor(browser)
    assert 'class="qr"' not in browser.get("/account").text and "otpauth" not in browser.get("/account").text


def test_what_is_no_secret_is_not_drawn(hospital: Flask, records: Store) -> None:
    browser = logged_in(hospital, records, "sato")
    for secret in ("", "A" * 31, "a" * 32, "A" * 32 + "\n", "A" * 30_000, "花" * 32):
        answer = browser.send("/account/factor", page="/account", secret=secret, code="1", current="wrong")
        assert answer.status_code == 400 and 'class="qr"' not in answer.text


def test_a_wrong_password_keeps_the_picture_that_was_scanned(hospital: Flask, records: Store) -> None:
    browser = logged_in(hospital, records, "sato")
    secret = totp.new_secret()
    answer = browser.send("/account/factor", page="/account", secret=secret, code="1", current="wrong")
    assert qr_code(totp.address(secret, "sato")).path in answer.text
    assert records.people.named("sato") == records.people.check("sato", PASSWORD)


def test_names_are_as_long_as_the_picture_was_tried_with(records: Store) -> None:
    assert records.people.add("花" * 40, Role.DOCTOR, PASSWORD).name == "花" * 40
