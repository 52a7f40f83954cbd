"""A browser of somebody who logs in."""

from __future__ import annotations

import re
from typing import Any, Optional

from flask import Flask
from werkzeug.test import TestResponse

from appliance.store import Store
from appliance.store.people import Person, Role

PASSWORD = "correct horse battery staple"
ADDRESS = "10.1.2.3"

_TOKEN = re.compile(r'name="form_token" value="([^"]*)"')


class Browser:
    """Keeps cookies, and sends forms with the token of their page, as a browser does."""

    def __init__(self, app: Flask, address: str = ADDRESS) -> None:
        self._client = app.test_client()
        self._address = address

    def get(self, path: str, **options: Any) -> TestResponse:
        return self._client.get(path, environ_base={"REMOTE_ADDR": self._address}, **options)

    def send(self, path: str, page: Optional[str] = None, **data: str) -> TestResponse:
        """Fill in the form on a page; on the page that it is sent to, if none is named."""
        return self.post(path, {"form_token": self.token(page or path), **data})

    def post(self, path: str, data: Any = None, **options: Any) -> TestResponse:
        return self._client.post(path, data=data, environ_base={"REMOTE_ADDR": self._address}, **options)

    def token(self, page: str) -> str:
        found = _TOKEN.search(self.get(page).text)
        return found.group(1) if found else ""

    def cookie(self, name: str = "triage-session") -> Optional[str]:
        found = self._client.get_cookie(name)
        return found.value if found else None

    def set_cookie(self, value: str, name: str = "triage-session") -> None:
        self._client.set_cookie(name, value)

    def log_in(self, name: str, password: str = PASSWORD, code: str = "") -> TestResponse:
        return self.send("/login", name=name, password=password, code=code)


def set_up(store: Store, name: str, role: Role) -> Person:
    """Make a person who has a password."""
    return store.people.add(name, role, None if role is Role.KIOSK else PASSWORD)


def logged_in(app: Flask, store: Store, name: str) -> Browser:
    """Return the browser of a person who logged in, or of a wall screen that took its code."""
    browser, person = Browser(app), store.people.named(name)
    assert person is not None
    if person.role is Role.KIOSK:
        answer = browser.send("/code", code=store.codes.make(person))
    else:
        answer = browser.log_in(name)
    assert answer.status_code == 303, answer.text
    return browser


def is_in(browser: Browser) -> bool:
    """Tell whether the start page is shown."""
    return browser.get("/").status_code == 200


def start_machine_anew(store: Store) -> None:
    """Let all that was noted be of an earlier boot."""
    with store.database.transaction() as connection:
        connection.execute("UPDATE sessions SET seen_boot = 'before', began_boot = 'before'")
        connection.execute("UPDATE codes SET made_boot = 'before'")
