"""The network before it is trained, as the lean engines run it: the one that the probe stands on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from foveal.backbones.card import Card, Weights
from foveal.backbones.catalogue import DEFAULT, find
from foveal.backbones.network import Network, load_network
from foveal.data.photo import AnyPhoto
from foveal.errors import FovealError
from foveal.features.settings import Settings
from foveal.features.view import View
from foveal.imaging.preprocess import Preprocess
from foveal.workflows.views import make_view

_IMAGENET_CLASSES = 1000


@dataclass(frozen=True)
class FrozenNetwork:
    """A network with published weights.

    Args:
        card: What is known of it.
        view: How it looks at photos: all outputs that a probe learns from.
        own: Whether it is the network that is about to be trained, rather than one to compare with.
    """

    card: Card
    view: View
    own: bool

    @property
    def parameters(self) -> int:
        """Of the network without the layer of its ImageNet classes, which nobody asks here."""
        if self.card.classes != "imagenet1k":
            return self.card.parameters
        return self.card.parameters - _IMAGENET_CLASSES * (self.card.outputs["embedding"] + 1)


def frozen_network(
    network: Any, photos: Sequence[AnyPhoto], settings: Settings, *, own: bool, weights: str
) -> FrozenNetwork:
    """The network about to be trained, or the usual small one, to compare with.

    Args:
        network: `foveal.training.networks.torch_network.TorchNetwork`, as it was created.
        photos: Photos to be run.
        settings: How to run.
        own: Whether the network itself is meant; one with random weights makes no yardstick.
        weights: Where its weights come from: "auto", or a file.
    """
    card, content = _known(network, weights) if own else (find(DEFAULT), None)
    if content is None:
        content = load_network(card)
    preprocess = replace(card.preprocess, mode="balance", crop_share=1.0)
    view = make_view(card, content, preprocess, card.features, photos, settings)
    return FrozenNetwork(card, view, own)


def evaluated_as(preprocess: Preprocess, size: int | None) -> Preprocess:
    """How photos become the input of a trained network: as published, but cut and squeezed as for a probe.

    Args:
        preprocess: As published.
        size: Side of the input in pixels; None = as published.
    """
    size_wh = preprocess.size_wh if size is None else (size, size)
    return replace(preprocess, mode="balance", crop_share=1.0, size_wh=size_wh)


def card_of(
    spec: Any, *, name: str, outputs: dict[str, int], sha256: str, preprocess: Preprocess, parameters: int
) -> Card:
    """A card for a network that is in no catalogue.

    Args:
        spec: `foveal.training.networks.spec.Spec`.
        name: What it is called.
        outputs: Name to columns.
        sha256: Of its file.
        preprocess: How photos become its input.
        parameters: Without a layer of classes.
    """
    return Card(
        name=name,
        short_name=name,
        title=spec.title,
        paper=spec.paper,
        trained_on=spec.trained_on,
        classes="",
        parameters=parameters,
        macs=0,
        published_top1=spec.published_top1,
        licence=spec.licence,
        weights=Weights(builder="", package="", file="", sha256=sha256),
        preprocess=preprocess,
        outputs=outputs,
        origin=Path(),
    )


def _known(network: Any, weights: str) -> tuple[Card, Network | None]:
    """The card of the catalogue where it has the network with these weights; else the network is exported."""
    spec = network.spec
    if weights == "auto" and spec.library == "foveal":
        try:
            return find(spec.short_name), None
        except FovealError as error:
            if error.code != "unknown-name":
                raise
    from foveal.training.export import export_network

    exported = export_network(network, classifier=False)
    content = Network.of(exported.content, exported.outputs)
    outputs = dict(content.outputs)
    unused = () if network.imagenet_layer is None else network.imagenet_layer.parameters()
    parameters = sum(each.numel() for each in network.parameters()) - sum(each.numel() for each in unused)
    card = card_of(
        spec,
        name=spec.name,
        outputs=outputs,
        sha256=content.sha256,
        preprocess=spec.preprocess,
        parameters=parameters,
    )
    return card, content
