"""The state of a training on disk, and the proof that it belongs to these settings and these studies."""

from __future__ import annotations

import hashlib
import io
import pickle
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from appliance.files import replace_file
from training.documents import TrainingError
from training.network import SliceNet
from training.prepare import PreparedStudy
from training.settings import Settings

NAME = "checkpoint.pt"


def data_digest(
    studies: Iterable[PreparedStudy], photographs: Iterable[PreparedStudy] = (), start: SliceNet | None = None
) -> str:
    """Return the SHA-256, in hexadecimal, of what is learned from.

    Parameters
    ----------
    studies, photographs : iterable of PreparedStudy
        Whose studies, slices, depths and labels.
    start : SliceNet, optional
        The network that goes on to learn.
    """
    digest = hashlib.sha256()
    for tensor in start.state_dict().values() if start is not None else ():
        digest.update(tensor.numpy().tobytes())
    for study in (*studies, *photographs):
        digest.update(f"{study.patient}\0{study.uid}\0{study.labelled}\0{study.slices.shape}\0".encode())
        for array in (study.slices, study.depth, study.labels):
            digest.update(array.tobytes())
    return digest.hexdigest()


def write_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    """Write the state of a training, whole or not at all."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    with replace_file(folder / NAME) as file:
        file.write(buffer.getvalue())


def read_checkpoint(folder: Path, data: str, settings: Settings | None = None) -> dict[str, Any]:
    """Read the state of a training.

    Parameters
    ----------
    folder : pathlib.Path
        Of the training.
    data : str
        `data_digest` of the studies that it is to learn from.
    settings : Settings, optional
        Those that it must have.

    Raises
    ------
    TrainingError
        When it is absent or damaged, or belongs to other studies or settings.
    """
    path = folder / NAME
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        its_settings, its_data = state["settings"], state["data"]
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, TypeError, pickle.UnpicklingError) as error:
        raise TrainingError(f"{path} cannot be read; run `triage-train train` first.") from error
    if settings is not None and its_settings != asdict(settings):
        raise TrainingError(f"{path} was trained with other settings; name another folder with --work.")
    if its_data != data:
        raise TrainingError(f"{path} learned from other studies, folds or labels; remove it and train again.")
    return state


def load_trained(folder: Path, data: str) -> SliceNet:
    """Return the averaged network of a finished training.

    Parameters
    ----------
    folder : pathlib.Path
        Of the training.
    data : str
        `data_digest` of what it has learned from: a network that saw others would be judged by patients it knows.

    Raises
    ------
    TrainingError
        When the training is absent, damaged, not finished, or of other studies.
    """
    state = read_checkpoint(folder, data)
    if state["epoch"] < state["settings"]["epochs"]:
        raise TrainingError(f"The training in {folder} is not finished; run `triage-train train` again.")
    network = SliceNet()
    try:
        network.load_state_dict(state["average"])
    except RuntimeError as error:
        raise TrainingError(f"{folder / NAME} holds another network; train again.") from error
    return network.eval()
