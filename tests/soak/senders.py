"""Who brings studies: each brings his until the appliance has acknowledged it, however often that is killed.

A study is acknowledged by what its sender trusts: the answer to an upload that leads to its case, a status of success
for every single image over the network, a page that says that the disc may be taken out.
"""

from __future__ import annotations

import http.client
import json
import random
import shutil
from pathlib import Path
from threading import Event, Thread
from typing import Dict, Iterator, List, Mapping, Optional

from pynetdicom import AE, build_context
from pynetdicom.association import Association

from appliance.ingest.acceptor import close_socket
from appliance.store import MediumRow, MediumState, Store, StoreBusyError
from tests.soak.killers import Kills
from tests.soak.parts import Site
from tests.soak.plan import Errand, Ledger
from tests.soak.studies import Study, study

_CT = "1.2.840.10008.5.1.4.1.1.2"
_EXPLICIT = "1.2.840.10008.1.2.1"
_TIMEOUT_S = 60.0
_PAUSE_S = 0.3
_LATE_S = 4.0
"""A sender that tries again so late finds its study handed over."""
_DRIVES = 6
_PIECES = 20
_SLOWLY_S = 0.6
_BOUNDARY = "soak-5f1c2b"


class UnexpectedAnswer(Exception):
    """The appliance answered as it should not, alive or killed."""


class Sender(Thread):
    """Brings studies by one way.

    Parameters
    ----------
    errands : iterator of Errand
        What to bring; shared with others of this way.
    site : Site
        The appliance.
    ledger : Ledger
        Notes what was acknowledged.
    kills : Kills
        Says when to begin.
    seed : str
        Of the pauses before anything is sent again.
    stop : threading.Event
        Ends the thread.
    """

    def __init__(self, errands: Iterator[Errand], site: Site, ledger: Ledger, kills: Kills, seed: str, stop: Event):
        super().__init__(name=f"sends {seed}", daemon=True)
        self.fault: Optional[str] = None
        self._errands, self._site, self._ledger, self._kills, self._stop_asked = errands, site, ledger, kills, stop
        self._random = random.Random(f"{seed} sender")

    def run(self) -> None:
        """Bring all there is, and keep what went wrong."""
        try:
            self._bring_all()
        except Exception as error:  # noqa: BLE001
            self.fault = repr(error)  # whatever it is, the soak must hear of it

    def _bring_all(self) -> None:
        for errand in self._errands:
            while not self._kills.wait_for(errand.after, 0.2):
                if self._stop_asked.is_set():
                    return
            self._bring(errand)
            if self._stop_asked.is_set():
                return

    def _bring(self, errand: Errand) -> None:
        raise NotImplementedError

    def _pause(self, way: str) -> bool:
        """Wait before the next try, now and then long; False where there is to be none."""
        self._ledger.repeat(way)
        longest = _LATE_S if self._random.random() < 0.1 else _PAUSE_S
        return not self._stop_asked.wait(self._random.uniform(0, longest))


class Uploader(Sender):
    """A browser, or a program with a zip archive."""

    def _bring(self, errand: Errand) -> None:
        item = study(errand.number)
        files = [item.zipped()] if errand.way == "zip" else list(item.images.values())
        as_program = errand.number % 2 == 0
        while True:
            case_id = self._post(files, as_program)
            if case_id is not None:
                self._ledger.acknowledge(errand, case_id)
                return
            if not self._pause(errand.way):
                return

    def _post(self, files: List[bytes], as_program: bool) -> Optional[str]:
        """Return the id of the case, None where there was no answer or none that is final."""
        form = _form(files)
        headers = {
            "Content-Length": str(len(form)),
            "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}",
            "Accept": "application/json" if as_program else "text/html",
        }
        connection = http.client.HTTPConnection("127.0.0.1", self._site.web_port, timeout=_TIMEOUT_S)
        try:
            connection.request("POST", "/cases", self._pieces(form), headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        if answer.status == 201:
            return str(json.loads(content)["case"]).rpartition("/")[2]
        if answer.status == 303:
            return str(answer.headers["Location"]).rpartition("/")[2]
        if answer.status >= 500:
            return None
        raise UnexpectedAnswer(f"an upload was answered with status {answer.status}: {content[:200]!r}")

    def _pieces(self, form: bytes) -> Iterator[bytes]:
        """Send at once, or over a slow line, so that a kill finds a half of it."""
        size = len(form) // _PIECES + 1
        slow = self._random.random() < 0.4
        for start in range(0, len(form), size):
            yield form[start : start + size]
            if slow and self._stop_asked.wait(_SLOWLY_S / _PIECES):
                return


class Scanner(Sender):
    """A scanner or archive that stores image by image, and after a break sends what was not acknowledged."""

    def _bring(self, errand: Errand) -> None:
        item = study(errand.number)
        folder = self._site.folder / "sent" / str(errand.number)
        folder.mkdir(parents=True)
        left: Dict[str, Path] = {}
        for position, (uid, content) in enumerate(item.images.items()):
            left[uid] = folder / f"{position:03d}"
            left[uid].write_bytes(content)
        while True:
            self._store(left)
            if not left:
                self._ledger.acknowledge(errand)
                shutil.rmtree(folder)
                return
            if not self._pause(errand.way):
                return

    def _store(self, left: Dict[str, Path]) -> None:
        """Send images in one association, and strike out those that are acknowledged."""
        entity = AE("SCANNER")
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = _TIMEOUT_S
        association = entity.associate("127.0.0.1", self._site.scp_port, contexts=[build_context(_CT, [_EXPLICIT])])
        try:
            for uid in list(left):
                status = self._store_one(association, left[uid])
                if status is None:
                    return
                if status == 0:
                    del left[uid]
                elif status != 0xA700:  # out of resources: try again later
                    raise UnexpectedAnswer(f"an image was answered with status {status:04X}")
            association.release()
        finally:
            if association.is_established:
                association.abort()
            if association.ident is not None:  # else it was never accepted
                association.join(_TIMEOUT_S)
            close_socket(association)

    def _store_one(self, association: Association, path: Path) -> Optional[int]:
        if not association.is_established:
            return None
        try:
            status: Optional[int] = association.send_c_store(path).get("Status")
        except RuntimeError:  # it was cut off a moment ago
            return None
        return status


class Drive(Sender):
    """A drive with some slots: a disc stays in until a page says that it may be taken out."""

    def __init__(
        self,
        errands: Iterator[Errand],
        site: Site,
        ledger: Ledger,
        kills: Kills,
        seed: str,
        stop: Event,
        store: Store,
    ) -> None:
        super().__init__(errands, site, ledger, kills, seed, stop)
        self._store = store

    def _bring_all(self) -> None:
        """Fill the slots, look at the page, take out what was read."""
        inside: List[Errand] = []
        waiting: Optional[Errand] = next(self._errands, None)
        while (waiting or inside) and not self._stop_asked.is_set():
            while waiting and len(inside) < _DRIVES and self._kills.wait_for(waiting.after, 0):
                self._insert(waiting)
                inside.append(waiting)
                waiting = next(self._errands, None)
            shown = self._shown()
            inside = [errand for errand in inside if not self._taken_out(errand, shown)]
            self._stop_asked.wait(0.2)

    def _shown(self) -> Dict[str, MediumRow]:
        try:
            return {row.name: row for row in reversed(self._store.media.shown()) if row.present}
        except StoreBusyError:
            return {}

    def _insert(self, errand: Errand) -> None:
        made = self._site.folder / "burnt" / _name(errand)
        for path, content in _disc(study(errand.number)).items():
            (made / path).parent.mkdir(parents=True, exist_ok=True)
            (made / path).write_bytes(content)
        made.rename(self._site.drive / made.name)

    def _taken_out(self, errand: Errand, shown: Mapping[str, MediumRow]) -> bool:
        """Take a disc out once it was read; leave some in for longer."""
        row = shown.get(_name(errand))
        if row is None or row.state is MediumState.READING:
            return False
        if row.state is MediumState.REFUSED or row.case_id is None:
            raise UnexpectedAnswer(f"a disc is {row.state.value}: {row.error_message}")
        if self._random.random() < 0.3:
            return False
        self._ledger.acknowledge(errand, row.case_id)
        inside = self._site.drive / _name(errand)
        outside = self._site.folder / "burnt" / inside.name
        inside.rename(outside)  # all at once: what is half taken out is another disc
        shutil.rmtree(outside)
        return True


def _name(errand: Errand) -> str:
    return f"disc-{errand.number}"


def _disc(item: Study) -> Mapping[str, bytes]:
    """What is on the disc: on every fourth a DICOMDIR too, which a child process of the watcher reads."""
    if item.number % 4 == 0:
        return item.files
    return {path: content for path, content in item.files.items() if path != "DICOMDIR"}


def _form(files: List[bytes]) -> bytes:
    parts: List[bytes] = []
    for number, content in enumerate(files):
        head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="IM{number}"\r\n\r\n'
        parts += [head.encode(), content, b"\r\n"]
    return b"".join([*parts, f"--{_BOUNDARY}--\r\n".encode()])
