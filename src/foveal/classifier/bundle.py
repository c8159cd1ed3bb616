"""The model file `*.foveal`: a zip of a manifest (JSON), network files (ONNX) and the head's arrays (npz).

Data only: nothing in it is executed, no pickle is read, and every part must match its sha256 in the manifest.
`docs/model-file.md` describes the manifest.
"""

from __future__ import annotations

import difflib
import hashlib
import io
import json
import math
import struct
import zipfile
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from foveal.backbones.network import Network
from foveal.classifier.classifier import Classifier
from foveal.errors import FovealError
from foveal.features.view import View
from foveal.heads import HEADS
from foveal.heads.affine import AffineHead
from foveal.imaging.preprocess import Preprocess
from foveal.runtimes.engine import Choice
from foveal.storage import write_atomically
from foveal.trust.trust import Trust
from foveal.types.text import printable

PROTOCOL = 4
# An older foveal would not know the head, would answer where a gate says "unknown", or would misread a model of any
# number of labels.
_GATED_PROTOCOL = 3
_MULTI_LABEL_PROTOCOL = 2
_PLAIN_PROTOCOL = 1
_MANIFEST = "manifest.json"
_HEAD = "head.npz"
_TRUST = "trust.npz"
# Where the first entry's name stands in a zip (APPNOTE.TXT 4.3.7).
_NAME_OFFSET = 30
_EPOCH = (1980, 1, 1, 0, 0, 0)

# Whatever a reader of zip, JSON or arrays raises on changed bytes, and the codes of values that refuse to be made.
_MISFITS = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)
_REFUSED_PARTS = ("bad-value", "bad-preprocess", "unknown-name")


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
    parts[_HEAD] = _packed(model.head.arrays())
    trust = model.trust.arrays()
    if trust:
        parts[_TRUST] = _packed(trust)
    manifest = {
        "format": "foveal",
        "protocol": _protocol(model),
        "task": "multi-label classification" if model.multi_label else "classification",
        "labels": list(model.class_names),
        "views": [_view_to_dict(view, networks[view.network.sha256]) for view in model.views],
        "head": {"kind": model.head.kind, "file": _HEAD, "temperature": model.temperature},
        **({"trust": {"file": _TRUST}} if trust else {}),
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in parts.items()},
        "record": dict(model.record),
    }
    with write_atomically(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        text = json.dumps(manifest, indent=1, ensure_ascii=False)
        archive.writestr(zipfile.ZipInfo(_MANIFEST, _EPOCH), text.encode())
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)
    return path


def _protocol(model: Classifier) -> int:
    if isinstance(model.head, AffineHead):
        return PROTOCOL
    if model.trust.gated:
        return _GATED_PROTOCOL
    return _MULTI_LABEL_PROTOCOL if model.multi_label else _PLAIN_PROTOCOL


def load(path: str | Path) -> Classifier:
    """Read a model file.

    Raises:
        FovealError: `not-found`; `model-foreign` (not a model file), `model-too-new`, `model-damaged` (truncated or
            changed after it was written).
    """
    path = Path(path).expanduser()
    try:
        with zipfile.ZipFile(path) as archive:
            if _MANIFEST not in archive.namelist():
                raise _foreign(path, "a zip without a manifest")
            _refuse_swelling(archive, path.stat().st_size)
            manifest = _manifest(archive, path)
            parts = {name: _part(archive, name, digest, path) for name, digest in manifest["sha256"].items()}
        return _classifier(manifest, parts)
    except FileNotFoundError as error:
        raise _not_found(path) from error
    except (OSError, zipfile.BadZipFile) as error:
        raise _unreadable(path, error) from error
    except _MISFITS as error:
        raise _damaged(path, f"its parts do not fit together ({error})") from error
    except FovealError as error:
        if error.code not in _REFUSED_PARTS:
            raise
        raise _damaged(path, f"its parts do not fit together ({error.message})") from error


def looks_like_one(path: Path) -> bool:
    """Whether a file begins as a model file does, or is empty.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(_NAME_OFFSET + len(_MANIFEST))
    return not start or (start[:4] == b"PK\x03\x04" and start[_NAME_OFFSET:] == _MANIFEST.encode())


def _refuse_swelling(archive: zipfile.ZipFile, file_bytes: int) -> None:
    """Parts are stored as they are, so together they cannot be larger than their file; a zip bomb is.

    Raises:
        ValueError: They are compressed, or claim to be larger.
    """
    claimed = sum(entry.file_size for entry in archive.infolist())
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
        raise ValueError("compressed content, where foveal stores it plain")
    if claimed > file_bytes:
        raise ValueError(f"a file of {file_bytes:,} bytes claims {claimed:,} bytes of content")


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
        manifest = json.loads(archive.read(_MANIFEST))
    except ValueError as error:
        raise _foreign(path, "a zip whose manifest is not JSON") from error
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
    module, attribute = HEADS[head["kind"]].split(":")
    loaded = getattr(import_module(module), attribute).from_arrays(_unpacked(parts[head["file"]]))
    trust = Trust.from_arrays(_unpacked(parts[manifest["trust"]["file"]])) if "trust" in manifest else Trust()
    labels = tuple(str(label) for label in manifest["labels"])
    columns = sum(view.columns for view in views if not view.mirrored)
    if loaded.logits(np.zeros((1, columns), np.float16)).shape != (1, len(labels)):
        raise ValueError("labels and head differ in their number of classes")
    trust.check(columns=columns, classes=len(labels))
    if len(set(labels)) < len(labels):
        raise ValueError("two classes have one name")
    if not 0 < float(head["temperature"]) < math.inf:
        raise ValueError(f"temperature {head['temperature']}")
    temperature = float(head["temperature"])
    return Classifier(labels, views, loaded, temperature, record=manifest["record"], trust=trust)


def _packed(arrays: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _unpacked(content: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        _refuse_swelling(archive, len(content))
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)


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


def _not_found(path: Path) -> FovealError:
    """Suggests model files beside it with a name like it; "imagenet" is always there."""
    beside = [each.name for each in path.parent.glob("*.foveal")] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, [*beside, "imagenet"], n=3)
    places = [name if name == "imagenet" else str(path.with_name(name)) for name in near]
    hint = f"did you mean {' or '.join(map(printable, places))}?" if near else "`foveal fit` writes one with --out"
    return FovealError("not-found", f"{path}: expected a model file, got nothing there", hint=hint)


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
