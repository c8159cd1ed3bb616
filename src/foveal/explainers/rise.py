"""RISE: show random parts of the photo, and credit each part with the probability of the class when it was shown.

Petsiuk, Das & Saenko, "RISE: randomized input sampling for explanation of black-box models" (BMVC 2018,
arXiv:1806.07421). Two things differ: every mask comes with its complement (antithetic sampling), which takes out how
much is shown from the comparison of what is shown, and what is hidden is blurred where theirs was black.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from foveal.explainers.subject import Subject
from foveal.imaging.opencv import opencv

MASKS = 400
"""How many masks, complements included; a fixed number, so that the same photo always gets the same map."""

# Cells a side of the coarse random grid, as in the paper's 7 for inputs of 224.
_CELLS = 7
_BLOCK = 100


def rise(subject: Subject, column: int) -> NDArray[np.float32]:
    """The RISE map on the photo's canvas; see `foveal.explainers.subject.Explainer`.

    Each place gets the covariance of the class's probability with its being shown.
    """
    masks = _masks(subject.canvas_hw)
    total = np.zeros(subject.canvas_hw, np.float64)
    for start in range(0, len(masks), _BLOCK // 2):
        block = masks[start : start + _BLOCK // 2]
        probs = subject.with_hidden(_with_complements(block))[:, column].astype(np.float64)
        # A mask and its complement: what the one gained over the other goes to the places it alone showed.
        total += np.einsum("n,nhw->hw", probs[::2] - probs[1::2], block - np.float32(0.5))
    shown: NDArray[np.float32] = np.where(subject.seen, total / len(masks), 0).astype(np.float32)
    return shown


def _with_complements(masks: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    for mask in masks:
        yield mask
        yield 1 - mask


@functools.lru_cache(maxsize=2)
def _masks(canvas_hw: tuple[int, int]) -> NDArray[np.float32]:
    """float32 [MASKS / 2, H, W] in 0..1: coarse random grids, enlarged smoothly and shifted by parts of a cell."""
    cv2 = opencv()
    rng = np.random.default_rng(0)
    height, width = canvas_hw
    cell = max(1, -(-max(height, width) // _CELLS))
    masks = np.empty((MASKS // 2, height, width), np.float32)
    for number in range(len(masks)):
        grid = (rng.random((-(-height // cell) + 2, -(-width // cell) + 2)) < 0.5).astype(np.float32)
        large = cv2.resize(grid, (grid.shape[1] * cell, grid.shape[0] * cell), interpolation=cv2.INTER_LINEAR)
        top, left = rng.integers(0, cell, 2) + cell // 2
        masks[number] = large[top : top + height, left : left + width]
    masks.flags.writeable = False
    return masks
