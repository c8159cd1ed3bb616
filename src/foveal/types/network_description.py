"""A network, or the networks of a model, described: layers, totals, and what is known besides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from foveal.types.layer_text import DETAILS, Detail, description_text
from foveal.types.layers import Layer, LayerTable


@dataclass(frozen=True, kw_only=True)
class NetworkDescription:
    """What a backbone, a model or a network file is made of.

    Args:
        name: What was asked for.
        networks: The layers of each network, in the order in which their features stand side by side.
        about: What is known besides, JSON-able: the backbone's card, or the model's classes, head and record.
    """

    name: str
    networks: tuple[LayerTable, ...]
    about: Mapping[str, Any]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers of every network, one after the other."""
        return tuple(layer for network in self.networks for layer in network.layers)

    @property
    def parameters(self) -> int:
        """Learnt numbers in the network files together."""
        return sum(network.parameters for network in self.networks)

    @property
    def macs(self) -> int:
        """Multiply-adds for one photo, each network run once."""
        return sum(network.macs for network in self.networks)

    def __str__(self) -> str:
        return self.text()

    def text(self, layers: Detail = "convolutions") -> str:
        """Facts and layer table as lines of text.

        Args:
            layers: "stages" for one line a stage, "convolutions" for those and every convolution and matrix product,
                "all" for every layer.

        Raises:
            FovealError: `unknown-name`.
        """
        return description_text(self, layers)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form, as printed by `foveal describe --json`."""
        return {
            "name": self.name,
            "parameters": self.parameters,
            "macs": self.macs,
            "about": dict(self.about),
            "networks": [network.to_dict() for network in self.networks],
        }


__all__ = ["DETAILS", "Detail", "NetworkDescription"]
