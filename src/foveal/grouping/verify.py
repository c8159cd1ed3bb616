"""Whether two sketches show the same shot: as it is, mirrored, cut, turned a little, or with something written on it.

Each step looks closer at what the step before could not rule out: shifts of 16 × 16 pixels, alignment at 16 and then at
32, and the fine texture at 64.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foveal.grouping.align import Pictures, align, look, normalise, shrink
from foveal.grouping.colours import Colours
from foveal.grouping.first_look import COARSE, FirstLook
from foveal.grouping.likeness import same_levels, texture
from foveal.grouping.tries import Tries, straight
from foveal.imaging.sketch import SIDE, colour, grey, size_wh

# Pairs whose pictures are prepared once and kept: 50 MB among a few thousand photos, 500 MB at most.
_BLOCK = 8192

_MIDDLE = 32
_COARSE_STEPS, _MIDDLE_STEPS = 3, 4

# A caption disturbs most what is compared unmoved, and the coarser the more.
_COARSE_LEAST, _UNMOVED_LEAST, _MIDDLE_LEAST = 0.6, 0.5, 0.62

# The two may differ by a cut and a turn, but not by being stretched or by much in scale.
_MOST_STRETCH = 1.15
_SCALES = (0.7, 1.43)


def verify(
    sketches: NDArray[np.uint8],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    closeness: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """How surely the two photos of each pair are the same shot.

    Args:
        sketches: uint8 [m, SKETCH_BYTES].
        first: int64 [p].
        second: int64 [p].
        closeness: float32 [p], how alike the network finds the two, up to 1; 1 where that is not known.

    Returns:
        float32 [p] in 0..1, 0 where it is out of the question; bool [p], whether the one is the other's mirror image.
    """
    scores = np.zeros(len(first), np.float32)
    mirrored = np.zeros(len(first), np.bool_)
    for start in range(0, len(first), _BLOCK):
        part = slice(start, start + _BLOCK)
        photos, local = np.unique(np.concatenate([first[part], second[part]]), return_inverse=True)
        pairs = local.reshape(2, -1).astype(np.int64)
        tries, found = _verify(np.ascontiguousarray(sketches[photos]), pairs[0], pairs[1], closeness[part])
        order = np.argsort(found, kind="stable")  # the best of several tries is written last
        at = start + tries.pair[order]
        scores[at] = found[order]
        mirrored[at] = np.linalg.det(tries.warps[order, :, :2].astype(np.float64)) < 0
    return scores, mirrored


def _verify(
    sketches: NDArray[np.uint8],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    closeness: NDArray[np.float32],
) -> tuple[Tries, NDArray[np.float32]]:
    levels = grey(sketches)
    coarse_levels = shrink(levels, COARSE, blur=2.0)
    coarse = normalise(coarse_levels, reach=2.0, noise=4.0)
    colours = Colours(colour(sketches))
    size = size_wh(sketches)

    def coarsely(tries: Tries) -> Tries:
        moved = tries.moved(_refine(coarse, tries, _COARSE_STEPS))
        moved = moved.select((_overlap(coarse, moved) >= _COARSE_LEAST) & _keeps_shape(size, moved))
        unmoved = tries.unmoved()
        both = Tries.join([moved, unmoved.select(_overlap(coarse, unmoved) >= _UNMOVED_LEAST)])
        both = both.select(colours.same(both))
        return both.select(same_levels(coarse_levels, both))

    pairs = Tries(np.arange(len(first)), first, second, straight(len(first), 1))
    pairs = pairs.select(colours.same_tint(pairs))
    tries = pairs.in_blocks(FirstLook(coarse, size, closeness)).in_blocks(coarsely)
    used, tries = _used(tries)
    middle_levels = shrink(levels[used], _MIDDLE, blur=1.0)
    middle = normalise(middle_levels, reach=3.0, noise=4.0)
    middle_size = size[used]

    def closely(tries: Tries) -> Tries:
        moved = tries.moved(_refine(middle, tries, _MIDDLE_STEPS))
        moved = moved.select(_keeps_shape(middle_size, moved))
        still = np.abs(tries.warps - tries.unmoved().warps).max((1, 2)) == 0
        both = Tries.join([moved, tries.select(still)])
        both = both.select(_overlap(middle, both) >= _MIDDLE_LEAST)
        return both.select(same_levels(middle_levels, both))

    tries = tries.in_blocks(closely)
    finest, tries = _used(tries)
    fine = normalise(shrink(levels[used[finest]], SIDE, blur=0.7), reach=2.0, noise=2.0)
    return tries, texture(fine, tries)


def _used(tries: Tries) -> tuple[NDArray[np.int64], Tries]:
    """Numbers of the photos still in question, and the tries with places among these for numbers."""
    photos, local = np.unique(np.concatenate([tries.first, tries.second]), return_inverse=True)
    first, second = local.reshape(2, -1).astype(np.int64)
    return photos, Tries(tries.pair, first, second, tries.warps)


def _refine(pictures: Pictures, tries: Tries, steps: int) -> NDArray[np.float32]:
    return align(pictures[tries.first], pictures[tries.second], tries.warps, steps=steps)


def _overlap(pictures: Pictures, tries: Tries) -> NDArray[np.float32]:
    """float32 [t]: correlation of the normalised pictures where both are."""
    seen, inside = look(pictures[tries.second], tries.warps)
    fixed = pictures[tries.first].reshape(seen.shape) * inside
    seen *= inside
    power = np.sqrt(np.einsum("tn,tn->t", seen, seen) * np.einsum("tn,tn->t", fixed, fixed))
    product: NDArray[np.float32] = np.einsum("tn,tn->t", seen, fixed) / (power + 1e-6)
    return product


def _keeps_shape(size: NDArray[np.int64], tries: Tries) -> NDArray[np.bool_]:
    """bool [t]: whether the map, between the photos' own proportions, stretches and scales little."""
    linear = tries.warps[:, :, :2].astype(np.float64)
    proportions = size / np.sqrt(size.prod(1, keepdims=True, dtype=np.float64))
    whole = linear * proportions[tries.second][:, :, None] / proportions[tries.first][:, None, :]
    area = np.abs(np.linalg.det(whole))
    half = (whole * whole).sum((1, 2)) / 2
    spread = np.sqrt(np.maximum(half * half - area * area, 0))
    stretch = np.sqrt((half + spread) / np.maximum(half - spread, 1e-12))  # ratio of the singular values
    scale = np.sqrt(area)
    kept: NDArray[np.bool_] = (stretch <= _MOST_STRETCH) & (scale >= _SCALES[0]) & (scale <= _SCALES[1])
    return kept
