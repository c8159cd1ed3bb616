"""Photos that are the same picture: equal, or resized, recompressed, mirrored, turned, cut, or with a caption."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError
from foveal.grouping.neighbours import compress, neighbours
from foveal.grouping.verify import verify
from foveal.imaging.sketch import size_wh

_NEIGHBOURS = 8
_LEAST_PRODUCT = 0.5
_FEW = 256

LEAST_SCORE = 0.78
"""Pairs below it are not reported.

Chosen on photos of clothes, a hard kind, with many garments of one cut laid out alike: of 15,000 pairs of different
files that the network finds alike 4 passed, and 3 of these are the same shot; of 2,700 changed copies 99 % passed.
"""

# Tiny pictures have few details, and two handwritten digits can be as alike as two copies of a photo: of 1,797 scanned
# digits, 8 × 8 dots drawn at 64 × 64, 803 would be paired at 0.78, most below 0.9.
_LEAST_OF_TINY = ((64, 160), (0.95, 0.0))


@dataclass(frozen=True)
class Pairs:
    """Pairs of photos that are the same picture, in order, each once.

    Args:
        first: int64 [p], number of the one photo.
        second: int64 [p], number of the other, above the first.
        score: float32 [p] in 0..1, how surely they are the same; 1 for equal content.
        mirrored: bool [p], whether the one is the other's mirror image.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    score: NDArray[np.float32]
    mirrored: NDArray[np.bool_]

    @classmethod
    def none(cls) -> Pairs:
        """No pairs."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.bool_))

    def among(self, photos: NDArray[np.integer[Any]]) -> Pairs:
        """The pairs within some photos, under their new numbers.

        Args:
            photos: int [k], distinct numbers; a photo's new number is its place here.
        """
        size = int(max(photos.max(initial=-1), self.second.max(initial=-1))) + 1
        place = np.full(size, -1, np.int64)
        place[photos] = np.arange(len(photos))
        first, second = place[self.first], place[self.second]
        return _in_order(first, second, self.score, self.mirrored, (first >= 0) & (second >= 0))


def near_duplicates(
    sketches: NDArray[np.uint8],
    embeddings: NDArray[np.floating[Any]],
    keys: NDArray[np.uint8],
    *,
    least_score: float = LEAST_SCORE,
) -> Pairs:
    """Find the pairs of photos that are the same picture.

    Photos of equal content are paired with the first of them, so k copies make k - 1 pairs. Of every content the 8
    nearest by embedding are looked at closely; where two contents are alike, each is paired with every copy of the
    other.

    Args:
        sketches: uint8 [m, SKETCH_BYTES], see `foveal.imaging.sketch`.
        embeddings: float [m, D] of a network; may be a memory map.
        keys: uint8 [m, 16], content keys.
        least_score: Pairs scored lower are left out; 0..1.

    Raises:
        FovealError: `bad-value` when the arrays are of different photos; `needs-extra` when there are so many photos
            that an index library is needed, and it is missing.
    """
    if not len(sketches) == len(embeddings) == len(keys):
        raise FovealError(
            "bad-value",
            f"near-duplicates: expected as many sketches, embeddings and keys, got {len(sketches)}, {len(embeddings)} "
            f"and {len(keys)}",
            hint="pass rows of the same photos",
        )
    if len(keys) < 2:
        return Pairs.none()
    copies = _Copies(keys)
    vectors = compress(embeddings if len(copies.kept) == len(keys) else embeddings[copies.kept])
    few = len(vectors) <= _FEW
    one, other, product = neighbours(vectors, most=_NEIGHBOURS, least=-1.0 if few else _LEAST_PRODUCT)
    closeness = np.ones_like(product) if few else product
    score, mirrored = verify(sketches, copies.kept[one], copies.kept[other], closeness)
    alike = score >= np.maximum(least_score, _least_by_size(sketches, copies.kept[one], copies.kept[other]))
    first, second, of = copies.spread(one[alike], other[alike])
    star_first, star_second = copies.star()
    equal = len(star_first)
    return _in_order(
        np.concatenate([star_first, first]),
        np.concatenate([star_second, second]),
        np.concatenate([np.ones(equal, np.float32), np.minimum(score[alike][of], np.float32(0.999))]),
        np.concatenate([np.zeros(equal, np.bool_), mirrored[alike][of]]),
    )


def _least_by_size(
    sketches: NDArray[np.uint8], first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.float64]:
    """float64 [p]: the score that pairs of tiny pictures must reach, from their short sides in pixels."""
    sides = size_wh(sketches).min(axis=1)
    least: NDArray[np.float64] = np.interp(np.minimum(sides[first], sides[second]), *_LEAST_OF_TINY)
    return least


class _Copies:
    """Which photos have equal content.

    Attributes:
        kept: int64 [c], the first photo of each content.
    """

    def __init__(self, keys: NDArray[np.uint8]) -> None:
        whole = np.ascontiguousarray(keys).view(f"V{keys.shape[1]}").ravel()
        _, first, content = np.unique(whole, return_index=True, return_inverse=True)
        by_photo = np.argsort(first, kind="stable")
        number = np.empty_like(by_photo)
        number[by_photo] = np.arange(len(by_photo))
        self.kept = first[by_photo].astype(np.int64)
        self._content = number[content.reshape(-1)]
        self._order = np.argsort(self._content, kind="stable").astype(np.int64)
        self._starts = np.searchsorted(self._content[self._order], np.arange(len(self.kept) + 1))

    def star(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The first photo of each content with each of its copies."""
        first = self.kept[self._content]
        second = np.arange(len(first))
        return first[first != second], second[first != second]

    def spread(
        self, one: NDArray[np.int64], other: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Pairs of contents to pairs of photos: the first photo of each with all of the other; and of which pair."""
        first, second, of = [self.kept[one]], [self.kept[other]], [np.arange(len(one))]
        for fixed, copied in ((one, other), (other, one)):
            more = np.diff(self._starts)[copied] - 1
            pair = np.repeat(np.arange(len(one)), more)
            step = np.arange(len(pair)) - np.repeat(np.cumsum(more) - more, more) + 1
            first.append(self.kept[fixed[pair]])
            second.append(self._order[self._starts[copied[pair]] + step])
            of.append(pair)
        return np.concatenate(first), np.concatenate(second), np.concatenate(of)


def _in_order(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    score: NDArray[np.float32],
    mirrored: NDArray[np.bool_],
    wanted: NDArray[np.bool_] | None = None,
) -> Pairs:
    low, high = np.minimum(first, second), np.maximum(first, second)
    order = np.lexsort((high, low))
    if wanted is not None:
        order = order[wanted[order]]
    return Pairs(low[order], high[order], score[order], mirrored[order])
