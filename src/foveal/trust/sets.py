"""Prediction sets: for each photo the classes it may be, holding the true one as often as was asked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError
from foveal.metrics.inputs import blocks
from foveal.trust.set_scores import SetRule
from foveal.types.checked import bad_value

LOWEST, HIGHEST = 0.5, 0.999


class Trial(NamedTuple):
    """What one rule gave when each fold was answered by thresholds of the other folds.

    Args:
        title: The rule, for people.
        coverage: Share of photos whose set holds the true class.
        mean_size: Classes in a set on average.
        worst_class: Lowest coverage of a class with enough photos to tell; 1 where there is none.
    """

    title: str
    coverage: float
    mean_size: float
    worst_class: float


@dataclass(frozen=True)
class PredictionSets:
    """Sets for any coverage, from how ill the true classes of n photos fitted when they were predicted out of fold.

    A class is in the set if it fits no worse than the worst of those n that still counts: the threshold is the
    ⌈(n + 1)·coverage⌉-th smallest of their scores (Vovk, Gammerman and Shafer, "Algorithmic learning in a random
    world", 2005). For photos drawn like those n the sets hold the true class at least that often over all classes
    together, not for every class by itself.

    Args:
        rule: How ill a class fits.
        photos: n.
        ranks: int64 [k], ascending, the last one n: which of the sorted scores are kept.
        scores: float64 [k], those scores; a rank that is not kept is answered by the next larger one.
        plain: float64 [k], the same for LAC, to compare with.
        trials: What each rule gave before one was chosen.

    Raises:
        FovealError: `bad-value`: arrays that do not fit together, or ranks or scores that fall.
    """

    rule: SetRule
    photos: int
    ranks: NDArray[np.int64]
    scores: NDArray[np.float64]
    plain: NDArray[np.float64]
    trials: tuple[Trial, ...] = ()

    def __post_init__(self) -> None:
        kept = self.ranks.shape
        fits = len(kept) == 1 and kept[0] > 0 and self.scores.shape == kept and self.plain.shape == kept
        fits = fits and self.ranks[0] >= 1 and self.ranks[-1] == self.photos and bool((np.diff(self.ranks) > 0).all())
        if not fits or not (_never_falls(self.scores) and _never_falls(self.plain)):
            raise _damaged(
                f"ascending ranks up to {self.photos} with as many ascending scores, "
                f"got {kept}, {self.scores.shape}, {self.plain.shape}"
            )

    @property
    def highest(self) -> float:
        """The highest coverage that n photos can promise with anything less than all classes: n / (n + 1)."""
        return self.photos / (self.photos + 1)

    def threshold(self, coverage: float) -> float:
        """The worst fit that is still in the set; infinity where n photos cannot promise that coverage.

        Args:
            coverage: How often the sets shall hold the true class, 0.5..0.999.

        Raises:
            FovealError: `bad-value`: a coverage outside 0.5..0.999.
        """
        if not LOWEST <= coverage <= HIGHEST:
            raise bad_value("PredictionSets", f"a coverage in {LOWEST}..{HIGHEST}", coverage)
        # Rounding must not push 0.95 · 20 above 19.
        rank = math.ceil((self.photos + 1) * coverage - 1e-9)
        return float(self.scores[np.searchsorted(self.ranks, rank)]) if rank <= self.photos else math.inf

    def sets(self, probs: NDArray[np.floating[Any]], coverage: float) -> NDArray[np.bool_]:
        """Which classes each photo may be: bool [n, C].

        The most probable class is always in; a higher coverage never takes a class out. A row depends on that photo
        alone. Above `highest` every class is in.

        Args:
            probs: [n, C] as the classifier gives them; a row of NaN, a photo that could not be read, has no set.
            coverage: How often the sets shall hold the true class, 0.5..0.999.

        Raises:
            FovealError: `bad-value`: a coverage outside 0.5..0.999, or probabilities that are not [n, C].
        """
        probs = np.asarray(probs)
        if probs.ndim != 2 or probs.shape[1] == 0:
            raise bad_value("PredictionSets.sets", "probabilities [n, C]", list(probs.shape))
        worst = self.threshold(coverage)
        found = np.zeros(probs.shape, np.bool_)
        for rows in blocks(*probs.shape):
            block = probs[rows]
            found[rows] = self.rule.class_scores(block) <= worst
            found[rows][np.arange(len(block)), block.argmax(axis=1)] = True
            found[rows][np.isnan(block).any(axis=1)] = False
        return found

    def as_plain(self) -> PredictionSets:
        """The same photos by LAC, the rule of the smallest sets on average."""
        return PredictionSets(SetRule("lac"), self.photos, self.ranks, self.plain, self.plain)

    def tried(self) -> list[dict[str, Any]]:
        """What each rule gave, as plain values with the keys `title`, `coverage`, `mean_size`, `worst_class`."""
        return [trial._asdict() for trial in self.trials]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything the sets are, by name; `from_arrays` takes it back."""
        return {
            "rule": np.array(self.rule.name),
            "settings": np.array([self.rule.penalty, self.rule.free, self.photos], np.float64),
            "ranks": self.ranks,
            "scores": self.scores,
            "plain": self.plain,
            "trial_titles": np.array([trial.title for trial in self.trials], np.str_),
            "trial_figures": np.array([trial[1:] for trial in self.trials], np.float64).reshape(-1, 3),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> PredictionSets:
        """Rebuild the sets; a missing array is a KeyError.

        Raises:
            FovealError: `bad-value`: the arrays do not fit together.
        """
        try:
            penalty, free, photos = (float(number) for number in arrays["settings"])
            rule = SetRule(str(arrays["rule"]), penalty, int(free))
            kept = np.asarray(arrays["ranks"], np.int64)
            scores = [np.asarray(arrays[name], np.float64) for name in ("scores", "plain")]
            figures = zip(arrays["trial_titles"].tolist(), arrays["trial_figures"].tolist(), strict=True)
            trials = tuple(Trial(title, *numbers) for title, numbers in figures)
        except (TypeError, ValueError, OverflowError) as cause:
            raise _damaged(f"arrays of the shapes that `arrays` writes, got others ({cause})") from cause
        return cls(rule, int(photos), kept, scores[0], scores[1], trials)


def _damaged(what: str) -> FovealError:
    return FovealError("bad-value", f"PredictionSets: expected {what}", hint="the model file is damaged; fit it again")


def _never_falls(values: NDArray[np.float64]) -> bool:
    return bool(np.isfinite(values).all() and (np.diff(values) >= 0).all())
