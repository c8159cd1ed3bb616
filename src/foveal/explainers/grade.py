"""How good is a map? Hide the photo, and show it, in the order the map says, and watch the probability of the class.

Deletion and insertion curves are those of Petsiuk et al. (BMVC 2018, arXiv:1806.07421): a map that knows what matters
makes the probability fall soon when its best places are hidden first, and rise soon when they are shown first. What
the areas under them are worth alone nobody can say, so each map is compared with random ones that are as coarse as
class maps are: blobs hide an object in fewer steps than single pixels do, whatever they know.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.explainers.subject import Subject
from foveal.imaging.opencv import opencv

STEPS = 12
"""In how many steps the photo is hidden and shown."""

RANDOM_MAPS = 9
"""A map that knows nothing beats all nine random ones once in ten times, and eight of them once in five."""

# How many random maps a good map may fail to beat: some of them hit the object by luck.
_LUCKY = 1

# The last map of the usual networks has 7 cells a side.
_CELLS = 7


@dataclass(frozen=True, eq=False)
class Grade:
    """How a map did, and how random maps did on the same photo.

    Args:
        deletion: float32 [steps + 1], probability of the class with 0, 1 / steps, … 1 of the photo hidden, the map's
            highest places first.
        insertion: float32 [steps + 1], the same with ever more shown.
        random_deletion: float32 [R], area under the deletion curve of each random map; lower is better.
        random_insertion: float32 [R], area under the insertion curve; higher is better.
    """

    deletion: NDArray[np.float32]
    insertion: NDArray[np.float32]
    random_deletion: NDArray[np.float32]
    random_insertion: NDArray[np.float32]

    @property
    def deletion_area(self) -> float:
        """Area under the deletion curve, 0 to 1; lower is better."""
        return float(_area(self.deletion))

    @property
    def insertion_area(self) -> float:
        """Area under the insertion curve, 0 to 1; higher is better."""
        return float(_area(self.insertion))

    @property
    def beaten(self) -> int:
        """How many of the random maps it beats: by the area under insertion less that under deletion."""
        own = self.insertion_area - self.deletion_area
        return int((self.random_insertion - self.random_deletion < own).sum())

    @property
    def better(self) -> bool:
        """Whether it beats all random maps but one; of maps that know nothing one in five does."""
        return self.beaten >= len(self.random_deletion) - _LUCKY

    @property
    def verdict(self) -> str:
        """In words."""
        against = len(self.random_deletion)
        known = "better" if self.beaten == against else "probably better" if self.better else "not better"
        return f"{known} than chance: beats {self.beaten} of {against} random maps"


def grade(subject: Subject, column: int, values: NDArray[np.float32]) -> Grade:
    """Grade a map; the same map of the same photo always gets the same grade.

    Args:
        subject: The photo and the classifier.
        column: The class that the map explains.
        values: float32 [H, W] on the photo's canvas.
    """
    found = curves(subject, column, [values, *random_maps(subject.seen, RANDOM_MAPS)])
    areas = _area(found)
    return Grade(found[0, 0], found[0, 1], areas[1:, 0], areas[1:, 1])


def curves(
    subject: Subject, column: int, maps: Sequence[NDArray[np.float32]], steps: int = STEPS
) -> NDArray[np.float32]:
    """Deletion and insertion curves of several maps.

    Returns:
        float32 [m, 2, steps + 1], probabilities of the class.
    """
    nothing = np.zeros(subject.canvas_hw, np.float32)
    said = subject.with_hidden(_masks(maps, subject.seen, steps, nothing))[:, column]
    found = np.empty((len(maps), 2, steps + 1), np.float32)
    found[:, :, 1:-1] = said[1:].reshape(len(maps), steps - 1, 2).transpose(0, 2, 1)
    found[:, 0, 0] = found[:, 1, -1] = subject.probs()[column]
    found[:, 1, 0] = found[:, 0, -1] = said[0]
    return found


def random_maps(seen: NDArray[np.bool_], count: int, *, seed: int = 0) -> list[NDArray[np.float32]]:
    """Maps that know nothing: random numbers on a grid as coarse as a network's last map, smoothly enlarged.

    Args:
        seen: bool [H, W], a rectangle; the grid lies over it, and it is 0 outside.
        count: How many.
        seed: Other maps for other numbers.
    """
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    inside = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    cv2 = opencv()
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        grid = rng.normal(size=(_CELLS, _CELLS)).astype(np.float32)
        made = np.zeros(seen.shape, np.float32)
        made[inside] = cv2.resize(grid, (len(columns), len(rows)), interpolation=cv2.INTER_CUBIC)
        found.append(made)
    return found


def _masks(
    maps: Sequence[NDArray[np.float32]], seen: NDArray[np.bool_], steps: int, nothing: NDArray[np.float32]
) -> Iterator[NDArray[np.float32]]:
    """Nothing shown; then for each map and step what is left, and what was taken away."""
    yield nothing
    for values in maps:
        order = np.argsort(-values[seen], kind="stable")
        share = np.empty(seen.shape, np.float32)
        share[~seen] = 1
        share[seen] = np.argsort(order).astype(np.float32) / max(len(order), 1)
        for step in range(1, steps):
            hidden = share < step / steps
            yield (~hidden).astype(np.float32)
            yield hidden.astype(np.float32)


def _area(curve: NDArray[np.float32]) -> NDArray[np.float32]:
    """Area under curves over 0 to 1, by trapezoids; the last axis goes."""
    area: NDArray[np.float32] = (curve[..., 1:] + curve[..., :-1]).mean(axis=-1) / 2
    return area
