"""From a card to a network file that a runtime can load, made once and kept in the cache."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module, util
from pathlib import Path
from typing import Protocol

from foveal.backbones import BUILDERS
from foveal.backbones.card import Card
from foveal.errors import FovealError, unknown_name
from foveal.storage import cache_folder, keep

# Part of the cached file's name: raise it when the graphs that the builders write change.
_BUILD_PROTOCOL = 1


@dataclass(frozen=True, eq=False)
class Network:
    """A network file: ONNX, taking `images` uint8 [N, H, W, 3] in RGB and normalising them itself.

    Args:
        content: The serialised ONNX model.
        sha256: Of `content`, in hexadecimal; names the features made with it.
        outputs: Name to number of columns of the pooled outputs.
    """

    content: bytes = field(repr=False)
    sha256: str
    outputs: Mapping[str, int]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Network) and self.sha256 == other.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    @classmethod
    def of(cls, content: bytes, outputs: Mapping[str, int]) -> Network:
        """Make a network of the bytes of an ONNX file."""
        return cls(content, hashlib.sha256(content).hexdigest(), dict(outputs))


def weights_file(card: Card) -> Path | None:
    """The file of published weights, or None when it is not on this machine."""
    if not card.weights.package:
        file = card.origin.parent / card.weights.file
    else:
        spec = util.find_spec(card.weights.package)
        if spec is None or spec.origin is None:
            return None
        file = Path(spec.origin).parent / card.weights.file
    return file if file.is_file() else None


def load_network(card: Card, *, classifier: bool = False) -> Network:
    """Load the network file of a backbone, building it on first use.

    Args:
        card: The backbone.
        classifier: With the ImageNet layer (output `logits`); without it the file is smaller.

    Raises:
        FovealError: `weights-missing`, `weights-changed`, `weights-unreadable`.
    """
    outputs = {**card.outputs, **({"logits": 1000} if classifier and card.classes == "imagenet1k" else {})}
    if not card.weights.builder:
        # A ready file is its own copy, and what it must be has just been checked.
        return Network(build_network(card, classifier=classifier), card.weights.sha256, outputs)
    variant = "classifier" if classifier else "features"
    path = cache_folder() / "networks" / f"{card.name}-{card.weights.sha256[:12]}-{variant}-{_BUILD_PROTOCOL}.onnx"
    try:
        return Network.of(path.read_bytes(), outputs)
    except OSError:
        content = build_network(card, classifier=classifier)
    keep(path, content)
    return Network.of(content, outputs)


def build_network(card: Card, *, classifier: bool) -> bytes:
    """Build a network file from the published weights, after checking their sha256."""
    source = weights_file(card)
    if source is None:
        raise FovealError(
            "weights-missing",
            f"{card.name}: expected its weights on this machine, got none",
            hint=f'pip install "{card.weights.install}"' if card.weights.install else f"put them beside {card.origin}",
        )
    raw = source.read_bytes()
    digest = hashlib.sha256(raw).hexdigest()
    if digest != card.weights.sha256:
        raise FovealError(
            "weights-changed",
            f"{source}: expected sha256 {card.weights.sha256}, got {digest}",
            hint="install the weights again; never use a file that differs from its card",
        )
    if not card.weights.builder:
        return raw
    return _builder(card.weights.builder)(source, card, classifier=classifier)


class _Builder(Protocol):
    def __call__(self, source: Path, card: Card, *, classifier: bool) -> bytes: ...


def _builder(name: str) -> _Builder:
    try:
        module, attribute = BUILDERS[name].split(":")
    except KeyError:
        raise unknown_name("builder", name, BUILDERS) from None
    builder: _Builder = getattr(import_module(module), attribute)
    return builder
