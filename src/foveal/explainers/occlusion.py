"""Occlusion maps: cover one patch of the photo after another and see what the class loses.

Zeiler & Fergus, "Visualizing and understanding convolutional networks" (ECCV 2014, arXiv:1311.2901), with a blurred
patch where theirs was grey: a grey square is itself something to see. No gradient and no look inside: any model will
do.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from foveal.explainers.subject import Subject
from foveal.imaging.opencv import opencv

# The patch's side and the step, as shares of the canvas's short side: 9 steps a side with patches that overlap by half.
_PATCH = 0.25
_STEP = 0.1


def occlusion(subject: Subject, column: int) -> NDArray[np.float32]:
    """The occlusion map on the photo's canvas; see `foveal.explainers.subject.Explainer`.

    Each place gets the mean loss of log-odds over the patches that covered it.
    """
    patches = list(_patches(subject))
    kept = (_without(subject.canvas_hw, patch) for patch in patches)
    before = subject.log_odds(subject.logits()[None], column)
    lost = before - subject.log_odds(subject.logits_with_hidden(kept), column)
    total = np.zeros(subject.canvas_hw, np.float32)
    covered = np.zeros(subject.canvas_hw, np.float32)
    for (top, bottom, left, right), loss in zip(patches, lost.tolist(), strict=True):
        total[top:bottom, left:right] += loss
        covered[top:bottom, left:right] += 1
    # Between the patches' edges nothing was measured: their steps are smoothed away.
    smooth = opencv().GaussianBlur(total / np.maximum(covered, 1), (0, 0), _STEP * min(subject.canvas_hw))
    shown: NDArray[np.float32] = np.where(subject.seen, smooth, np.float32(0))
    return shown


def _patches(subject: Subject) -> Iterator[tuple[int, int, int, int]]:
    """(top, bottom, left, right) of every patch, so that they cover what is seen evenly up to its edges."""
    rows, columns = np.flatnonzero(subject.seen.any(axis=1)), np.flatnonzero(subject.seen.any(axis=0))
    side = max(1, round(_PATCH * min(len(rows), len(columns))))
    step = max(1, round(_STEP * min(len(rows), len(columns))))
    for top in range(int(rows[0]) - side // 2, int(rows[-1]) + 1 - side // 2, step):
        for left in range(int(columns[0]) - side // 2, int(columns[-1]) + 1 - side // 2, step):
            yield max(top, 0), top + side, max(left, 0), left + side


def _without(canvas_hw: tuple[int, int], patch: tuple[int, int, int, int]) -> NDArray[np.float32]:
    top, bottom, left, right = patch
    mask = np.ones(canvas_hw, np.float32)
    mask[top:bottom, left:right] = 0
    return mask
