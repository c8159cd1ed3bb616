"""Make a foveal model of a classifier that another library trained."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from foveal.adopting.finish import Finished, finish
from foveal.adopting.foreign import Foreign, Wishes, unreadable
from foveal.backbones.imagenet import imagenet_labels, imagenet_tree
from foveal.classifier.classifier import Classifier
from foveal.data.dataset import Dataset
from foveal.data.read import read
from foveal.errors import FovealError
from foveal.features.settings import Settings
from foveal.features.view import View
from foveal.runtimes.choose import choose
from foveal.runtimes.engine import Choice
from foveal.trust.tree import ClassTree
from foveal.trust.trust import Trust
from foveal.types.text import counted
from foveal.workflows.adopted_normalisation import find_normalisation
from foveal.workflows.adopted_trust import learn_from
from foveal.workflows.trusting import tree_of
from foveal.workflows.views import noise

_IMAGENET = 1000
_HEX = 12


def adopt(
    file: str | Path,
    *,
    network: str = "",
    classes: str | Path | Sequence[str] = (),
    size: int | tuple[int, int] | None = None,
    mode: str = "",
    crop_share: float | None = None,
    normalise: str = "",
    output: str = "",
    licence: str = "",
    photos: str | Path | Dataset | None = None,
    settings: Settings | None = None,
) -> Classifier:
    """Make a classifier of a file of another library; nothing in the file is executed.

    Args:
        file: An ONNX classifier (`.onnx`, also as Ultralytics exports it), a Keras model (`.keras`, `.h5`), an
            Ultralytics classification checkpoint (`.pt`), or, with `network`, the weights of a PyTorch network
            (`.pth`, `.pt`, `.safetensors`).
        network: Name of the timm or torchvision network that the weights belong to; needs the extra `train`.
        classes: Names in the order of the network's columns; or a text file with one a line, or a folder with a folder
            a class, in alphabetical order as PyTorch and Keras number them. Where the file says them, not needed.
        size: Side of the network's input, or (width, height); where the file says it, not needed.
        mode: What happens to a photo of another aspect: "crop", "balance", "pad" or "stretch".
        crop_share: Share of the window's sides that "crop" keeps.
        normalise: "imagenet", "unit", "signed", "none", "caffe", or "mean,mean,mean/std,std,std" on the 0..1 scale.
        output: Name of the ONNX output that holds the class scores, where there are several.
        licence: Of the weights, for the record.
        photos: Labelled photos, best such that the network was not trained on; the probabilities are calibrated on
            them, and prediction sets, thresholds of abstention and the gate learnt. Where the file does not say how
            pixels are normalised and `normalise` does not either, what suits these photos best is taken.
        settings: How to run.

    Returns:
        The classifier; its record says where it came from.

    Raises:
        FovealError: `not-found`, `classifier-unreadable`, `network-unreadable`, `not-a-classifier`, `layer-unknown`,
            `classes-unknown`, `size-unknown`, `export-differs`, `needs-extra`, `bad-option`, `unknown-name`, …
    """
    path = Path(file).expanduser()
    settings = settings or Settings()
    wishes = Wishes(
        class_names=names_of(classes),
        size_wh=(size, size) if isinstance(size, int) else size,
        mode=mode,
        crop_share=crop_share,
        normalise=normalise,
        output=output,
    )
    digest = _digest(path)
    dataset = None if photos is None else _labelled(photos)
    foreign = _read(path, network, wishes)
    finished = finish(foreign)
    names, notes = _class_names(path, wishes.class_names or foreign.class_names, finished.classes)
    if dataset is not None and foreign.notes and not network:
        reader = partial(_read, path, network)
        foreign = find_normalisation(reader, wishes, names, dataset, settings)
        finished = finish(foreign)
    view = _view(foreign, finished, digest, settings)
    record = _record(path, digest, foreign, finished, names, licence, (*foreign.notes, *notes))
    model = Classifier(names, (view,), finished.head, 1.0, record=record, trust=Trust(tree=_tree(names)))
    return model if dataset is None else learn_from(model, dataset, settings)


def _labelled(photos: str | Path | Dataset) -> Dataset:
    dataset = (photos if isinstance(photos, Dataset) else read(photos)).for_testing()
    return dataset.select(dataset.labelled)


def names_of(classes: str | Path | Sequence[str]) -> tuple[str, ...]:
    """Class names as a user gives them: a list, "a,b,c", a text file with one a line, or a folder of class folders.

    Raises:
        FovealError: `not-found`: a path with nothing there; `classes-unknown`: an empty or repeated name.
    """
    if not isinstance(classes, str | Path):
        names = tuple(classes)
    else:
        path = Path(classes).expanduser()
        text = str(classes)
        if text and path.is_dir():
            names = tuple(sorted(each.name for each in path.iterdir() if each.is_dir() and each.name[0] != "."))
        elif text and path.is_file():
            names = _lines(path)
        elif path.suffix == ".txt" or isinstance(classes, Path):
            raise FovealError("not-found", f"{path}: expected class names, got nothing there", hint="check the path")
        else:
            names = tuple(name.strip() for name in text.split(",")) if text else ()
    repeated = sorted({name for name in names if names.count(name) > 1})[:5] if len(names) <= _IMAGENET else []
    if repeated or not all(names):
        raise FovealError(
            "classes-unknown",
            f"--classes: expected a name of its own for every class, got {', '.join(repeated) or 'an empty one'}"
            + (" more than once" if repeated else ""),
            hint="name them in the order of the network's columns",
        )
    return names


def _lines(path: Path) -> tuple[str, ...]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise unreadable(path, "class names, one a line", error, hint="write them as UTF-8 text") from error
    return tuple(line.strip() for line in lines if line.strip())


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise FovealError(
            "not-found", f"{path}: expected a classifier, got nothing there", hint="check the path"
        ) from error
    except OSError as error:
        raise unreadable(path, "a file", error.strerror or error, hint="check the path and its permissions") from error


def _read(path: Path, network: str, wishes: Wishes) -> Foreign:
    kind = path.suffix.lower()
    if network:
        from foveal.training.extra import require_train

        require_train("foveal adopt --network")
        from foveal.training.adopt_weights import read_weights

        return read_weights(path, network, wishes)
    if kind == ".onnx":
        from foveal.adopting.onnx_file import read_onnx

        return read_onnx(path, wishes)
    if kind in (".keras", ".h5", ".hdf5"):
        from foveal.adopting.keras_file import read_keras

        return read_keras(path, wishes)
    if kind == ".pt":
        from foveal.adopting.checkpoint import read_checkpoint

        return read_checkpoint(path, wishes)
    if kind in (".pth", ".safetensors", ".bin", ".ckpt"):
        raise FovealError(
            "bad-option",
            f"{path}: expected --network NAME beside a file of bare weights, got none",
            hint="name the network they belong to, as in --network resnet18; `foveal models --search` lists them",
        )
    raise unreadable(
        path, "a file that ends in .onnx, .keras, .h5, .pt, .pth or .safetensors", path.name, hint="export it to ONNX"
    )


def _class_names(path: Path, names: tuple[str, ...], classes: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """One name a class, and what was assumed."""
    if len(names) == classes:
        return names, ()
    if not names and classes == _IMAGENET:
        return imagenet_labels(), ("1,000 classes without names: taken for ImageNet's, in the usual order",)
    got = counted(len(names), "name") if names else "no names"
    raise FovealError(
        "classes-unknown",
        f"{path}: expected the names of {classes} classes, got {got}",
        hint='name them in the order of its columns: --classes names.txt, --classes "cat,dog" or the training folder',
    )


def _view(foreign: Foreign, finished: Finished, digest: str, settings: Settings) -> View:
    name = f"{foreign.library.lower()}-{_plain(foreign.architecture)}.{digest[:_HEX]}"
    outputs = tuple(finished.network.outputs)
    return View(name, finished.network, foreign.preprocess, outputs, _choice(foreign, finished, settings))


def _choice(foreign: Foreign, finished: Finished, settings: Settings) -> Choice:
    """The quickest runtime, in single precision unless asked otherwise: no head is learnt that would absorb less."""
    precision = "f32" if settings.precision == "auto" else settings.precision
    try:
        return choose(
            finished.network.content,
            sha256=finished.network.sha256,
            output=next(iter(finished.network.outputs)),
            photos=lambda: [noise(foreign.preprocess)],
            runtime=settings.runtime,
            precision=precision,
        )
    except FovealError as error:
        # Of a network that says nothing of noise no two engines agree; the one it was proved with remains.
        if error.code != "no-engine" or settings.runtime != "auto" or precision != "f32":
            raise
        return Choice("onnx", "f32")


def _tree(names: tuple[str, ...]) -> ClassTree | None:
    """The hierarchy above the classes: ImageNet's, or the one that their names carry."""
    if names != imagenet_labels():
        return tree_of(names)
    groups, parents, leaves = imagenet_tree()
    return ClassTree(groups, np.array(parents, np.int32), np.array(leaves, np.int32))


def _plain(name: str) -> str:
    kept = "".join(each if (each.isalnum() and each.isascii()) or each in "-_" else "-" for each in name.lower())
    return kept.strip("-_")[:60] or "network"


def _record(
    path: Path,
    digest: str,
    foreign: Foreign,
    finished: Finished,
    names: tuple[str, ...],
    licence: str,
    notes: tuple[str, ...],
) -> dict[str, Any]:
    """Where the model came from, JSON-able."""
    known = licence or foreign.licence or "unknown"
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "licences": [known],
        "adopted": {
            "file": path.name,
            "sha256": digest,
            "library": foreign.library,
            "architecture": foreign.architecture,
            "licence": known,
            "classes": len(names),
            "head": finished.head.kind,
            "max_probability_difference": finished.difference,
            "assumed": list(notes),
            "facts": dict(foreign.facts),
        },
        "versions": {"python": platform.python_version(), "foveal": metadata.version("foveal")},
    }
