"""What backbones there are, and how fast each is on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from foveal.backbones.card import Card
from foveal.backbones.catalogue import cards
from foveal.backbones.network import load_network, weights_file
from foveal.runtimes.choose import Measured, choose, recall
from foveal.workflows.views import noise


@dataclass(frozen=True)
class Listed:
    """A backbone as `foveal models` shows it.

    Args:
        card: What is known of it.
        offline: Whether its weights are on this machine.
        measured: What was measured of it here; empty without weights.
    """

    card: Card
    offline: bool
    measured: tuple[Measured, ...]

    @property
    def fastest(self) -> Measured | None:
        """The engine with the most photos a second."""
        return max(self.measured, key=lambda each: each.per_second, default=None)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        rows = [
            {
                "runtime": each.choice.runtime,
                "precision": each.choice.precision,
                "per_second": each.per_second,
                "cosine_distance": each.cosine_distance,
            }
            for each in self.measured
        ]
        return {**self.card.to_dict(), "offline": self.offline, "measured_here": rows}


def models() -> list[Listed]:
    """List every backbone; those never measured on this machine are measured now, about a second each."""
    found = []
    for card in cards():
        if weights_file(card) is None:
            found.append(Listed(card, False, ()))
            continue
        network = load_network(card)
        if not recall(network.sha256):
            choose(
                network.content,
                sha256=network.sha256,
                output="embedding",
                photos=lambda card=card: [noise(card.preprocess)],  # type: ignore[misc]
            )
        found.append(Listed(card, True, tuple(recall(network.sha256))))
    return found
