"""The released network: whole, the one its manifest names, and the same however many slices come at once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import trt_engines
from appliance.errors import ModelError
from appliance.inference.onnx_engine import OnnxEngine
from appliance.inference.release import load_release


@pytest.fixture()
def copy(tmp_path: Path) -> Path:
    """A copy of the release that may be damaged."""
    for path in Path(trt_engines.__file__).parent.iterdir():
        if path.suffix in {".onnx", ".json", ".npz"}:
            shutil.copy(path, tmp_path)
    return tmp_path / "manifest.json"


@pytest.mark.parametrize("precision", ["fp32", "int8"] if load_release().int8 else ["fp32"])
def test_free_batch_axis(precision: str) -> None:
    """A slice scores the same alone and among others."""
    release = load_release()
    slices = np.random.default_rng(0).random((5, 1, release.size, release.size), dtype=np.float32)
    with OnnxEngine(release, precision=precision) as engine:
        together = engine.scores(slices)
        alone = np.concatenate([engine.scores(slices[index : index + 1]) for index in range(5)])
        assert together.shape == (5,) and together.dtype == np.float32
        assert together == pytest.approx(alone, abs=1e-4)
        assert engine.scores(slices[:0]).shape == (0,)
        with pytest.raises(ValueError):
            engine.scores(slices[:, :, :-1])
        with pytest.raises(ValueError):
            engine.scores(slices.astype(np.float64))


def test_another_network_than_the_manifest_names(copy: Path) -> None:
    """One changed byte is enough."""
    release = load_release(copy)
    data = bytearray(release.onnx.read_bytes())
    data[len(data) // 2] ^= 1
    release.onnx.write_bytes(data)
    with pytest.raises(ModelError, match="not the one"):
        load_release(copy)


def test_absent_and_damaged_manifests(copy: Path) -> None:
    """A sentence, whatever is wrong."""
    whole = json.loads(copy.read_text("utf-8"))
    with pytest.raises(ModelError):
        load_release(copy.parent / "absent.json")
    copy.write_text(copy.read_text("utf-8")[:100])
    with pytest.raises(ModelError):
        load_release(copy)
    copy.write_text(json.dumps({key: value for key, value in whole.items() if key != "pooling"}))
    with pytest.raises(ModelError):
        load_release(copy)
    copy.write_text(json.dumps({**whole, "study_calibration": {"slope": -1.0, "offset": 0.0}}))
    with pytest.raises(ModelError, match="turns scores around"):
        load_release(copy)


def test_a_file_that_is_no_network(copy: Path) -> None:
    """ONNX Runtime's own complaint does not reach the user."""
    import hashlib

    whole = json.loads(copy.read_text("utf-8"))
    (copy.parent / whole["file"]).write_bytes(b"no network")
    whole["sha256"] = hashlib.sha256(b"no network").hexdigest()
    copy.write_text(json.dumps(whole))
    with pytest.raises(ModelError, match="cannot load"), OnnxEngine(load_release(copy)):
        pass
