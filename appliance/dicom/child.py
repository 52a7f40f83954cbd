"""The child process that reads DICOM files: ``python -m appliance.dicom.child MEMORY_MB``.

It takes one JSON request a line on standard input and answers each on standard output with a line of JSON, followed
by as many
raw bytes as that line's ``bytes`` says. A hostile file can make a native decoder crash, hang or eat memory; it then
does so here, within limits, and the parent goes on. It ends when its input ends.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from typing import Any, BinaryIO, Dict, Tuple

from appliance.dicom.decode import DamagedPixels, PixelReader, read_slab
from appliance.dicom.directory import listed_files, missing_files
from appliance.dicom.header import read_headers


def limit(memory_mb: int) -> None:
    """Bound this process: address space, no core dump, no file may be written."""
    size = memory_mb << 20
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def answer(reader: PixelReader, request: Dict[str, Any]) -> Tuple[Dict[str, Any], bytes]:
    """Carry out one request.

    Parameters
    ----------
    reader : PixelReader
        Reads the frames.
    request : dict
        ``{"headers": [path, ...]}``, ``{"missing": path}``, ``{"listed": path}``, or ``{"images": [...]}`` as
        `read_slab` takes it.

    Returns
    -------
    dict
        ``headers`` (a list of documents for each path, None where it could not be read), ``missing``, ``listed``,
        ``shape``, or ``error``.
    bytes
        The slab as int16 in native order, or nothing.
    """
    try:
        if "headers" in request:
            return {"headers": [_headers(path) for path in request["headers"]]}, b""
        if "missing" in request:
            return {"missing": missing_files(request["missing"])}, b""
        if "listed" in request:
            return {"listed": listed_files(request["listed"])}, b""
        pixels, shape = read_slab(reader, request)
        return {"shape": shape}, pixels.tobytes()
    except DamagedPixels as error:
        return {"error": str(error)}, b""
    except Exception as error:  # noqa: BLE001
        # a decoder may raise anything on a damaged file: a traceback helps nobody at the page
        return {"error": "too little memory" if isinstance(error, MemoryError) else "undecodable"}, b""


def _headers(path: str) -> Any:
    try:
        return read_headers(path)
    except Exception:  # noqa: BLE001
        # as above: the file is counted as unreadable
        return None


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer requests until they end."""
    reader = PixelReader()
    for line in requests:
        document, payload = answer(reader, json.loads(line))
        replies.write(json.dumps({**document, "bytes": len(payload)}).encode() + b"\n" + payload)
        replies.flush()


def main() -> None:
    """Entry point."""
    # a decoder that prints would tear the replies: its words go to standard error
    replies = os.fdopen(os.dup(1), "wb", buffering=1 << 16)
    os.dup2(2, 1)
    limit(int(sys.argv[1]))
    serve(sys.stdin.buffer, replies)


if __name__ == "__main__":
    main()
