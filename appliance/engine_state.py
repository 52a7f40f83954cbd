"""Which engine serves, and why it is not the faster one: written by who judges, read by the pages and the doctor."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from enum import Enum
from pathlib import Path
from typing import Dict, Mapping

from appliance.errors import TriageError, UnreadablePathError
from appliance.files import replace_file

ENGINES = "engines"
"""Folder of the built engines below that of the store."""

_NOTE = "in_use.json"
_LOCK = "building.lock"


class EngineState(str, Enum):
    """Whether the graphics processor's engine serves; where it does not, ONNX Runtime does."""

    SERVES = "serves"
    NOT_WANTED = "not_wanted"
    NO_TENSORRT = "no_tensorrt"
    NO_GPU = "no_gpu"
    NO_NETWORK = "no_network"
    ABSENT = "absent"
    STALE = "stale"
    DAMAGED = "damaged"
    REFUSED = "refused"
    FAILED = "failed"


SENTENCES: Mapping[EngineState, str] = {
    EngineState.SERVES: "TensorRT judges on %(device)s.",
    EngineState.NOT_WANTED: "ONNX Runtime judges on the processor, as the settings say.",
    EngineState.NO_TENSORRT: "TensorRT is not installed here (%(detail)s); ONNX Runtime judges on the processor.",
    EngineState.NO_GPU: "No graphics processor can be used (%(detail)s). ONNX Runtime judges on the processor, "
    "more slowly.",
    EngineState.NO_NETWORK: "The release has no network or no golden cases for TensorRT in %(precision)s. ONNX Runtime "
    "judges on the processor, more slowly; choose another [engine] precision.",
    EngineState.ABSENT: "The engine for the graphics processor has not been built. ONNX Runtime judges on the "
    "processor, more slowly. Run `triage build-engine`.",
    EngineState.STALE: "The engine for the graphics processor was built for something else (%(detail)s). ONNX Runtime "
    "judges on the processor, more slowly. Run `triage build-engine`.",
    EngineState.DAMAGED: "The engine for the graphics processor is damaged (%(detail)s). ONNX Runtime judges on the "
    "processor, more slowly. Run `triage build-engine`.",
    EngineState.REFUSED: "The engine for the graphics processor is not used: %(detail)s. ONNX Runtime judges on the "
    "processor, more slowly. Run `triage build-engine --again`, or choose another [engine] precision.",
    EngineState.FAILED: "The engine for the graphics processor does not run (%(detail)s). ONNX Runtime judges on the "
    "processor, more slowly. Restart the appliance; if it stays so, run `triage build-engine --again`.",
}
"""What the log, the doctor and the pages say of each."""

QUIET = (EngineState.SERVES, EngineState.NOT_WANTED, EngineState.NO_TENSORRT)
"""Nothing is wrong: the engine that the settings ask for serves, or the machine is none that has TensorRT."""


@dataclass(frozen=True)
class EngineNote:
    """Which engine serves, and why.

    Attributes
    ----------
    state : EngineState
        Whether TensorRT serves, or why it does not.
    values : dict of str to str
        What the sentence names.
    """

    state: EngineState
    values: Dict[str, str] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """Its sentence, in English."""
        return SENTENCES[self.state] % self.values


class EngineUnusable(TriageError):
    """TensorRT cannot judge; ONNX Runtime can.

    Parameters
    ----------
    state : EngineState
        Why.
    **values : str
        What its sentence names.
    """

    code = "engine_unusable"

    def __init__(self, state: EngineState, **values: str) -> None:
        self.note = EngineNote(state, values)
        super().__init__(self.note.message)


def engines_folder(store: Path) -> Path:
    """Return where built engines are kept, beside the store they serve: never in the package, which is replaced."""
    return store / ENGINES


def build_lock(folder: Path) -> Path:
    """Return the file that is locked while an engine is built; a killed builder's lock ends with it."""
    return folder / _LOCK


def write_note(folder: Path, note: EngineNote) -> None:
    """Keep for other processes which engine serves.

    Raises
    ------
    UnreadablePathError
        When the folder cannot be written.
    """
    try:
        with replace_file(folder / _NOTE) as file:
            file.write(json.dumps(asdict(note)).encode())
    except OSError as error:
        raise UnreadablePathError(f"{folder} cannot be written: {error.strerror}.") from error


def read_note(folder: Path) -> EngineNote:
    """Return what was kept last; that nothing is wrong where nothing was, or it is no note of this version."""
    try:
        document = json.loads((folder / _NOTE).read_text("utf-8"))
        return EngineNote(EngineState(document["state"]), dict(document["values"]))
    except (OSError, ValueError, KeyError, TypeError):
        return EngineNote(EngineState.NOT_WANTED)
