"""Register a network of timm or torchvision as a backbone; from then on it needs neither of them, nor PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foveal.backbones.card import Card, is_name
from foveal.backbones.card_toml import card_toml
from foveal.errors import FovealError
from foveal.workflows.register import NETWORK, refuse_taken, store


@dataclass(frozen=True)
class Added:
    """A registered network.

    Args:
        card: As it is in the catalogue now.
        proof: How far its file is from the network in PyTorch: `agreement`, the share of pictures with the same most
            probable class; `max_probability_difference`; `n`, how many pictures.
    """

    card: Card
    proof: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """The card, and `proof`."""
        return {**self.card.to_dict(), "proof": dict(self.proof)}


def add_backbone(network: str, *, weights: str | Path = "auto", name: str = "") -> Added:
    """Export a network to ONNX once, prove the file equal, and register it.

    Args:
        network: Such as "timm/resnet50", "torchvision/alexnet", "resnet50.a1_in1k", "convnext_tiny".
        weights: "auto" for those it is published with, wherever on this machine they are; or a file.
        name: What to call it; "" for its own short name.

    Raises:
        FovealError: `needs-extra`; `unknown-name`, `bad-option`, `name-taken`; `weights-missing`, `weights-unreadable`,
            `weights-changed`, `weights-mismatch`; `cannot-export`, `export-differs`; `cannot-write`.
    """
    from foveal.training.extra import require_train

    require_train("foveal backbone add")
    from foveal.training.networks.catalogue import find_spec

    spec = find_spec(network)
    short_name = name or spec.short_name
    full = f"{name}.{spec.tag or 'own'}" if name else spec.name
    if not is_name(short_name):
        raise FovealError(
            "bad-option",
            f"--name: expected lower-case letters, digits, '.', '_' and '-', got {name!r}",
            hint="try --name my_network",
        )
    refuse_taken((full, short_name), where=network, hint="choose another --name")
    from foveal.training.backbone import make_backbone

    made = make_backbone(spec, weights=weights, name=full, short_name=short_name, file=NETWORK)
    return Added(store(short_name, made.content, card_toml(made.card)), made.proof.to_dict())
