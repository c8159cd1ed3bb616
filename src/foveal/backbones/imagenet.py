"""The 1,000 ImageNet classes, as data."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True)
class ImageNetClass:
    """One class of ILSVRC2012.

    Args:
        position: Position among the logits of every ImageNet network, 0 to 999.
        wordnet_id: Synset, such as "n01440764".
        names: WordNet's words for it, the most common first.
    """

    position: int
    wordnet_id: str
    names: tuple[str, ...]


@functools.cache
def imagenet_classes() -> tuple[ImageNetClass, ...]:
    """All classes in order of their index (source: the head of `imagenet1k.tsv`)."""
    text = (resources.files("foveal.backbones") / "imagenet1k.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return tuple(ImageNetClass(int(index), wordnet_id, tuple(names.split(", "))) for index, wordnet_id, names in rows)


@functools.cache
def imagenet_labels() -> tuple[str, ...]:
    """One distinct readable name a class: its first word, with the WordNet id where two classes share it."""
    first = [each.names[0] for each in imagenet_classes()]
    return tuple(
        f"{each.names[0]} ({each.wordnet_id})" if first.count(each.names[0]) > 1 else each.names[0]
        for each in imagenet_classes()
    )


@functools.cache
def imagenet_tree() -> tuple[tuple[str, ...], tuple[int, ...], tuple[int, ...]]:
    """What the classes are kinds of (source: the head of `imagenet_tree.tsv`).

    Returns:
        Names of the nodes, classes under their labels and their groups under WordNet's first word; the node above each,
        -1 for the widest groups; and the node of each class, in class order.
    """
    text = (resources.files("foveal.backbones") / "imagenet_tree.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    node = {"-": -1} | {wordnet_id: at for at, (wordnet_id, _, _) in enumerate(rows)}
    label = {each.wordnet_id: name for each, name in zip(imagenet_classes(), imagenet_labels(), strict=True)}
    return (
        tuple(label.get(wordnet_id, name) for wordnet_id, _, name in rows),
        tuple(node[parent] for _, parent, _ in rows),
        tuple(node[each.wordnet_id] for each in imagenet_classes()),
    )
