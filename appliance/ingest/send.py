"""Send DICOM objects to another machine by C-STORE (PS3.4 annex B), as they are encoded, in one association."""

from __future__ import annotations

import ssl
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

import pynetdicom
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pynetdicom import AE, build_context
from pynetdicom.association import Association

from appliance.config import IngestSettings
from appliance.dicom.find import Medium
from appliance.errors import ConfigError, NoDicomError, TriageError
from appliance.ingest.acceptor import close_socket

_DIRECTORY = "1.2.840.10008.1.3.10"
"""Media Storage Directory: the DICOMDIR of a disc, which C-STORE does not carry."""

_CONTEXTS_MAX = 128
"""Presentation contexts of one association (PS3.8 section 9.3.2.2)."""


class NotConnectedError(TriageError):
    """The other machine does not answer, refuses the association, or ends it."""

    code = "not_connected"


@dataclass(frozen=True)
class Peer:
    """Where to send.

    Attributes
    ----------
    host : str
        Name or address.
    port : int
        TCP port.
    called, calling : str
        AE titles of the other machine and of this one.
    tls : ssl.SSLContext or None
        None to speak in the clear.
    timeout_s : float
        How long to wait for each answer.
    """

    host: str
    port: int
    called: str = "ANY-SCP"
    calling: str = "TRIAGE"
    tls: Optional[ssl.SSLContext] = None
    timeout_s: float = 60.0


@dataclass(frozen=True)
class Outcome:
    """What became of one object.

    Attributes
    ----------
    path : str
        Its file; in an archive's case that of the unpacked file.
    stored : bool
        Whether the other machine has it.
    reason : str
        Why not.
    """

    path: str
    stored: bool
    reason: str = ""


@dataclass(frozen=True)
class _Object:
    path: str
    sop_class: str
    syntax: str


def send(path: Path, peer: Peer, limits: IngestSettings) -> Iterator[Tuple[int, Outcome]]:
    """Send what lies under a path.

    Parameters
    ----------
    path : pathlib.Path
        A folder, disc, zip archive or single file.
    peer : Peer
        Where to.
    limits : IngestSettings
        How much may be read.

    Yields
    ------
    int
        How many objects there are.
    Outcome
        Of one of them, each in turn.

    Raises
    ------
    NotConnectedError
        When there is no association, or it ends early.
    TriageError
        When nothing can be read there.
    """
    with Medium(path, limits) as medium:
        objects, unreadable = _objects(medium.files().candidates)
        total = len(objects) + len(unreadable)
        for name in unreadable:
            yield total, Outcome(name, False, "it has no DICOM file meta information")
        if not objects:
            raise NoDicomError("No object that could be sent was found there.")
        association = _associate(peer, objects)
        try:
            for item in objects:
                yield total, _store(association, item)
        finally:
            if association.is_established:
                association.release()
            close_socket(association)


def _objects(paths: Tuple[str, ...]) -> Tuple[List[_Object], List[str]]:
    """Read what must be negotiated for each file; those that do not say it come second."""
    objects, unreadable = [], []
    for path in paths:
        try:
            meta = read_file_meta_info(path)
            item = _Object(path, str(meta.MediaStorageSOPClassUID), str(meta.TransferSyntaxUID))
        except (InvalidDicomError, OSError, AttributeError, ValueError, NotImplementedError, EOFError):
            unreadable.append(path)
            continue
        if item.sop_class != _DIRECTORY:
            objects.append(item)
    return objects, unreadable


def _associate(peer: Peer, objects: List[_Object]) -> Association:
    # from the file as it is: neither decoded nor encoded again
    pynetdicom._config.STORE_SEND_CHUNKED_DATASET = True
    pynetdicom._config.LOG_HANDLER_LEVEL = "none"
    try:
        entity = AE(peer.calling)
        entity.connection_timeout = entity.network_timeout = peer.timeout_s
        entity.acse_timeout = entity.dimse_timeout = peer.timeout_s
        kinds = Counter((item.sop_class, item.syntax) for item in objects)
        association = entity.associate(
            peer.host,
            peer.port,
            # one each: of several syntaxes in a context, the other side would take one for all
            contexts=[build_context(*kind) for kind, _ in kinds.most_common(_CONTEXTS_MAX)],
            ae_title=peer.called,
            tls_args=(peer.tls, peer.host) if peer.tls is not None else None,
        )
    except (TypeError, ValueError) as error:
        raise ConfigError(f"The AE titles or the address cannot be used: {error}.") from error
    if not association.is_established:
        close_socket(association)
        where = f"{peer.called} at {peer.host} port {peer.port}"
        if association.is_rejected:
            answer = association.acceptor.primitive
            reason = answer.reason_str if answer is not None else "no reason given"
            raise NotConnectedError(f"{where} refuses the association ({reason}); check the AE titles on both sides.")
        raise NotConnectedError(f"{where} does not answer; check the address, whether it runs, and TLS on both sides.")
    return association


def _store(association: Association, item: _Object) -> Outcome:
    if not association.is_established:
        raise NotConnectedError("The other side ended the association; what is missing must be sent again.")
    try:
        status = association.send_c_store(item.path).get("Status")
    except ValueError:
        return Outcome(item.path, False, "the other side does not take its SOP class in its transfer syntax")
    except AttributeError:
        return Outcome(item.path, False, "its file meta information names no SOP instance")
    if status is None:
        raise NotConnectedError("The other side ended the association; what is missing must be sent again.")
    # 0 is success; warnings (PS3.7 annex C.4) store the object too
    if status == 0 or status >> 12 == 0xB:
        return Outcome(item.path, True)
    return Outcome(item.path, False, f"the other side answers with status {status:04X}")
