"""The listening socket of network storage: pynetdicom's, made safe for a network where anybody can connect.

Its own server shakes hands for TLS in the thread that accepts, so that one silent peer would stop all others; waits
without limit for the rest of a message; and reads as much as a peer announces.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from socketserver import BaseServer
from typing import Any, Callable, Dict, List, Optional, Tuple, cast

from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.events import Event
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

_ASSOCIATE_MAX = 1 << 20
"""Bytes of an A-ASSOCIATE-RQ with 128 presentation contexts and room to spare."""

_PDU_OVERHEAD = 64
_PDU_S = 30.0
_JOIN_S = 5.0

Handler = Tuple[evt.EventType, Callable[[Event], Any]]


def close_socket(association: Association) -> None:
    """Close what pynetdicom 2 leaves open until it is collected, where the peer went first or was cut off."""
    connection = association.dul.socket
    if connection is not None and connection.socket is not None:
        connection.socket.close()


class Acceptor(ThreadedAssociationServer):
    """Listens as soon as it is made, and accepts between `start` and `stop`.

    Parameters
    ----------
    entity : pynetdicom.AE
        Contexts, titles, timeouts, and how many associations.
    address : tuple of str and int
        Where to listen; port 0 takes a free one.
    context : ssl.SSLContext or None
        For TLS.
    handlers : list of tuple
        Events and who answers them.
    message_max : int
        Bytes of one message; a peer that sends more is cut off, and so is one that would make it twice as many in all.

    Raises
    ------
    OSError
        When the address cannot be listened on.
    """

    request_queue_size = 64
    daemon_threads = True

    def __init__(
        self,
        entity: AE,
        address: Tuple[str, int],
        context: Optional[ssl.SSLContext],
        handlers: List[Handler],
        message_max: int,
    ) -> None:
        self._message_max = message_max
        self._received: Dict[Association, int] = {}
        counting: List[Handler] = [
            (evt.EVT_DATA_RECV, self._count),
            (evt.EVT_DIMSE_RECV, self._forget),
            (evt.EVT_CONN_CLOSE, self._close),
        ]
        super().__init__(
            entity,
            address,
            entity.ae_title,
            entity.supported_contexts,
            ssl_context=context,
            evt_handlers=[*handlers, *counting],
            request_handler=_Connection,
        )
        self._thread = threading.Thread(target=self.serve_forever, name="accepts associations", daemon=True)

    def start(self) -> None:
        """Accept from now on, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Accept no more, and abort what is open."""
        BaseServer.shutdown(self)
        self.server_close()
        for association in self.active_associations:
            association.abort()
            association.join(_JOIN_S)
            close_socket(association)

    def get_request(self) -> Tuple[socket.socket, Any]:
        """Accept one connection; TLS shakes hands when it is first read, in the connection's own thread."""
        connection, address = cast(socket.socket, self.socket).accept()
        connection.settimeout(self.ae.network_timeout)
        if self.ssl_context is not None:
            connection = self.ssl_context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Refuse connections far beyond the associations allowed, which pynetdicom tells politely."""
        return len(self.active_associations) < 2 * self.ae.maximum_associations + 8

    def _count(self, event: Event) -> None:
        received = self._received.get(event.assoc, 0) + len(event.data)
        self._received[event.assoc] = received
        held = sum(self._received.values())
        if (received > self._message_max or held > 2 * self._message_max) and not event.assoc.is_aborted:
            event.assoc.acse.send_abort(0x02)

    def _forget(self, event: Event) -> None:
        self._received.pop(event.assoc, None)

    def _close(self, event: Event) -> None:
        self._forget(event)
        close_socket(event.assoc)


class _Connection(RequestHandler):
    """Makes the association of a connection, and bounds what is read for it at once."""

    def _create_association(self) -> Association:
        association = super()._create_association()
        connection: socket.socket = self.request
        limit = max(self.ae.maximum_pdu_size + _PDU_OVERHEAD, _ASSOCIATE_MAX)

        def receive(count: int) -> bytearray:
            """Read so many bytes, fewer at the connection's end."""
            if count > limit:
                raise OSError(f"a PDU of {count} bytes")
            data = bytearray(count)
            view, got = memoryview(data), 0
            deadline = time.monotonic() + (connection.gettimeout() or _PDU_S)
            while got < count:
                if time.monotonic() > deadline:
                    raise OSError("a PDU that trickles")  # many such would keep everybody else out
                size = connection.recv_into(view[got:])
                if not size:
                    break
                got += size
            view.release()
            return data[:got]

        # the association makes its socket itself, and has no other place for this
        setattr(association.dul.socket, "recv", receive)  # noqa: B010
        return association
