"""What a feed refuses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from foveal.data.photo import AnyPhoto
from foveal.errors import FovealError
from foveal.types.checked import bad_value, integers


def check_photos(owner: str, photos: Sequence[AnyPhoto], labels: NDArray[np.integer]) -> None:
    """Refuses photos that are none, and labels that are not one each.

    Args:
        owner: Whose photos, for the message.
        photos: The photos.
        labels: Their labels.

    Raises:
        FovealError: `bad-value`.
    """
    if not len(photos):
        raise bad_value(owner, "at least one photo", 0)
    integers(owner, "labels", np.asarray(labels), length=len(photos))


def check_division(owner: str, batch: int, rank: int, ranks: int, threads: int | None) -> None:
    """Refuses numbers that do not say who does what.

    Args:
        owner: Whose numbers, for the message.
        batch: Photos of a step.
        rank: Which process.
        ranks: How many there are.
        threads: How many threads; None is as many as there are processors.

    Raises:
        FovealError: `bad-option`.
    """
    for name, holds, expected, got in (
        ("batch", batch >= 1, "a number from 1", batch),
        ("ranks", ranks >= 1, "a number from 1", ranks),
        ("rank", 0 <= rank < ranks, f"a number from 0 and below {ranks}", rank),
        ("threads", threads is None or threads >= 1, "a number from 1", threads),
    ):
        if not holds:
            raise FovealError(
                "bad-option", f"{owner} {name}: expected {expected}, got {got!r}", hint=f"choose another {name}"
            )
