"""Bring any ONNX image network: it is wrapped into the form every backbone has, checked by running it, and kept."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from foveal.backbones.card import Card, read_card
from foveal.backbones.catalogue import cards, find, registered_folder
from foveal.backbones.wrap import wrap
from foveal.errors import FovealError
from foveal.runtimes.engine import Choice, load_engine
from foveal.storage import cannot_write, write_atomically
from foveal.workflows.views import noise

_CARD = "card.toml"
NETWORK = "network.onnx"
"""What the network file of a registered backbone is called."""


def register(network: Path, card: Path) -> Card:
    """Register a network as a backbone.

    Args:
        network: An ONNX file with one image input, float32 [N, 3, H, W] normalised as its card says.
        card: Its card; `[onnx]` maps the names of outputs. `docs/backbones.md` shows one.

    Returns:
        The card as it is in the catalogue now.

    Raises:
        FovealError: `bad-card`, `name-taken`, `network-unreadable`, `network-mismatch`, `cannot-write`.
    """
    wanted = read_card(card)
    refuse_taken((wanted.name, wanted.short_name), where=str(card), hint="choose another name on the card")
    content = wrap(network, wanted)
    _check(network, content, wanted)
    text = _with_weights(card.read_text(encoding="utf-8"), hashlib.sha256(content).hexdigest())
    return store(wanted.short_name, content, text)


def refuse_taken(names: Iterable[str], *, where: str, hint: str) -> None:
    """Refuse names that another backbone has.

    Args:
        names: Name and short name.
        where: What has them, for the message.
        hint: How to choose others.

    Raises:
        FovealError: `name-taken`.
    """
    taken = {name for each in cards() for name in (each.name, each.short_name)}
    for name in names:
        if name in taken:
            raise FovealError(
                "name-taken",
                f"{where}: expected a name of its own, got {name!r}, which another backbone has",
                hint=f"{hint}, or `foveal backbone remove` the other one",
            )


def store(short_name: str, content: bytes, card: str) -> Card:
    """Keep a network and its card; both are there afterwards, or neither.

    Args:
        short_name: What it is called.
        content: The network file.
        card: Its card as TOML, which names the file `NETWORK` beside it.

    Returns:
        The card as it is in the catalogue now.

    Raises:
        FovealError: `bad-card`, `cannot-write`.
    """
    folder = registered_folder() / short_name
    try:
        registered_folder().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=registered_folder(), prefix=".") as place:
            for name, data in ((NETWORK, content), (_CARD, card.encode())):
                with write_atomically(Path(place) / "new" / name) as file:
                    file.write(data)
            read_card(Path(place) / "new" / _CARD)
            (Path(place) / "new").rename(folder)
    except OSError as error:
        raise cannot_write(folder, error) from error
    return find(short_name)


def forget(name: str) -> Card:
    """Remove a registered backbone; one that comes with foveal cannot be.

    Raises:
        FovealError: `unknown-name`, `built-in`.
    """
    card = find(name)
    if card.origin.parent.parent != registered_folder():
        raise FovealError(
            "built-in",
            f"{name}: expected a backbone you registered, got one that comes with foveal",
            hint="`foveal models` lists them all",
        )
    shutil.rmtree(card.origin.parent)
    return card


def _with_weights(card: str, sha256: str) -> str:
    """The card with its [weights] naming the wrapped file beside it."""
    before, _, after = card.partition("[weights]")
    rest = after.split("\n[", 1)
    tail = f"\n[{rest[1]}" if len(rest) > 1 else ""
    weights = f'[weights]\nbuilder = ""\npackage = ""\nfile = "{NETWORK}"\nsha256 = "{sha256}"\n'
    return f"{before.rstrip()}\n\n{weights}{tail}"


def _check(network: Path, content: bytes, card: Card) -> None:
    """Run the network once and compare what comes out with the card."""
    outputs = list(card.outputs)
    engine = load_engine(Choice("onnx", "f32"), content, outputs, parallel=1)
    try:
        found = engine.run(noise(card.preprocess))
    except Exception as error:  # ONNX Runtime raises classes of its own
        raise FovealError(
            "network-mismatch",
            f"{network}: expected a network that takes one photo at a time, got: {str(error)[:200]}",
            hint="export it with a batch of 1, or a batch of any size",
        ) from error
    for name, values in zip(outputs, found, strict=True):
        if values.shape != (card.outputs[name],) or not np.isfinite(values).all():
            raise FovealError(
                "network-mismatch",
                f"{network}: expected {card.outputs[name]} finite columns of {name}, got shape {values.shape}",
                hint="correct [outputs] on the card; a pooled output is one vector a photo",
            )
