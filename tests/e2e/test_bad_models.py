"""A model file that is not as it was written is refused, and says why; nothing in it is ever executed."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_batch import run_batch
from trees import contents


def _parts(model: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(model) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _write(path: Path, parts: dict[str, bytes], *, compressed: bool = False) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


class _Trap:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return Path.touch, (self.path,)  # type: ignore[return-value]


def test_whatever_is_not_a_model_is_refused(photos: Path, model: Path, tmp_path: Path) -> None:
    whole = model.read_bytes()
    sprung = tmp_path / "sprung"
    objects = io.BytesIO()
    np.savez(objects, centre=np.array([_Trap(sprung)], object))
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    files: dict[str, tuple[bytes, str, str]] = {
        "half": (whole[: len(whole) // 2], "model-damaged", "ends early"),
        "flipped": (bytes(flipped), "model-damaged", "damaged or changed"),
        "empty": (b"", "model-foreign", "another kind of file"),
        "text": (b"hello", "model-foreign", "another kind of file"),
        "pickle": (pickle.dumps(_Trap(sprung)), "model-foreign", "another kind of file"),
        "photo": ((photos / "circle" / "00.jpg").read_bytes(), "model-foreign", "another kind of file"),
    }
    commands = []
    for name, (content, _, _) in files.items():
        (tmp_path / f"{name}.foveal").write_bytes(content)
        commands.append(["predict", tmp_path / f"{name}.foveal", photos / "circle"])
    parts = _parts(model)
    zips: dict[str, tuple[dict[str, bytes], str, str]] = {
        "foreign": ({"word/document.xml": b"<x/>"}, "model-foreign", "zip"),
        "strange": ({"manifest.json": b'{"format": "other"}'}, "model-foreign", "another program"),
        "nonsense": ({"manifest.json": b"\xff{"}, "model-foreign", "manifest"),
        "lacking": ({name: parts[name] for name in parts if name != "head.npz"}, "model-damaged", "head.npz"),
        "swapped": ({**parts, "head.npz": objects.getvalue()}, "model-damaged", "head.npz"),
        "deep": ({**parts, "manifest.json": b"[" * 100_000}, "model-damaged", ""),
    }
    for name, (content, _, _) in zips.items():
        commands.append(["predict", _write(tmp_path / f"{name}.foveal", content), photos / "circle"])
    commands.append(["predict", _write(tmp_path / "packed.foveal", parts, compressed=True), photos / "circle"])
    commands.append(["predict", tmp_path, photos / "circle"])
    before = contents(tmp_path)
    *answers, packed, folder = run_batch(*commands)
    for answer, (name, (_, code, word)) in zip(answers, [*files.items(), *zips.items()], strict=True):
        answer.refused(code, f"{name}.foveal", word)
    packed.refused("model-damaged", "compressed")
    folder.refused("model-unreadable", str(tmp_path))
    assert not sprung.exists()
    assert contents(tmp_path) == before


Where = tuple[str | int, ...]

# What was changed, where in the manifest, to what; the code and words of the refusal.
EDITS: dict[str, tuple[Where, object, str, str]] = {
    "newer": (("protocol",), 5, "model-too-new", "protocol 4 or older, got 5"),
    "older": (("protocol",), 0, "model-damaged", "protocol 0"),
    "labels": (("labels",), ["a", "b", "c", "d"], "model-damaged", "number of classes"),
    "twins": (("labels",), ["a", "a", "b"], "model-damaged", "one name"),
    "outside": (("sha256", "../../etc/passwd"), "0" * 64, "model-damaged", "passwd"),
    "cold": (("head", "temperature"), 0, "model-damaged", "temperature"),
    "vast": (("head", "temperature"), 10**400, "model-damaged", ""),
    "program": (("head", "kind"), "os:system", "model-damaged", "os:system"),
    "fisheye": (("views", 0, "preprocess", "mode"), "fisheye", "model-damaged", "fisheye"),
    "blind": (("views",), [], "model-damaged", ""),
    "narrow": (("views", 0, "outputs", 0, 1), 7, "model-damaged", ""),
    "engine": (("views", 0, "runtime"), "os", "unknown-name", "runtime"),
    "nowhere": (("views", 0, "outputs", 0, 0), "nowhere", "network-unreadable", ""),
}


def _edited(model: Path, path: Path, where: Where, value: object) -> Path:
    parts = _parts(model)
    manifest = json.loads(parts["manifest.json"])
    place = manifest
    for step in where[:-1]:
        place = place[step]
    place[where[-1]] = value
    return _write(path, {**parts, "manifest.json": json.dumps(manifest).encode()})


def test_a_manifest_that_was_edited_is_refused(photos: Path, model: Path, tmp_path: Path) -> None:
    answers = run_batch(
        *[
            ["predict", _edited(model, tmp_path / f"{name}.foveal", where, value), photos / "circle"]
            for name, (where, value, _, _) in EDITS.items()
        ]
    )
    for answer, (_, _, code, word) in zip(answers, EDITS.values(), strict=True):
        assert (answer.code, answer.out) == (1, ""), answer
        assert f"[{code}" in answer.err, answer.err
        assert word in answer.err, answer.err


def test_a_zip_bomb_is_refused_before_it_is_unpacked(photos: Path, model: Path, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.foveal"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("manifest.json", "w") as entry:
        for _ in range(300):
            entry.write(bytes(2**20))
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("weights.npy", "w") as entry:
        for _ in range(300):
            entry.write(bytes(2**20))
    parts = {**_parts(model), "head.npz": inner.getvalue()}
    manifest = json.loads(parts["manifest.json"])
    manifest["sha256"]["head.npz"] = hashlib.sha256(inner.getvalue()).hexdigest()
    parts["manifest.json"] = json.dumps(manifest).encode()
    answers = run_batch(
        ["predict", bomb, photos / "circle"], ["predict", _write(tmp_path / "inner.foveal", parts), photos / "circle"]
    )
    for answer in answers:
        answer.refused("model-damaged", "compressed")


def test_a_name_that_is_nearly_right_is_suggested(photos: Path, model: Path) -> None:
    wrong, backbone, net, none = run_batch(
        ["predict", model.with_name("shape.foveal"), photos],
        ["predict", "imagenet:lite9", photos / "circle" / "00.jpg"],
        ["predict", "imagenett", photos / "circle" / "00.jpg"],
        ["predict", model, photos / "circles"],
    )
    wrong.refused("not-found", "did you mean", "shapes.foveal")
    backbone.refused("unknown-name", "did you mean", "lite")
    net.refused("not-found", "imagenet?")
    none.refused("not-found", "did you mean", "circle?")


@pytest.mark.parametrize("part", ["record", "labels", "task"])
def test_the_model_file_never_names_the_photos_or_the_machine(model: Path, photos: Path, part: str) -> None:
    manifest = json.loads(_parts(model)["manifest.json"])
    assert str(photos) not in json.dumps(manifest[part])
    assert str(Path.home()) not in json.dumps(manifest[part])
