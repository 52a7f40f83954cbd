"""Network storage: other machines send CT studies here by C-STORE (PS3.4 annex B), and ask by C-ECHO whether it is up.

What comes in is written as it is encoded (`appliance.ingest.intake`); of its data set only the identifying elements
are read.
"""

from __future__ import annotations

import logging
import sys
import time
from types import TracebackType
from typing import Optional, Type, cast

import pynetdicom
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import UID
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.events import Event

from appliance import notify
from appliance.config import ScpSettings, Settings
from appliance.dicom.header import CT_CLASSES
from appliance.dicom.rules import DECODABLE, LOSSY
from appliance.errors import ConfigError, TriageError
from appliance.ingest.acceptor import Acceptor
from appliance.ingest.identity import UnidentifiedObjectError, identify
from appliance.ingest.intake import Intake
from appliance.ingest.tls import server_context
from appliance.stop import StopRequest, ends_in_words
from appliance.store import Store

DEFAULT_PORT = 11112
"""Where nobody names another (the port that IANA has registered as `dicom`)."""

VERIFICATION = "1.2.840.10008.1.1"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"

SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700
MISMATCH = 0xA900
CANNOT_UNDERSTAND = 0xC000
"""Statuses of C-STORE (PS3.4 table B.2-1). The sender shows them to a person or tries again."""

_EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
_PERIOD_S = 0.2

log = logging.getLogger(__name__)


class PortInUseError(TriageError):
    """The address cannot be listened on."""

    code = "address_in_use"
    exit_status = 2
    passes = True  # an address may come up after the appliance does


class StorageServer:
    """Accepts associations while it is open; a context manager.

    Parameters
    ----------
    settings : ScpSettings
        Address, titles, limits and TLS.
    intake : Intake
        Keeps what comes in.

    Attributes
    ----------
    port : int
        Where it listens.

    Raises
    ------
    ConfigError
        When a setting cannot be used.
    PortInUseError
        When the address cannot be listened on.
    """

    def __init__(self, settings: ScpSettings, intake: Intake) -> None:
        self._intake = intake
        context = None
        if settings.tls_certificate is not None:
            context = server_context(settings.tls_certificate, settings.tls_key, settings.tls_authority)
        elif settings.tls_key is not None or settings.tls_authority is not None:
            raise ConfigError("[scp] tls_key and tls_authority need tls_certificate beside them.")
        # its own logging of every message costs more than the messages
        pynetdicom._config.LOG_HANDLER_LEVEL = "none"
        try:
            self._server = Acceptor(
                _entity(settings),
                (settings.host, DEFAULT_PORT if settings.port is None else settings.port),
                context,
                [(evt.EVT_C_STORE, self._store), (evt.EVT_REJECTED, _tell_rejected)],
                settings.max_object_mb * 1_000_000,
            )
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise PortInUseError(
                f"Network storage cannot listen at {settings.host} port {settings.port} ({reason}); name another "
                "with [scp] port, or TRIAGE_SCP_PORT."
            ) from error
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> StorageServer:
        """Begin to accept."""
        self._server.start()
        return self

    def __exit__(
        self,
        exc_type: Optional[Type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        """Stop accepting and abort what is open: what was not acknowledged is sent again."""
        self._server.stop()

    def _store(self, event: Event) -> int:
        """Answer one C-STORE request; runs in the thread of its association."""
        request, syntax = cast(C_STORE, event.request), event.file_meta.TransferSyntaxUID
        sender: Association = event.assoc
        if request.DataSet is None:
            return CANNOT_UNDERSTAND
        try:
            identity = identify(request.DataSet, syntax)
        except UnidentifiedObjectError as error:
            log.error("an object from %s is refused: %s", _title(sender), error)
            return CANNOT_UNDERSTAND
        announced = (request.AffectedSOPClassUID, request.AffectedSOPInstanceUID)
        if announced != (identity.sop_class_uid, identity.sop_instance_uid):
            log.error("an object from %s is refused: it is not the one that was announced", _title(sender))
            return MISMATCH
        header = DicomBytesIO()
        header.write(bytes(128) + b"DICM")
        write_file_meta_info(header, event.file_meta)
        try:
            with request.DataSet.getbuffer() as encoded:
                self._intake.keep(sender, identity, (header.getvalue(), encoded))
        except (OSError, TriageError) as error:
            log.error("an object from %s cannot be kept: %s", _title(sender), error)
            return OUT_OF_RESOURCES
        return SUCCESS


def serve(settings: Settings) -> int:
    """Receive studies until SIGTERM or SIGINT; the address goes to the log.

    Parameters
    ----------
    settings : Settings
        The store and ``[scp]``.

    Returns
    -------
    int
        0, since it was asked to stop.

    Raises
    ------
    TriageError
        When the address is in use, the store cannot be used, or another process receives into it.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)  # a port scan would fill the disk with tracebacks
    stop = StopRequest()
    with Store(settings.store.folder, "network storage") as store:
        with Intake(store, settings.scp, settings.ingest) as intake, StorageServer(settings.scp, intake) as server:
            log.info("%s listens at %s port %d", settings.scp.ae_title, settings.scp.host, server.port)
            notify.ready()
            while not stop.set:
                notify.alive()
                intake.tend()
                time.sleep(_PERIOD_S)
    return 0


def run(settings: Settings) -> None:
    """`serve` as a part of the appliance.

    Raises
    ------
    SystemExit
        When it cannot start or go on; the log says why, and the status whether to start it again.
    """
    with ends_in_words(log):
        serve(settings)


def _entity(settings: ScpSettings) -> AE:
    """Say what is accepted, and from whom."""
    try:
        entity = AE(settings.ae_title)
        entity.require_calling_aet = list(settings.calling_ae_titles)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"[scp] has an AE title that is none: {error}.") from error
    entity.require_called_aet = settings.check_called
    entity.maximum_associations = settings.max_associations
    entity.maximum_pdu_size = settings.max_pdu
    entity.network_timeout = entity.acse_timeout = entity.dimse_timeout = settings.timeout_s
    # Of several that a sender offers for one context the first here is taken: explicit rather than implicit, and
    # nothing lossy while there is anything else. Lossy pictures are taken for the verdict to say so.
    syntaxes = [_EXPLICIT_LITTLE, *sorted(DECODABLE - {_EXPLICIT_LITTLE}), *sorted(LOSSY)]
    known = [syntax for syntax in syntaxes if UID(syntax).is_transfer_syntax]  # pydicom 2 knows no HTJ2K
    for sop_class in (*CT_CLASSES, SECONDARY_CAPTURE):
        entity.add_supported_context(sop_class, known)
    entity.add_supported_context(VERIFICATION)
    return entity


def _title(association: Association) -> str:
    return f"{association.requestor.ae_title.strip()!r} at {association.requestor.address}"


def _tell_rejected(event: Event) -> None:
    log.warning("an association of %s is rejected", _title(event.assoc))
