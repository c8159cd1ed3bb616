"""Choose features and strength for several labels a photo, and keep the out-of-fold predictions of the winner."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from foveal.heads.linear import Array, LinearHead
from foveal.metrics.multilabel import log_loss, mean_average_precision
from foveal.metrics.multilabel_calibration import fit_platt, sigmoid
from foveal.probes.axes import Axes
from foveal.probes.multilabel import fit_path
from foveal.probes.problem import Fitted, MultiLabelProblem

# The path goes from strong to weak penalties; this much above the best log-loss there is no coming back.
_WORSE = 1.02
# Temperature and shifts are known well enough from this many logits; more only cost time for candidates that lose.
_CALIBRATION_LOGITS = 10_000_000


@dataclass(frozen=True)
class MultiLabelTrial:
    """One candidate and what cross-validation says of it (log-loss at its own best calibration)."""

    features: str
    probe: str
    strength: float
    mean_average_precision: float
    log_loss: float


@dataclass(frozen=True)
class MultiLabelSelection:
    """The winner.

    Args:
        features: Name of the feature set.
        probe: Name of the probe.
        strength: Its hyperparameter.
        head: Learnt from every photo.
        out_of_fold: Logits float32 [n, C] of every photo from a solution that did not learn from it.
        trials: Every candidate in the order tried.
        folds: Number of folds K.
        problem: What was solved for the winner: coordinates, targets and folds.
    """

    features: str
    probe: str
    strength: float
    head: LinearHead
    out_of_fold: Array
    trials: tuple[MultiLabelTrial, ...]
    folds: int
    problem: MultiLabelProblem

    @property
    def mean_average_precision(self) -> float:
        """Out of fold, before calibration, which does not change the order of a class's photos."""
        return mean_average_precision(self.problem.targets, sigmoid(self.out_of_fold))

    def map_with(self, folds: NDArray[np.int8]) -> float:
        """Out-of-fold mean average precision that the winner would have had with other folds.

        Args:
            folds: int8 [n], 0 … K − 1.
        """
        problem = replace(self.problem, folds=folds)
        (fitted,) = fit_path(problem, (self.strength,))
        return mean_average_precision(problem.targets, sigmoid(fitted.out_of_fold(problem)))


def select_multilabel(
    features: Mapping[str, Callable[[], Axes]],
    targets: NDArray[np.bool_],
    folds: NDArray[np.int8],
) -> MultiLabelSelection:
    """Cross-validate every candidate and keep the one with the lowest log-loss over all classes.

    One strength serves all classes: a class of its own seldom has the photos to choose by.

    Args:
        features: Name to a function that gives the principal axes of the features of all photos, tried in order.
        targets: bool [n, C], whether each photo shows each class.
        folds: int8 [n], the fold each photo is held out in.
    """
    candidates = _candidates(features, targets, folds)
    best = next(candidates)
    trials = [best.trial]
    for candidate in candidates:
        trials.append(candidate.trial)
        if candidate.trial.log_loss < best.trial.log_loss:
            best = candidate
    return MultiLabelSelection(
        features=best.trial.features,
        probe=best.trial.probe,
        strength=best.trial.strength,
        head=best.axes.head(best.fitted.weights[-1], best.fitted.bias[-1]),
        out_of_fold=best.logits,
        trials=tuple(trials),
        folds=int(folds.max()) + 1,
        problem=best.problem,
    )


@dataclass(frozen=True)
class _Candidate:
    trial: MultiLabelTrial
    axes: Axes
    fitted: Fitted
    logits: Array
    problem: MultiLabelProblem


def _candidates(
    features: Mapping[str, Callable[[], Axes]], targets: NDArray[np.bool_], folds: NDArray[np.int8]
) -> Iterator[_Candidate]:
    """Every feature set and strength; a path of strengths is left where it has clearly passed its best."""
    some = max(1, targets.size // _CALIBRATION_LOGITS)
    for name, turn in features.items():
        axes = turn()
        problem = MultiLabelProblem(axes.coordinates, axes.variances, targets, folds)
        lowest = np.inf
        for fitted in fit_path(problem):
            logits = fitted.out_of_fold(problem)
            probs = fit_platt(logits[::some], targets[::some]).probs(logits)
            loss = log_loss(targets, probs)
            score = mean_average_precision(targets, probs)
            trial = MultiLabelTrial(name, fitted.probe, fitted.strength, score, loss)
            yield _Candidate(trial, axes, fitted, logits, problem)
            lowest = min(lowest, loss)
            if loss > lowest * _WORSE:
                break
