"""Read Keras classifiers, `.keras` and `.h5`: their configuration becomes an ONNX network; no code in them is run."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foveal.adopting.foreign import Foreign, Guess, Wishes, naming, unreadable
from foveal.adopting.h5_file import H5File
from foveal.adopting.keras_model import input_size, write_model
from foveal.adopting.keras_weights import LegacyWeights, StoredWeights, Weights
from foveal.errors import FovealError

_CONFIG, _WEIGHTS, _METADATA = "config.json", "model.weights.h5", "metadata.json"
_MOST_CONFIG = 64_000_000
_ZIP = b"PK\x03\x04"
# Weights hardly compress: a member that would grow more than this is no model.
_MOST_SWELLING = 8
_MISFITS = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
)
_SAVE_AGAIN = "save the whole model again, model.save('NAME.keras'), or export it to ONNX"

# Networks of keras.applications and how their weights want pixels, by a name of theirs in the configuration; the
# others among them (EfficientNet, ConvNeXt, RegNet, MobileNetV3) rescale by themselves.
_KNOWN = {
    "vgg16": "caffe",
    "vgg19": "caffe",
    "resnet50": "caffe",
    "resnet101": "caffe",
    "resnet152": "caffe",
    "mobilenetv2": "signed",
    "mobilenet": "signed",
    "inception": "signed",
    "xception": "signed",
    "nasnet": "signed",
    "densenet": "imagenet",
}
_INSIDE = {"Rescaling", "Normalization", "TrueDivide", "Subtract"}


def read_keras(path: Path, wishes: Wishes) -> Foreign:
    """Read a Keras model with its weights.

    Args:
        path: The file.
        wishes: What the user says of it.

    Raises:
        FovealError: `classifier-unreadable`; `layer-unknown`: a layer foveal cannot write, such as a Lambda, which is
            code; `not-a-classifier`, `size-unknown`, `needs-extra`.
    """
    try:
        config, weights, version = _parts(path)
        kinds = [str(each) for each in _kinds(config)]
        preprocess, bgr, notes = wishes.preprocess(_guess(path, config, kinds))
        with naming(path):
            content, output = write_model(config, weights, preprocess.size_wh)
    except _MISFITS as error:
        raise unreadable(path, "a Keras model with its configuration and weights", error, hint=_SAVE_AGAIN) from error
    name = config.get("config", {}).get("name")
    return Foreign(
        where=str(path),
        library="Keras",
        architecture=name if isinstance(name, str) else path.stem,
        content=content,
        output=output,
        bgr=bgr,
        preprocess=preprocess,
        notes=notes,
        facts={"version": version},
    )


def open_weights(path: Path) -> H5File:
    """The HDF5 file of weights that a Keras file is, or holds.

    Raises:
        OSError: No such file, or no HDF5 file.
        ValueError: Its weights are no model's.
        KeyError: A zip without weights.
        FovealError: `needs-extra`.
    """
    data = path.read_bytes()
    if data[:4] != _ZIP:
        return H5File(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return H5File(_member(archive, _WEIGHTS, _MOST_SWELLING * len(data)))
    except zipfile.BadZipFile as error:
        raise ValueError(str(error)) from error


def _parts(path: Path) -> tuple[dict[str, Any], Weights, str]:
    """Configuration, weights, and the Keras that wrote them."""
    data = path.read_bytes()
    if data[:4] == _ZIP:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            config = _json(_member(archive, _CONFIG, _MOST_CONFIG))
            weights = H5File(_member(archive, _WEIGHTS, _MOST_SWELLING * len(data)))
            about = _json(_member(archive, _METADATA, _MOST_CONFIG)) if _METADATA in archive.namelist() else {}
        return config, StoredWeights(weights), str(about.get("keras_version", ""))
    file = H5File(data)
    text = file.text("/", "model_config")
    if text is None:
        raise FovealError(
            "classifier-unreadable",
            f"{path}: expected a whole Keras model, got weights alone",
            hint="save the whole model, model.save('NAME.keras'); or name the network: --network vgg16",
        )
    return _json(text.encode()), LegacyWeights(file), file.text("/", "keras_version") or ""


def _member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    with archive.open(name) as member:
        content = member.read(most + 1)
    if len(content) > most:
        raise ValueError(f"{name} is larger than a model's can be")
    return content


def _json(content: bytes) -> dict[str, Any]:
    found = json.loads(content)
    if not isinstance(found, dict):
        raise ValueError("a configuration that is no JSON object")
    return found


def _kinds(config: object) -> list[object]:
    """Class names of all layers, nested ones too, and names of the models that hold them."""
    found: list[object] = []
    waiting = [config]
    while waiting:
        each = waiting.pop()
        if not isinstance(each, Mapping):
            continue
        found.append(each.get("class_name"))
        inner = each.get("config")
        if isinstance(inner, Mapping):
            found += [inner.get("name")] if "layers" in inner else []
            waiting += [*inner.get("layers", []), inner.get("layer")]
    return found


def _guess(path: Path, config: Mapping[str, Any], kinds: list[str]) -> Guess:
    with naming(path):
        size_wh = input_size(config)
    normalise, why = _normalisation(kinds)
    return Guess(
        where=str(path),
        size_wh=size_wh,
        fixed=size_wh is not None,
        normalise=normalise,
        mode="stretch",
        why=why,
    )


def _normalisation(kinds: list[str]) -> tuple[str, str]:
    """The normalisation that a model most likely was trained with, and why it is assumed."""
    if _INSIDE & {*kinds}:
        return "none", ""
    for name, usual in _KNOWN.items():
        if any(kind.lower().replace("_", "").startswith(name) for kind in kinds):
            return usual, f"it holds {name}, whose preprocess_input is assumed (--normalise {usual})"
    return "unit", "nothing in the file says how pixels are normalised: 0 to 1 (rescale=1/255) is assumed"
