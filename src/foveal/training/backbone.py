"""A network of timm or torchvision as a backbone: exported once, proved, and described on a card."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from foveal.backbones.card import Card, Weights
from foveal.backbones.layers import read_layers
from foveal.training.export import Exported, as_recogniser, export_network
from foveal.training.networks.create import create
from foveal.training.networks.spec import Spec
from foveal.training.prove import Proof, prove
from foveal.training.stand_ins import stand_in_photos

_PROVED_ON = 16


@dataclass(frozen=True)
class Backbone:
    """A network ready to be registered.

    Args:
        card: Its card.
        content: The network file.
        proof: How far it is from the network in PyTorch, on pictures drawn with the spectrum of photos.
    """

    card: Card
    content: bytes = field(repr=False)
    proof: Proof


def make_backbone(spec: Spec, *, weights: str | Path, name: str, short_name: str, file: str) -> Backbone:
    """Export a network and write its card.

    Args:
        spec: The network.
        weights: "auto" or a file; see `foveal.training.networks.create.create`.
        name: Of the card, as the next.
        short_name: What people will type.
        file: What the network file is going to be called.

    Raises:
        FovealError: `weights-missing`, `weights-unreadable`, `weights-changed`, `weights-mismatch`, `cannot-export`,
            `export-differs`.
    """
    network = create(spec, weights=weights)
    exported = export_network(network)
    proof = prove(
        as_recogniser(network),
        exported.content,
        stand_in_photos(spec.preprocess.size_wh, _PROVED_ON),
        outputs=("logits" if "logits" in exported.outputs else "embedding",),
        name=spec.name,
    )
    given = "" if str(weights) == "auto" else f"weights of {Path(weights).name}"
    card = _card(network.spec, exported, file, name=name, short_name=short_name, given=given)
    return Backbone(card, exported.content, proof)


def _card(spec: Spec, exported: Exported, file: str, *, name: str, short_name: str, given: str) -> Card:
    layers = read_layers(exported.content, name=spec.name)
    return Card(
        name=name,
        short_name=short_name,
        title=spec.title,
        paper=spec.paper,
        trained_on="; ".join(each for each in (spec.trained_on, given) if each) or "not stated",
        classes=spec.classes if exported.outputs.get("logits") == 1000 else "",
        parameters=spec.parameters,
        macs=sum(layer.macs for layer in layers.layers),
        published_top1=spec.published_top1,
        licence=spec.licence,
        weights=Weights(builder="", package="", file=file, sha256=hashlib.sha256(exported.content).hexdigest()),
        preprocess=spec.preprocess,
        outputs=dict(exported.outputs),
        origin=Path(file),
    )
