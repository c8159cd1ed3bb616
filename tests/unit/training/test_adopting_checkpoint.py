from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")

import yolo_modules  # noqa: E402  # after the skip

from foveal.adopting.checkpoint import read_checkpoint  # noqa: E402
from foveal.adopting.checkpoint_data import read_records  # noqa: E402
from foveal.adopting.finish import finish  # noqa: E402
from foveal.adopting.foreign import Wishes  # noqa: E402
from foveal.backbones.pickle_data import Record  # noqa: E402
from foveal.errors import FovealError  # noqa: E402

NAMES = {0: "circle", 1: "square", 2: "stripes"}


def save(path: Path, **changes: object) -> yolo_modules.ClassificationModel:
    """A checkpoint as training leaves it: half precision, and settings beside the network."""
    network = yolo_modules.network(NAMES).half()
    about = {"epoch": -1, "best_fitness": None, "ema": None, "train_args": {"imgsz": 64, "task": "classify"}}
    torch.save({**about, "license": "AGPL-3.0", "version": "8.3.0", "model": network, **changes}, path)
    return network.float()


def test_the_network_is_rebuilt_and_says_the_same(tmp_path: Path) -> None:
    network = save(tmp_path / "best.pt")
    found = read_checkpoint(tmp_path / "best.pt", Wishes())
    photos = np.random.default_rng(0).uniform(0, 1, (2, 3, 64, 64)).astype(np.float32)
    with torch.no_grad():
        wanted = network(torch.from_numpy(photos)).numpy()
    said = onnxruntime.InferenceSession(found.content).run(None, {"photo": photos})[0]
    np.testing.assert_allclose(said, wanted, atol=1e-4)
    assert np.abs(wanted).max() > 0.1
    assert found.class_names == tuple(NAMES.values())
    assert found.preprocess.size_wh == (64, 64)
    assert (found.library, found.licence) == ("Ultralytics", "AGPL-3.0")
    assert dict(finish(found).network.outputs) == {"embedding": 24}


def test_no_class_of_the_file_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "best.pt")
    monkeypatch.setitem(__import__("sys").modules, "yolo_modules", None)
    assert read_checkpoint(tmp_path / "best.pt", Wishes()).class_names[0] == "circle"


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    class Crafted:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return __import__("os").system, (f"touch {tmp_path / 'harmed'}",)

    save(tmp_path / "best.pt", train_metrics=Crafted())
    found = read_records(tmp_path / "best.pt")
    assert isinstance(found["train_metrics"], Record)
    assert found["train_metrics"].kind.endswith(".system")
    assert read_checkpoint(tmp_path / "best.pt", Wishes()).class_names
    assert not (tmp_path / "harmed").exists()


def _refused(path: Path, code: str) -> FovealError:
    with pytest.raises(FovealError) as caught:
        read_checkpoint(path, Wishes())
    assert caught.value.code == code
    return caught.value


def test_bare_weights_need_a_network(tmp_path: Path) -> None:
    torch.save({"a.weight": torch.zeros(2)}, tmp_path / "w.pt")
    assert "--network" in _refused(tmp_path / "w.pt", "bad-option").message


def test_another_task_is_refused(tmp_path: Path) -> None:
    network = yolo_modules.network(NAMES)
    network.model = network.model[:-1]
    torch.save({"model": network}, tmp_path / "w.pt")
    _refused(tmp_path / "w.pt", "not-a-classifier")


def test_an_unknown_block_is_refused_with_the_way_round(tmp_path: Path) -> None:
    network = yolo_modules.network(NAMES)
    network.model.insert(1, torch.nn.Upsample(scale_factor=2))
    torch.save({"model": network}, tmp_path / "w.pt")
    refused = _refused(tmp_path / "w.pt", "layer-unknown")
    assert "format=onnx" in refused.hint
    assert refused.message.startswith(f"{tmp_path / 'w.pt'}: model.model.1: ")


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "best.pt")
    whole = (tmp_path / "best.pt").read_bytes()
    for content in (b"", b"nothing", whole[: len(whole) // 2]):
        (tmp_path / "w.pt").write_bytes(content)
        _refused(tmp_path / "w.pt", "classifier-unreadable")


EXPECTED = {
    "adopted",
    "bad-option",
    "bad-preprocess",
    "classifier-unreadable",
    "export-differs",
    "layer-unknown",
    "network-mismatch",
    "network-unreadable",
    "not-a-classifier",
}


def _outcome(path: Path) -> str:
    try:
        finish(read_checkpoint(path, Wishes()))
    except FovealError as error:
        return error.code
    return "adopted"


def test_changed_bytes_are_refused_or_read(tmp_path: Path) -> None:
    save(tmp_path / "best.pt")
    with zipfile.ZipFile(tmp_path / "best.pt") as given:
        parts = {name: given.read(name) for name in given.namelist()}
    pickled = next(name for name in parts if name.endswith("data.pkl"))
    rng = np.random.default_rng(0)
    for _ in range(150):
        content = bytearray(parts[pickled])
        for at in rng.integers(0, len(content), 3):
            content[at] = rng.integers(256)
        with zipfile.ZipFile(tmp_path / "w.pt", "w") as archive:
            for name, each in {**parts, pickled: bytes(content)}.items():
                archive.writestr(name, each)
        assert _outcome(tmp_path / "w.pt") in EXPECTED


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "best.pt")
    with zipfile.ZipFile(tmp_path / "best.pt") as given:
        parts = {name: given.read(name) for name in given.namelist()}
    swollen = io.BytesIO()
    with zipfile.ZipFile(swollen, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    (tmp_path / "w.pt").write_bytes(swollen.getvalue())
    assert "compressed" in _refused(tmp_path / "w.pt", "classifier-unreadable").message
