"""The slices of the golden check: simulated heads as the network sees them, one slice of each zone.

They are rendered once and released as pictures, since a head takes seconds to render, and the last bit of a rendered
grey level depends on the processor. Only their scores change from network to network.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np

import trt_engines
from appliance.files import replace_file
from appliance.phantom.head import Bleed, BleedKind, Side
from training.documents import TrainingError, digest
from training.phantoms import HEADS, phantom_study
from training.prepare import PreparedStudy, prepare_study
from training.scored import onnx_scorer

GOLDEN = "golden.npz"

CASES: dict[str, Bleed | None] = {
    "no bleed": None,
    "epidural 5 ml": Bleed(BleedKind.EPIDURAL, Side.RIGHT, 5.0),
    "epidural 15 ml": Bleed(BleedKind.EPIDURAL, Side.RIGHT, 15.0),
    "epidural 100 ml": Bleed(BleedKind.EPIDURAL, Side.RIGHT, 100.0),
}
"""One head, from no blood to much. They measure arithmetic, not medicine: scores from low to high are needed."""

_EPOCH = (1980, 1, 1, 0, 0, 0)


def render() -> bytes:
    """Render the heads and return the file of their slices: ``names`` and ``slices``, uint8 ``(n, 8, size, size)``."""
    studies = [prepare_study(phantom_study(HEADS[0], bleed)) for bleed in CASES.values()]
    return to_bytes(np.stack([one_a_zone(study) for study in studies]))


def to_bytes(slices: np.ndarray) -> bytes:
    """Write the slices of all cases as a file; the same slices give the same bytes."""
    return _archive({"names": np.array(list(CASES)), "slices": slices})


def write(folder: Path) -> Path:
    """Render the heads into a folder; return the file."""
    with replace_file(folder / GOLDEN) as file:
        file.write(render())
    return folder / GOLDEN


def golden_entry(folder: Path, model: bytes) -> dict[str, object]:
    """Put the slices into the folder of a release, and let its network score them.

    Parameters
    ----------
    folder : pathlib.Path
        Of the release.
    model : bytes
        Its float network, ONNX.

    Returns
    -------
    dict
        The manifest's entry: the file, its hash, and the scores, one row a head.

    Raises
    ------
    TrainingError
        When the installed slices are not of this network's size.
    """
    content = (Path(trt_engines.__file__).parent / GOLDEN).read_bytes()
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        slices = archive["slices"]
    count, zones, size, _ = slices.shape
    try:
        scores = onnx_scorer(model)(slices.reshape(count * zones, 1, size, size).astype(np.float32) / 255)
    except Exception as error:  # noqa: BLE001  # ONNX Runtime's errors have no common class
        raise TrainingError(f"The network does not take the golden slices ({error}); render them anew.") from error
    with replace_file(folder / GOLDEN) as file:
        file.write(content)
    rows = [[round(float(score), 5) for score in row] for row in scores.reshape(count, zones)]
    return {"file": GOLDEN, "sha256": digest(content), "scores": rows}


def one_a_zone(study: PreparedStudy) -> np.ndarray:
    """Take the slice nearest to the middle of each zone."""
    middles = study.zones.mean(axis=1)
    return study.slices[np.abs(study.centres[None] - middles[:, None]).argmin(axis=1)]


def _archive(arrays: dict[str, np.ndarray]) -> bytes:
    """Write arrays as numpy's archive, without the time of writing."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.save(member, array)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _EPOCH), member.getvalue(), zipfile.ZIP_DEFLATED)
    return content.getvalue()
