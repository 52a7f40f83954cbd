"""The parent's side of the child processes that read DICOM files."""

from __future__ import annotations

import json
import os
import queue
import select
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Dict, Generator, Iterator, List, Optional, Sequence, Tuple, Type

from appliance.config import DecodeSettings
from appliance.dicom.header import ImageHeader
from appliance.errors import TriageError

HEADERS_A_REQUEST = 16
"""Files whose headers are asked for at once; a batch in which one file crashes the child is asked for again file by
file.
"""

MAX_LOST_FILES = 3
"""Files that may crash or hang a child before the rest of the medium is given up."""

DIED = "The process that reads DICOM files does not answer; run `triage doctor`."

STOPPED = "the decoder stopped"
"""What is said of a slab on which a child crashed, or took longer than its limit."""

START_SECONDS = 30.0
"""How long a child may take to load its libraries."""

Reply = Tuple[Dict[str, Any], bytes]


class ChildDied(TriageError):
    """The child crashed on a request, or took longer than its limit and was killed."""

    code = "decoder"


class _Child:
    """One child process; started again after it died."""

    def __init__(self, settings: DecodeSettings) -> None:
        self._settings = settings
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._buffer = b""
        self._warm = False
        self._closed = False
        self.start()

    def start(self) -> None:
        # the child imports the very package that started it, installed or not
        packages = os.pathsep.join(filter(None, [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")]))
        environment = {**os.environ, "PYTHONPATH": packages, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "appliance.dicom.child", str(self._settings.memory_mb)]
        self._buffer = b""
        self._warm = False
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            bufsize=0,
        )

    def ask(self, request: Dict[str, Any], seconds: float) -> Reply:
        if self._closed:
            raise ChildDied(DIED)
        if self._process is None:
            self.start()
        try:
            if not self._warm:
                self._exchange({"headers": []}, time.monotonic() + START_SECONDS)
                self._warm = True
            return self._exchange(request, time.monotonic() + seconds)
        except (OSError, ValueError, ChildDied) as error:
            self.stop()
            raise ChildDied(DIED) from error

    def _exchange(self, request: Dict[str, Any], deadline: float) -> Reply:
        process = self._process
        if process is None or process.stdin is None:
            raise ChildDied(DIED)
        process.stdin.write(json.dumps(request).encode() + b"\n")
        while b"\n" not in self._buffer:
            self._buffer += self._read(1 << 16, deadline)
        line, _, payload = self._buffer.partition(b"\n")
        document = json.loads(line)
        size = int(document.pop("bytes"))
        parts, missing = [payload], size - len(payload)
        while missing > 0:
            part = self._read(missing, deadline)
            parts.append(part)
            missing -= len(part)
        self._buffer = b""
        return document, b"".join(parts)

    def _read(self, size: int, deadline: float) -> bytes:
        process = self._process
        if process is None or process.stdout is None:
            raise ChildDied(DIED)
        descriptor = process.stdout.fileno()
        ready, _, _ = select.select([descriptor], [], [], max(deadline - time.monotonic(), 0.0))
        data = os.read(descriptor, size) if ready else b""
        if not data:
            raise ChildDied(DIED)
        return data

    def stop(self) -> None:
        """End the process and take back what it held; the next request starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def close(self) -> None:
        """Make whoever waits for an answer give up, and start no process any more."""
        self._closed = True
        process = self._process
        if process is not None:
            process.kill()


class DicomReader:
    """A pool of child processes; a context manager.

    Parameters
    ----------
    settings : DecodeSettings
        How many children and their limits.
    """

    def __init__(self, settings: DecodeSettings) -> None:
        self._settings = settings
        self._children: List[_Child] = []
        self._idle: queue.Queue[_Child] = queue.Queue()
        self._warm: List[Future[Reply]] = []
        self._threads = ThreadPoolExecutor(max_workers=settings.processes, thread_name_prefix="dicom")

    def __enter__(self) -> DicomReader:
        """Start the children; they load their libraries while the caller goes on."""
        self._children = [_Child(self._settings) for _ in range(self._settings.processes)]
        for child in self._children:
            self._idle.put(child)
        # the first request of each waits for its imports, not for a file
        self._warm = [self._threads.submit(self._ask, {"headers": []}) for _ in self._children]
        return self

    def __exit__(
        self, exc_type: Optional[Type[BaseException]], exc: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        """End the children."""
        # the threads first: each child has one owner at a time, and theirs may be waiting for an answer
        for child in self._children:
            child.close()
        self._threads.shutdown(wait=True)
        for child in self._children:
            child.stop()

    def wait(self) -> None:
        """Wait until the children have loaded their libraries.

        Raises
        ------
        ChildDied
            When a child cannot start: the installation is broken.
        """
        started, self._warm = self._warm, []  # a child that was slow to start is asked again with the next file
        for future in started:
            future.result()

    def _ask(self, request: Dict[str, Any]) -> Reply:
        child = self._idle.get()
        try:
            return child.ask(request, self._settings.seconds_per_file)
        finally:
            self._idle.put(child)

    def headers(self, paths: Sequence[str]) -> Iterator[Tuple[int, List[ImageHeader]]]:
        """Read headers.

        Parameters
        ----------
        paths : sequence of str
            Files that look like DICOM.

        Yields
        ------
        int
            How many of a batch of files could not be read.
        list of ImageHeader
            The images in the others, in the order of the paths.
        """
        self.wait()
        batches = [list(paths[i : i + HEADERS_A_REQUEST]) for i in range(0, len(paths), HEADERS_A_REQUEST)]
        futures = [self._threads.submit(self._ask, {"headers": batch}) for batch in batches]
        lost = 0
        try:
            for batch, future in zip(batches, futures):
                if lost >= MAX_LOST_FILES:
                    future.cancel()
                    yield len(batch), []
                    continue
                try:
                    documents = future.result()[0]["headers"]
                except ChildDied:
                    documents, died = self._one_by_one(batch, MAX_LOST_FILES - lost)
                    lost += died
                images = [ImageHeader.from_json(image) for file in documents if file for image in file]
                yield sum(file is None for file in documents), images
        finally:
            for future in futures:
                future.cancel()

    def _one_by_one(self, batch: Sequence[str], may_die: int) -> Tuple[List[Any], int]:
        documents: List[Any] = []
        died = 0
        for path in batch:
            if died >= may_die:
                documents.append(None)
                continue
            try:
                documents.append(self._ask({"headers": [path]})[0]["headers"][0])
            except ChildDied:
                documents.append(None)
                died += 1
        return documents, died

    def missing_files(self, directory: str) -> int:
        """Count the files that a DICOMDIR names and that are not there; 0 where it cannot be read."""
        try:
            return int(self._ask({"missing": directory})[0].get("missing", 0))
        except ChildDied:
            return 0

    def listed_files(self, directory: str) -> List[List[str]]:
        """Return the files that a DICOMDIR names, each as the parts of its path; none where it cannot be read."""
        try:
            return list(self._ask({"listed": directory})[0].get("listed", []))
        except ChildDied:
            return []

    def slabs(self, requests: Sequence[Dict[str, Any]]) -> Generator[Reply, None, None]:
        """Decode and average slabs.

        Parameters
        ----------
        requests : sequence of dict
            As `appliance.dicom.decode.read_slab` takes them.

        Yields
        ------
        tuple of dict and bytes
            ``shape`` and the int16 pixels, or ``error``, in the order of the requests. The caller stops at the
            first error; what was not begun is then not done.
        """
        self.wait()
        futures = [self._threads.submit(self._ask, request) for request in requests]
        try:
            for future in futures:
                try:
                    yield future.result()
                except ChildDied:
                    yield {"error": STOPPED}, b""
        finally:
            for future in futures:
                future.cancel()
