"""From which confidence on a photo is answered, so that no more than so many of the answers are wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError
from foveal.types.checked import bad_value


@dataclass(frozen=True)
class Abstention:
    """A threshold of confidence for each of several errors, each learnt as a promise.

    For photos drawn like those it was learnt from, the share of wrong answers among all that are answered is at most
    `max_error`; the promise itself holds with probability `confidence` over what was drawn to learn from.

    Args:
        confidence: How sure each promise is, such as 0.9.
        max_errors: float64 [k], ascending, above 0 and below 1.
        thresholds: float64 [k], smallest confidence that is answered; infinity where nothing can be promised, 0 where
            everything may be answered. Never rises along `max_errors`.
        shares: float64 [k], share of the photos learnt from that is answered, 0..1.

    Raises:
        FovealError: `bad-value`: arrays that do not fit together.
    """

    confidence: float
    max_errors: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    shares: NDArray[np.float64]

    def __post_init__(self) -> None:
        errors, thresholds, shares = self.max_errors, self.thresholds, self.shares
        fits = errors.ndim == 1 and errors.size > 0 and errors.shape == thresholds.shape == shares.shape
        if fits:
            fits = bool(errors[0] > 0 and errors[-1] < 1 and (np.diff(errors) > 0).all())
            fits = fits and bool((thresholds[1:] <= thresholds[:-1]).all() and (thresholds >= 0).all())
            fits = fits and bool((shares >= 0).all() and (shares <= 1).all())
        if not fits or not 0 < self.confidence < 1:
            raise FovealError(
                "bad-value",
                f"Abstention: expected ascending errors, thresholds that never rise and shares in 0..1, all [k], "
                f"got {errors.shape}, {thresholds.shape}, {shares.shape}",
                hint="the model file is damaged; fit it again",
            )

    @property
    def lowest(self) -> float:
        """The smallest error that can be promised for at least some photos; infinity where there is none."""
        promised = np.flatnonzero(np.isfinite(self.thresholds))
        return float(self.max_errors[promised[0]]) if len(promised) else math.inf

    def threshold(self, max_error: float) -> float:
        """Smallest confidence that is answered; infinity where the promise cannot be made.

        An error between two of the table is answered by the smaller one, which promises more than was asked.

        Args:
            max_error: Largest share of wrong answers, above 0 and below 1.

        Raises:
            FovealError: `bad-value`: an error that is not above 0 and below 1.
        """
        row = self._row(max_error)
        return float(self.thresholds[row]) if row >= 0 else math.inf

    def share(self, max_error: float) -> float:
        """Share of photos that can be expected to be answered, 0..1, as it was on those learnt from.

        Args:
            max_error: Largest share of wrong answers, above 0 and below 1.

        Raises:
            FovealError: `bad-value`: an error that is not above 0 and below 1.
        """
        row = self._row(max_error)
        return float(self.shares[row]) if row >= 0 else 0.0

    def answered(self, probs: NDArray[np.floating[Any]], max_error: float) -> NDArray[np.bool_]:
        """Which photos are answered: bool [n].

        Args:
            probs: [n, C] as the classifier gives them; a row of NaN, a photo that could not be read, is not answered.
            max_error: Largest share of wrong answers, above 0 and below 1.

        Raises:
            FovealError: `bad-value`: an error that is not above 0 and below 1, or probabilities that are not [n, C].
        """
        probs = np.asarray(probs)
        if probs.ndim != 2 or probs.shape[1] == 0:
            raise bad_value("Abstention.answered", "probabilities [n, C]", list(probs.shape))
        found: NDArray[np.bool_] = probs.max(axis=1).astype(np.float64) >= self.threshold(max_error)
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything the abstention is, by name; `from_arrays` takes it back."""
        return {
            "confidence": np.array(self.confidence),
            "max_errors": self.max_errors,
            "thresholds": self.thresholds,
            "shares": self.shares,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Abstention:
        """Rebuild the abstention; a missing array is a KeyError.

        Raises:
            FovealError: `bad-value`: the arrays do not fit together.
        """
        names = ("max_errors", "thresholds", "shares")
        return cls(float(arrays["confidence"]), *(np.asarray(arrays[name], np.float64) for name in names))

    def _row(self, max_error: float) -> int:
        """The row of the largest error that is not above `max_error`; -1 where all are."""
        if not 0 < max_error < 1:
            raise bad_value("Abstention", "a max_error above 0 and below 1", max_error)
        return int(np.searchsorted(self.max_errors, max_error + 1e-12, side="right")) - 1
