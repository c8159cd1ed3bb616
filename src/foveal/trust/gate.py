"""The gate for the unknown: whether a photo is like anything the model learnt from, and why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.heads.linear import Array
from foveal.metrics.inputs import blocks
from foveal.trust.gate_distance import Distance, damaged

_BLOCK_ROWS = 4096
# However sure or unsure the head is, it moves the score by no more than this many spreads of its own.
_MOST_ENERGY = np.float32(3)


@dataclass(frozen=True)
class Rejection:
    """Why a photo was not recognised.

    Args:
        code: "nothing-like-it": far from every training photo; "fits-no-class": not that far, but no class claims it.
        words: The same for people.
    """

    code: str
    words: str


@dataclass(frozen=True)
class UnknownGate:
    """Scores how little a photo is like those learnt from, and rejects it above a threshold.

    The score is the distance from the training photos plus, with less weight, the energy −log Σ exp(logits) of the head
    (Liu et al., "Energy-based out-of-distribution detection", NeurIPS 2020), each less the median and divided by the
    spread that training photos held out had.

    Args:
        distance: Distance from everything learnt from.
        usual: float32 [4]: median and spread of the distance, median and spread of the energy.
        weight: float32 0-d ≥ 0, of the energy.
        threshold: Scores above it are unknown.
        quantiles: float32 [q] ascending, evenly spaced quantiles of the scores of the training photos, each scored by a
            gate that had not seen it.
        photos: Number of these training photos.
    """

    distance: Distance
    usual: Array
    weight: Array
    threshold: float
    quantiles: Array
    photos: int

    def __post_init__(self) -> None:
        for name, fits in (("usual", self.usual.shape == (4,)), ("weight", self.weight.shape == ())):
            array = getattr(self, name)
            if not fits or array.dtype != np.float32 or not np.isfinite(array).all():
                raise damaged(f"{name} finite float32 of another shape", f"{array.dtype} {array.shape}")
        if self.usual[1] <= 0 or self.usual[3] <= 0 or self.weight < 0:
            raise damaged("spreads above 0 and a weight of at least 0", f"{self.usual.tolist()}, {self.weight}")
        steps = self.quantiles
        if steps.ndim != 1 or len(steps) < 2 or not np.isfinite(steps).all() or (np.diff(steps) < 0).any():
            raise damaged("two or more ascending quantiles", f"{steps.dtype} {steps.shape}")
        if not np.isfinite(self.threshold) or self.photos < 1:
            raise damaged("a finite threshold and photos", f"{self.threshold}, {self.photos}")

    def scores(self, features: NDArray[np.floating], logits: Array) -> Array:
        """float32 [n], higher = less like anything learnt from; infinite for features that are not finite.

        A photo's score is the same to the last bit whatever photos stand beside it.

        Args:
            features: [n, D], as the head gets them.
            logits: float32 [n, C], as the head gives them.
        """
        found = np.empty(len(features), np.float32)
        for start in range(0, len(features), _BLOCK_ROWS):
            rows = slice(start, start + _BLOCK_ROWS)
            found[rows] = np.add(*self._parts(self.distance.of(features[rows]), logits[rows]))
        found[~np.isfinite(found)] = np.inf
        return found

    def unknown(self, features: NDArray[np.floating], logits: Array) -> NDArray[np.bool_]:
        """bool [n], the photos whose score is above the threshold; the arguments are those of `scores`."""
        return self.scores(features, logits) > self.threshold

    def percentiles(self, scores: Array) -> NDArray[np.float64]:
        """float64 [n] in 0..100: the share of the training photos, held out, that each score is above."""
        at = np.interp(scores, self.quantiles, np.linspace(0, 100, len(self.quantiles)))
        return np.minimum(at, 100 * self.photos / (self.photos + 1))

    def reasons(self, features: NDArray[np.floating], logits: Array) -> tuple[Rejection | None, ...]:
        """Why each photo is unknown, or None where it is not; the arguments are those of `scores`."""
        scores = self.scores(features, logits)
        out: list[Rejection | None] = [None] * len(scores)
        strange = np.flatnonzero(scores > self.threshold)
        if len(strange):
            far, unsure = self._parts(self.distance.of(features[strange]), logits[strange])
            shares = self.percentiles(scores[strange])
            for each, row in enumerate(strange.tolist()):
                out[row] = self._rejection(float(scores[row]), float(shares[each]), bool(unsure[each] > far[each]))
        return tuple(out)

    def parts(self, distances: Array, logits: Array) -> Array:
        """The score from distances float32 [n] that are already worked out and logits float32 [n, C]."""
        found: Array = np.add(*self._parts(distances, logits))
        return found

    def _parts(self, distances: Array, logits: Array) -> tuple[Array, Array]:
        """What the distance and what the energy add to the score, float32 [n] each."""
        far = (distances - self.usual[0]) / self.usual[1]
        unsure = np.clip((energy(logits) - self.usual[2]) / self.usual[3], -_MOST_ENERGY, _MOST_ENERGY)
        return far, self.weight * unsure

    def _rejection(self, score: float, share: float, unsure: bool) -> Rejection:
        beyond = score > float(self.quantiles[-1])
        some = f"{min(share, 99.9):.1f} % of the"
        than = f"{f'any of the {self.photos:,}' if beyond else some} training photos"
        if unsure:
            return Rejection("fits-no-class", f"no class claims it: it fits the classes less than {than}")
        return Rejection("nothing-like-it", f"nothing like it was learnt: it is farther from the rest than {than}")

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Everything the gate is, by name; `from_arrays` takes it back."""
        return {
            **self.distance.arrays(),
            "usual": self.usual,
            "weight": self.weight,
            "threshold": np.array(self.threshold, np.float64),
            "quantiles": self.quantiles,
            "photos": np.array(self.photos, np.int64),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> UnknownGate:
        """Rebuild the gate; a missing array is a KeyError.

        Raises:
            FovealError: `bad-value`: the arrays do not fit together.
        """
        return cls(
            Distance.from_arrays(arrays),
            usual=np.asarray(arrays["usual"], np.float32),
            weight=np.asarray(arrays["weight"], np.float32),
            threshold=float(np.asarray(arrays["threshold"], np.float64)),
            quantiles=np.asarray(arrays["quantiles"], np.float32),
            photos=int(np.asarray(arrays["photos"], np.int64)),
        )


def energy(logits: Array) -> Array:
    """−log Σ exp(logits) of each row, float32 [n]; high where no class claims the photo."""
    found = np.empty(len(logits), np.float32)
    for rows in blocks(*logits.shape):
        # A row in one piece of memory is summed in one order, however the logits came.
        block = np.ascontiguousarray(logits[rows])
        highest = block.max(axis=1)
        found[rows] = -(highest + np.log(np.exp(block - highest[:, None]).sum(axis=1)))
    return found
