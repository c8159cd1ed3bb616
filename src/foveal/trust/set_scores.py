"""How ill a class fits a photo, by three rules; a prediction set holds every class that fits well enough.

All three see only the probabilities of one photo, ordered from large to small: a class's own probability p, the sum
of those ranked before it, and its rank (0 for the most probable).

- LAC: 1 − p, kept as −p (Sadinle, Lei and Wasserman, "Least ambiguous set-valued classifiers with bounded error
  levels", JASA 2019). The smallest sets on average; hard photos get small sets too.
- APS: the sum before it and half of its own (Romano, Sesia and Candès, "Classification with valid and adaptive
  coverage", NeurIPS 2020). The paper counts a random share of the class's own probability; a random answer is none
  that a person can repeat, and the whole of it made sets four times as large as they need be on photos of clothes.
  The half, the mean of that random share, is as valid: any fixed rule is.
- RAPS: APS and a penalty for every rank beyond the first few (Angelopoulos, Bates, Malik and Jordan, "Uncertainty
  sets for image classifiers using conformal prediction", ICLR 2021), which keeps the sets of many classes short.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError
from foveal.metrics.inputs import blocks

Floats = NDArray[np.float64]

RULES = ("lac", "aps", "raps")


class Places(NamedTuple):
    """Where classes stand in the order of their photos' probabilities; three arrays of one shape.

    Args:
        own: float64 0..1, the probability of the class.
        before: float64 0..1, the sum of those ranked before it.
        rank: int64, how many are ranked before it; of equal ones the earlier class ranks first.
    """

    own: Floats
    before: Floats
    rank: NDArray[np.int64]


@dataclass(frozen=True)
class SetRule:
    """One way of saying how ill a class fits.

    Args:
        name: "lac", "aps" or "raps".
        penalty: What every rank beyond the free ones adds (RAPS), at least 0.
        free: How many ranks cost nothing.

    Raises:
        FovealError: `bad-value`: another name, or a penalty or number of free ranks below 0.
    """

    name: str
    penalty: float = 0.0
    free: int = 0

    def __post_init__(self) -> None:
        if self.name not in RULES or not 0 <= self.penalty < np.inf or self.free < 0:
            raise FovealError(
                "bad-value",
                f"SetRule: expected one of {', '.join(RULES)} with a penalty and free ranks of 0 or more, "
                f"got {self.name!r}, {self.penalty}, {self.free}",
                hint="the model file is damaged; fit it again",
            )

    @property
    def title(self) -> str:
        """For people: "LAC", "APS" or "RAPS (0.05 a rank beyond 2)"."""
        more = f" ({self.penalty:g} a rank beyond {self.free})" if self.name == "raps" else ""
        return self.name.upper() + more

    def scores(self, places: Places) -> Floats:
        """How ill each class fits, float64 of the places' shape; along one photo's ranks it never falls."""
        if self.name == "lac":
            return -places.own
        scores: Floats = places.before + 0.5 * places.own
        if self.name == "raps":
            scores += self.penalty * np.maximum(places.rank + 1 - self.free, 0)
        return scores

    def class_scores(self, probs: NDArray[np.floating[Any]]) -> Floats:
        """How ill each class fits, float64 [n, C] in class order, for probabilities [n, C] without NaN."""
        if self.name == "lac":
            return -probs.astype(np.float64)
        order = np.argsort(-probs, axis=1, kind="stable")
        scores = np.empty(probs.shape)
        np.put_along_axis(scores, order, self.scores(ordered(probs)), axis=1)
        return scores


def ordered(probs: NDArray[np.floating[Any]]) -> Places:
    """The places of all classes of each photo, [n, C] from the most to the least probable."""
    own = -np.sort(-probs, axis=1).astype(np.float64)
    before = np.zeros_like(own)
    np.cumsum(own[:, :-1], axis=1, out=before[:, 1:])
    return Places(own, before, np.broadcast_to(np.arange(own.shape[1]), own.shape))


def label_places(probs: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]) -> Places:
    """The place [n] of each photo's own label; the same numbers, to the last bit, as `ordered` has for it.

    Args:
        probs: [n, C].
        labels: int [n] in 0..C-1.
    """
    parts = [_block_places(probs[rows], labels[rows]) for rows in blocks(*probs.shape)]
    return Places(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _block_places(probs: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]) -> Places:
    label = labels[:, None]
    own = np.take_along_axis(probs, label, axis=1)
    ties = (probs == own) & (np.arange(probs.shape[1]) < label)
    rank = (np.count_nonzero(probs > own, axis=1) + np.count_nonzero(ties, axis=1)).astype(np.int64)
    before = np.take_along_axis(ordered(probs).before, rank[:, None], axis=1)
    return Places(own[:, 0].astype(np.float64), before[:, 0], rank)
