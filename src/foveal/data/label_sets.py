"""Any number of labels a photo, in four bytes a label."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.types.checked import bad_value, integers, read_only


@dataclass(frozen=True, eq=False)
class LabelSets:
    """The labels of n photos; the empty set is a set too.

    Args:
        starts: int64 [n + 1]; the labels of photo i are `classes[starts[i]:starts[i + 1]]`.
        classes: int32 [k], indices of classes; no class twice for one photo.

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """

    starts: NDArray[np.int64]
    classes: NDArray[np.int32]

    def __post_init__(self) -> None:
        starts = integers("LabelSets", "starts", self.starts)
        classes = integers("LabelSets", "classes", self.classes)
        if not len(starts) or starts[0] != 0 or starts[-1] != len(classes) or (np.diff(starts) < 0).any():
            raise bad_value("LabelSets", f"starts that rise from 0 to {len(classes)}", starts[:5].tolist())
        object.__setattr__(self, "starts", read_only(starts))
        object.__setattr__(self, "classes", read_only(classes.astype(np.int32)))

    @classmethod
    def of(cls, sets: Iterable[Iterable[int]]) -> LabelSets:
        """From one iterable of class indices a photo; a class named twice counts once."""
        classes: list[int] = []
        starts = [0]
        for each in sets:
            classes += sorted(set(each))
            starts.append(len(classes))
        return cls(np.array(starts, np.int64), np.array(classes, np.int32))

    def take(self, rows: NDArray[np.integer[Any]]) -> LabelSets:
        """The label sets of some photos, in the order wanted."""
        sizes = np.diff(self.starts)[rows]
        starts = np.zeros(len(rows) + 1, np.int64)
        np.cumsum(sizes, out=starts[1:])
        moved = np.repeat(self.starts[:-1][rows] - starts[:-1], sizes)
        return LabelSets(starts, self.classes[np.arange(starts[-1]) + moved])

    def matrix(self, classes: int) -> NDArray[np.bool_]:
        """bool [n, classes]: whether a photo has a label."""
        out = np.zeros((len(self), classes), np.bool_)
        out[np.repeat(np.arange(len(self)), np.diff(self.starts)), self.classes] = True
        return out

    def __len__(self) -> int:
        return len(self.starts) - 1
