"""The model file `*.foveal`: a zip of a manifest (JSON), network files (ONNX) and the head's arrays (npz).

Data only: nothing in it is executed, no pickle is read, and every part must match its sha256 in the manifest.
`docs/model-file.md` describes the manifest.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from foveal.classifier.classifier import Classifier
from foveal.errors import FovealError
from foveal.backbones.network import Network
from foveal.features.view import View
from foveal.heads import HEADS
from foveal.imaging.preprocess import Preprocess
from foveal.runtimes.engine import Choice
from foveal.storage import write_atomically

PROTOCOL = 1
_MANIFEST = "manifest.json"
_HEAD = "head.npz"
_LARGEST_PART = 4 * 2**30
_EPOCH = (1980, 1, 1, 0, 0, 0)


def save(model: Classifier, path: Path) -> Path:
    """Write a model file, wholly or not at all.

    Returns:
        The path written.

    Raises:
        FovealError: `cannot-write`.
    """
    parts: dict[str, bytes] = {}
    networks: dict[str, str] = {}
    for view in model.views:
        if view.network.sha256 not in networks:
            name = networks[view.network.sha256] = f"networks/{len(networks)}.onnx"
            parts[name] = view.network.content
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **model.head.arrays())
    parts[_HEAD] = buffer.getvalue()
    manifest = {
        "format": "foveal",
        "protocol": PROTOCOL,
        "task": "classification",
        "labels": list(model.class_names),
        "views": [_view_to_dict(view, networks[view.network.sha256]) for view in model.views],
        "head": {"kind": model.head.kind, "file": _HEAD, "temperature": model.temperature},
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in parts.items()},
        "record": dict(model.record),
    }
    with write_atomically(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        text = json.dumps(manifest, indent=1, ensure_ascii=False)
        archive.writestr(zipfile.ZipInfo(_MANIFEST, _EPOCH), text.encode())
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)
    return path


def load(path: str | Path) -> Classifier:
    """Read a model file.

    Raises:
        FovealError: `not-found`; `model-foreign` (not a model file), `model-too-new`, `model-damaged` (truncated or
            changed after it was written).
    """
    path = Path(path).expanduser()
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = _manifest(archive, path)
            parts = {name: _part(archive, name, digest, path) for name, digest in manifest["sha256"].items()}
        return _classifier(manifest, parts)
    except FileNotFoundError as error:
        raise FovealError(
            "not-found", f"{path}: expected a model file, got nothing there", hint="`foveal fit` writes one with --out"
        ) from error
    except (OSError, zipfile.BadZipFile) as error:
        raise _unreadable(path, error) from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, EOFError) as error:
        raise _damaged(path, f"its parts do not fit together ({error})") from error


def _view_to_dict(view: View, file: str) -> dict[str, object]:
    return {
        "backbone": view.backbone,
        "network": file,
        "outputs": [list(each) for each in view.layout],
        "preprocess": view.preprocess.to_dict(),
        "runtime": view.choice.runtime,
        "precision": view.choice.precision,
        "mirrored": view.mirrored,
    }


def _manifest(archive: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    try:
        text = archive.read(_MANIFEST)
        manifest = json.loads(text)
    except (KeyError, ValueError) as error:
        raise _foreign(path, "a zip without a manifest") from error
    except zipfile.BadZipFile as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(manifest, dict) or manifest.get("format") != "foveal":
        raise _foreign(path, "a zip of another program")
    protocol = manifest.get("protocol")
    if not isinstance(protocol, int) or protocol < 1:
        raise _damaged(path, f"protocol {protocol!r}")
    if protocol > PROTOCOL:
        raise FovealError(
            "model-too-new",
            f"{path}: expected protocol {PROTOCOL} or older, got {protocol}",
            hint="update foveal: pip install --upgrade foveal",
        )
    return manifest


def _part(archive: zipfile.ZipFile, name: str, digest: str, path: Path) -> bytes:
    if archive.getinfo(name).file_size > _LARGEST_PART:
        raise _damaged(path, f"{name} claims {archive.getinfo(name).file_size} bytes")
    try:
        content = archive.read(name)
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise _damaged(path, f"{name}: {error}") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise _damaged(path, f"{name} does not match its sha256")
    return content


def _classifier(manifest: dict[str, Any], parts: dict[str, bytes]) -> Classifier:
    views = tuple(_view(values, parts, manifest["sha256"]) for values in manifest["views"])
    head = manifest["head"]
    with np.load(io.BytesIO(parts[head["file"]]), allow_pickle=False) as arrays:
        module, attribute = HEADS[head["kind"]].split(":")
        loaded = getattr(import_module(module), attribute).from_arrays(dict(arrays))
    labels = tuple(str(label) for label in manifest["labels"])
    if loaded.classes != len(labels) or not float(head["temperature"]) > 0:
        raise ValueError("labels and head differ in their number of classes")
    return Classifier(labels, views, loaded, float(head["temperature"]), record=manifest["record"])


def _view(values: dict[str, Any], parts: dict[str, bytes], digests: dict[str, str]) -> View:
    layout = {str(name): int(columns) for name, columns in values["outputs"]}
    return View(
        backbone=str(values["backbone"]),
        # The part was checked against this digest when it was read.
        network=Network(parts[values["network"]], digests[values["network"]], layout),
        preprocess=Preprocess.from_dict(values["preprocess"]),
        outputs=tuple(layout),
        choice=Choice(str(values["runtime"]), str(values["precision"])),
        mirrored=bool(values["mirrored"]),
    )


def _unreadable(path: Path, error: Exception) -> FovealError:
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        return FovealError(
            "model-unreadable",
            f"{path}: expected a model file that can be read, got: {reason}",
            hint="check the path and its permissions",
        )
    with path.open("rb") as file:
        starts_like_zip = file.read(4) == b"PK\x03\x04"
    return _damaged(path, "it ends early") if starts_like_zip else _foreign(path, "another kind of file")


def _foreign(path: Path, got: str) -> FovealError:
    return FovealError(
        "model-foreign",
        f"{path}: expected a model file written by foveal, got {got}",
        hint="`foveal fit PHOTOS --out NAME.foveal` writes one",
    )


def _damaged(path: Path, reason: str) -> FovealError:
    return FovealError(
        "model-damaged",
        f"{path}: expected the model file as it was written, got a damaged or changed one: {reason}",
        hint="copy it again from where it came, or fit it again",
    )
