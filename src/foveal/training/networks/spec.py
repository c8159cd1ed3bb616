"""What is known of a pretrained network before any of its weights are loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from foveal.backbones.card import Licence
from foveal.imaging.preprocess import Preprocess

LIBRARIES = ("foveal", "timm", "torchvision")
"""In the order in which a bare name is looked up."""


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A network of a library, with the weights of one tag.

    Args:
        library: "foveal" (weights of the offline packages in timm's architecture), "timm" or "torchvision".
        architecture: As the library calls it, such as "resnet50".
        tag: Which weights, such as "a1_in1k"; "" when there are none.
        short_name: The shortest name that finds it.
        title: How the literature calls it.
        paper: Reference of the architecture; "" when unknown.
        trained_on: The photos the weights learnt from; "" when unknown.
        licence: Terms of the weights.
        published_top1: Per cent on ILSVRC2012 validation, where the library states it; None elsewhere.
        parameters: Number of weights, with the layer of its own classes; 0 when not counted.
        preprocess: As published.
        classes: Name of the class list behind its logits: "imagenet1k", or "" when it has none.
        source: Where the weights come from, for people: an address or a package.
    """

    library: str
    architecture: str
    tag: str
    short_name: str
    title: str
    paper: str
    trained_on: str
    licence: Licence
    published_top1: float | None
    parameters: int
    preprocess: Preprocess
    classes: str
    source: str

    @property
    def name(self) -> str:
        """`architecture.tag`, in lower case: unique, and fit for the name of a card or a file."""
        return f"{self.architecture}.{self.tag}".rstrip(".").lower()

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form, as printed by `foveal models --search --json` and kept beside pulled weights."""
        return {
            "name": self.name,
            "library": self.library,
            "architecture": self.architecture,
            "tag": self.tag,
            "short_name": self.short_name,
            "title": self.title,
            "paper": self.paper,
            "trained_on": self.trained_on,
            "licence": vars(self.licence),
            "published_top1": self.published_top1,
            "parameters": self.parameters,
            "preprocess": self.preprocess.to_dict(),
            "classes": self.classes,
            "source": self.source,
        }
