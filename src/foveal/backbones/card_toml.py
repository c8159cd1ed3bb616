"""A card as the text of its TOML file, the other way round from `read_card`."""

from __future__ import annotations

import json
from collections.abc import Mapping

from foveal.backbones.card import Card


def card_toml(card: Card) -> str:
    """The text that `foveal.backbones.card.read_card` reads as this card."""
    top: dict[str, object] = {
        name: getattr(card, name) for name in ("name", "short_name", "title", "paper", "trained_on")
    }
    top |= {"classes": card.classes} if card.classes else {}
    top |= {"parameters": card.parameters, "macs": card.macs}
    top |= {} if card.published_top1 is None else {"published_top1": float(card.published_top1)}
    tables = {
        "licence": vars(card.licence),
        "weights": vars(card.weights),
        "preprocess": card.preprocess.to_dict(),
        "outputs": dict(card.outputs),
    }
    return "\n".join([_lines(top), *(f"[{name}]\n{_lines(values)}" for name, values in tables.items())])


def _lines(values: Mapping[str, object]) -> str:
    return "".join(f"{name} = {_value(value)}\n" for name, value in values.items())


def _value(value: object) -> str:
    # JSON writes text, numbers and lists as TOML does, but for the one control character that it leaves as it is.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
