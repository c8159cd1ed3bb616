"""Find a backbone by name: those that come with foveal, then those the user registered."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from foveal.backbones.card import Card, read_card
from foveal.errors import FovealError, unknown_name
from foveal.storage import data_folder

DEFAULT = "lite0"


def registered_folder() -> Path:
    """Folder that holds one folder for each backbone the user registered."""
    return data_folder() / "backbones"


def cards() -> list[Card]:
    """Every card: the built-in ones by size, then the registered ones by name."""
    return [*_built_in(), *_registered()]


def find(name: str) -> Card:
    """Find a card by its name or short name.

    Args:
        name: Such as "lite0" or "efficientnet_lite0.in1k"; "auto" is the default backbone.

    Raises:
        FovealError: `unknown-name`, listing the near ones; `bad-card`, `name-taken` for a registered card.
    """
    wanted = DEFAULT if name == "auto" else name
    known: list[str] = []
    # The built-in ones first: a broken card of the user's must not stand in their way.
    for card in itertools.chain(_built_in(), _registered()):
        if wanted in (card.name, card.short_name):
            return card
        known += dict.fromkeys((card.short_name, card.name))
    raise unknown_name("backbone", name, known)


@functools.cache
def _built_in() -> tuple[Card, ...]:
    folder = resources.files("foveal.backbones") / "cards"
    found = [read_card(Path(str(entry))) for entry in folder.iterdir() if entry.name.endswith(".toml")]
    return tuple(sorted(found, key=lambda card: card.macs))


def _registered() -> Iterator[Card]:
    taken = {name for card in _built_in() for name in (card.name, card.short_name)}
    for path in sorted(registered_folder().glob("*/card.toml")):
        card = read_card(path)
        clash = taken & {card.name, card.short_name}
        if clash:
            raise FovealError(
                "name-taken",
                f"{path}: expected a name of its own, got {clash.pop()!r}, which another backbone has",
                hint=f"rename it in {path}",
            )
        taken |= {card.name, card.short_name}
        yield card
