"""What backbones there are, and how fast each is on this machine; networks to train, and their weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foveal.backbones.card import Card
from foveal.backbones.catalogue import cards
from foveal.backbones.network import load_network, weights_file
from foveal.errors import FovealError
from foveal.runtimes.choose import Measured, choose, recall
from foveal.workflows.views import noise

_COUNT_SECONDS = 2.0


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


@dataclass(frozen=True)
class Searched:
    """Networks that a search found.

    Args:
        text: What was searched for.
        networks: JSON-able forms of what was found: name, library, parameters (0: not counted yet), licence, ..., and
            `offline`, whether the weights are on this machine.
        total: How many there are in all.
    """

    text: str
    networks: tuple[dict[str, Any], ...]
    total: int

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        return {"search": self.text, "total": self.total, "networks": list(self.networks)}


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


def search_models(text: str, *, most: int = 50) -> Searched:
    """Search the networks of foveal, timm and torchvision that have weights.

    Args:
        text: Words that `library/architecture.tag` has to have; "" finds everything.
        most: How many at most, at least 1.

    Raises:
        FovealError: `needs-extra`; `bad-option`.
    """
    from foveal.training.extra import require_train

    require_train("the search for networks")
    if most < 1:
        raise FovealError("bad-option", f"expected at least 1 network to show, got {most}", hint="give a number")
    from foveal.training.networks.catalogue import count, search
    from foveal.training.networks.sizes import counted
    from foveal.training.networks.weights import local_file

    specs = counted(search(text, most=most), seconds=_COUNT_SECONDS)
    rows = tuple({**spec.to_dict(), "offline": local_file(spec) is not None} for spec in specs)
    return Searched(text, rows, count(text))


def pull(
    name: str,
    to: Path | str | None = None,
    *,
    source: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Bring the weights of a network into a folder; the only function of foveal that uses a network.

    Args:
        name: Such as "resnet50" or "torchvision/alexnet".
        to: Folder for NAME.safetensors and NAME.json; None for `$FOVEAL_HOME/weights`, where they are found.
        source: Address or file to take them from instead of where their publisher keeps them.
        progress: Told how many bytes of how many came (0: not known).

    Returns:
        What NAME.json holds, with `file` as a whole path.

    Raises:
        FovealError: `needs-extra`, `unknown-name`, `cannot-fetch`, `cannot-write`, `weights-missing`,
            `weights-changed`, `weights-unreadable`, `weights-mismatch`.
    """
    from foveal.training.extra import require_train

    require_train("`foveal models pull`")
    from foveal.training.networks.catalogue import find_spec
    from foveal.training.networks.pull import pull as run

    pulled = run(find_spec(name), None if to is None else Path(to), source=source, progress=progress)
    return {**pulled.to_dict(), "file": str(pulled.file)}
