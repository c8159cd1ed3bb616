"""Say what a backbone, a model or a network file is made of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foveal.backbones.card import Card
from foveal.backbones.catalogue import find
from foveal.backbones.layers import read_layers
from foveal.backbones.network import load_network
from foveal.classifier import bundle
from foveal.classifier.classifier import Classifier
from foveal.errors import FovealError
from foveal.heads.affine import AffineHead
from foveal.heads.linear import LinearHead
from foveal.imaging.preprocess import Preprocess
from foveal.types.network_description import NetworkDescription
from foveal.workflows.predict import IMAGENET


@dataclass(frozen=True, eq=False, kw_only=True)
class Described:
    """What is described, open: for the table and for pictures.

    Args:
        description: The table and the facts.
        networks: Content of each network file, in the order of the description.
        preprocess: How photos are prepared for each network; empty for a bare network file, which does not say.
        model: The classifier, where it is one.
        card: The backbone's card, where it is one.
    """

    description: NetworkDescription
    networks: tuple[bytes, ...]
    preprocess: tuple[Preprocess, ...] = ()
    model: Classifier | None = None
    card: Card | None = None


def describe(model_or_backbone: str | Path | Classifier) -> NetworkDescription:
    """Describe every layer: kernel, stride, padding, size, receptive field, parameters, multiply-adds.

    Args:
        model_or_backbone: A classifier or the path of a `*.foveal` file; the name of a backbone ("lite0", …; with its
            ImageNet layer where it has one), or "imagenet", "imagenet:NAME"; or the path of an ONNX network, `*.onnx`.

    Raises:
        FovealError: `unknown-name`, `not-found`, `model-foreign`, `model-damaged`, `model-too-new`,
            `network-unreadable`, `network-mismatch`, `weights-missing`.
    """
    return open_described(model_or_backbone).description


def open_described(model_or_backbone: str | Path | Classifier) -> Described:
    """The same with what pictures are drawn from; see `describe`."""
    if isinstance(model_or_backbone, Classifier):
        return _model(model_or_backbone, repr(model_or_backbone), None)
    path = Path(model_or_backbone).expanduser()
    if path.suffix == ".onnx":
        content = _content(path)
        table = read_layers(content, name=path.stem, where=str(path))
        description = NetworkDescription(name=str(path), networks=(table,), about={})
        return Described(description=description, networks=(content,))
    if path.suffix == ".foveal" or path.is_file():
        return _model(bundle.load(path), str(path), path.stat().st_size)
    kind, _, backbone = str(model_or_backbone).partition(":")
    card = find((backbone or "auto") if kind == IMAGENET else str(model_or_backbone))
    network = load_network(card, classifier=card.classes == "imagenet1k")
    return Described(
        description=NetworkDescription(
            name=_called(card),
            networks=(read_layers(network.content, name=card.name),),
            about=_about_card(card),
        ),
        networks=(network.content,),
        preprocess=(card.preprocess,),
        card=card,
    )


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise FovealError(
            "not-found", f"{path}: expected an ONNX network, got nothing there", hint="check the path"
        ) from error
    except OSError as error:
        raise FovealError(
            "network-unreadable",
            f"{path}: expected an ONNX network that can be read, got: {error.strerror or error}",
            hint="check the path and its permissions",
        ) from error


def _model(model: Classifier, name: str, file_bytes: int | None) -> Described:
    # A view and its mirror image are one network.
    views = tuple(view for view in model.views if not view.mirrored)
    description = NetworkDescription(
        name=name,
        networks=tuple(read_layers(view.network.content, name=view.backbone, outputs=view.outputs) for view in views),
        about=_about_model(model, file_bytes),
    )
    networks = tuple(view.network.content for view in views)
    return Described(
        description=description,
        networks=networks,
        preprocess=tuple(view.preprocess for view in views),
        model=model,
    )


def _called(card: Card) -> str:
    """Title and short name of a backbone, "ResNet (resnet18.a2_in1k)" where the title is "ResNet (resnet18)"."""
    family, opened, architecture = card.title.removesuffix(")").rpartition(" (")
    if card.short_name.partition(".")[0] == architecture:
        return f"{family} ({card.short_name})" if opened else card.short_name
    return f"{card.title}, called {card.short_name}" if opened else f"{card.title} ({card.short_name})"


def _about_card(card: Card) -> dict[str, Any]:
    return {
        "names": list(dict.fromkeys((card.short_name, card.name))),
        "paper": card.paper,
        "trained_on": card.trained_on,
        "published_top1": card.published_top1,
        "licence": card.licence.spdx,
        "licence_holder": card.licence.holder,
        "preprocess": str(card.preprocess),
        "outputs": dict(card.outputs),
    }


def _about_model(model: Classifier, file_bytes: int | None) -> dict[str, Any]:
    record = model.record
    data, figures = record.get("data", {}), record.get("metrics", {})
    figures = figures.get("out_of_fold") or figures.get("held_out") or {}
    head: dict[str, Any] = {"kind": getattr(model.head, "kind", "logits"), "classes": len(model.class_names)}
    if isinstance(model.head, LinearHead | AffineHead):
        head |= {"columns": len(model.head.weights), "weights": model.head.weights.size + model.head.bias.size}
    return {
        "classes": len(model.class_names),
        "class_names": list(model.class_names),
        "several_labels": model.multi_label,
        "head": head,
        "temperature": float(model.temperature),
        "features": [f"{view.backbone}: {', '.join(view.outputs)}" for view in model.views if not view.mirrored],
        "preprocess": list(dict.fromkeys(str(view.preprocess) for view in model.views)),
        "mirrored_too": any(view.mirrored for view in model.views),
        "computed_with": list(dict.fromkeys(str(view.choice) for view in model.views)),
        "fitted_on_photos": data.get("photos"),
        "fitted_on": record.get("created"),
        "fingerprint": data.get("fingerprint"),
        "accuracy": figures.get("accuracy"),
        "licences": list(record.get("licences", [])),
        "file_bytes": file_bytes,
    }
