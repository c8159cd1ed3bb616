"""The checks every metric makes of its arrays, and the row blocks that keep memory flat."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.types.checked import bad_value, integers

BLOCK_NUMBERS = 2**18  # 2 MB as float64: fits a processor's cache; measured fastest of 2**14 to 2**22


def labelled_scores(owner: str, labels: Any, scores: Any) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Labels int64 [n] in 0..C-1 and finite scores float [n, C], n at least 1.

    Raises:
        FovealError: `bad-value`: other shapes, labels out of range, NaN or infinity.
    """
    scores = np.asarray(scores)
    if scores.ndim != 2 or scores.shape[0] == 0 or scores.shape[1] == 0:
        raise bad_value(owner, "numbers [n, C] for 1 or more photos and classes", list(scores.shape))
    if not np.issubdtype(scores.dtype, np.floating):
        raise bad_value(owner, "floating-point numbers [n, C]", scores.dtype)
    checked = integers(owner, "labels", labels, length=len(scores))
    if checked.min() < 0 or checked.max() >= scores.shape[1]:
        raise bad_value(owner, f"labels in 0..{scores.shape[1] - 1}", f"{checked.min()}..{checked.max()}")
    if not all(np.isfinite(scores[rows]).all() for rows in blocks(*scores.shape)):
        raise bad_value(owner, "finite numbers [n, C]", "NaN or infinity; leave out photos that could not be read")
    return checked, scores


def labelled_predictions(owner: str, labels: Any, predicted: Any) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Labels and predictions int64 [n], and the number of classes C.

    Args:
        owner: Name of the function, for the error.
        labels: True class of each photo, int [n].
        predicted: Probabilities float [n, C], of which the largest counts (the first of equal ones), or
            predictions int [n], for which C is one more than the largest number seen.

    Raises:
        FovealError: `bad-value`: other shapes or values, or no photos.
    """
    scores = np.asarray(predicted)
    if scores.ndim == 2:
        checked, scores = labelled_scores(owner, labels, scores)
        return checked, scores.argmax(axis=1).astype(np.int64), scores.shape[1]
    chosen = integers(owner, "predictions", scores)
    checked = integers(owner, "labels", labels, length=len(chosen))
    if len(chosen) == 0:
        raise bad_value(owner, "1 or more photos", 0)
    if min(checked.min(), chosen.min()) < 0:
        raise bad_value(owner, "labels and predictions of at least 0", min(checked.min(), chosen.min()))
    return checked, chosen, int(max(checked.max(), chosen.max())) + 1


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Slices over the rows such that a block holds at most `BLOCK_NUMBERS` numbers, or one row."""
    step = max(1, BLOCK_NUMBERS // max(1, columns))
    for start in range(0, rows, step):
        yield slice(start, min(rows, start + step))
