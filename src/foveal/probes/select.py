"""Choose features, probe and strength by cross-validation, and keep the out-of-fold predictions of the winner."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from foveal.heads.linear import Array, LinearHead
from foveal.metrics.calibration import fit_temperature, softmax
from foveal.metrics.classification import accuracy, log_loss
from foveal.probes import PROBES
from foveal.probes.axes import Axes
from foveal.probes.problem import Fitted, Path, Problem

# Below this many photos a class, closed forms often beat logistic regression, and they cost next to nothing there.
_FEW_PHOTOS = 50
# Multiply-adds of one pass over all photos and solutions; more than this and a step of logistic regression takes
# over a second on a laptop, so the closed forms, which need one pass, are used alone.
_AFFORDABLE = 60e9
# The path goes from strong to weak penalties; this much above the best log-loss there is no coming back.
_WORSE = 1.02
# One temperature is known well enough from this many logits; more only cost time for candidates that lose anyway.
_TEMPERATURE_LOGITS = 10_000_000


@dataclass(frozen=True)
class Trial:
    """One candidate and what cross-validation says of it (log-loss at its own best temperature)."""

    features: str
    probe: str
    strength: float
    accuracy: float
    log_loss: float


@dataclass(frozen=True)
class Selection:
    """The winner.

    Args:
        features: Name of the feature set.
        probe: Name of the probe.
        strength: Its hyperparameter.
        head: Learnt from every photo.
        out_of_fold: Logits float32 [n, C] of every photo from a solution that did not learn from it.
        trials: Every candidate in the order tried.
        folds: Number of folds K.
        problem: What was solved for the winner: coordinates, labels and folds.
    """

    features: str
    probe: str
    strength: float
    head: LinearHead
    out_of_fold: Array
    trials: tuple[Trial, ...]
    folds: int
    problem: Problem

    @property
    def accuracy(self) -> float:
        """Out-of-fold accuracy, before calibration."""
        return float((self.out_of_fold.argmax(axis=1) == self.problem.labels).mean())

    def accuracy_with(self, folds: NDArray[np.int8]) -> float:
        """Out-of-fold accuracy that the winner would have had with other folds.

        Args:
            folds: int8 [n], 0 … K − 1.
        """
        problem = replace(self.problem, folds=folds)
        (fitted,) = _path(self.probe)(problem, (self.strength,))
        return float((fitted.out_of_fold(problem).argmax(axis=1) == problem.labels).mean())


def select(
    features: Mapping[str, Callable[[], Axes]],
    labels: NDArray[np.int32],
    folds: NDArray[np.int8],
    *,
    classes: int,
    probe: str = "auto",
    strengths: tuple[float, ...] | None = None,
) -> Selection:
    """Cross-validate every candidate and keep the one with the lowest log-loss.

    Log-loss rather than accuracy decides, because it does not jump by whole photos: between close candidates accuracy
    mostly measures luck, and choosing by it would flatter the winner's own number.

    Args:
        features: Name to a function that gives the principal axes of the features of all photos, tried in order.
        labels: int [n], 0 … C − 1.
        folds: int8 [n], the fold each photo is held out in.
        classes: Number of classes C.
        probe: Name of the only probe to try, or "auto".
        strengths: Hyperparameters to try, of the one probe that is named; None = the probe's own.
    """
    candidates = _candidates(features, labels, folds, classes, probe, strengths)
    best = next(candidates)
    trials = [best.trial]
    for candidate in candidates:
        trials.append(candidate.trial)
        if candidate.trial.log_loss < best.trial.log_loss:
            best = candidate
    return Selection(
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
    trial: Trial
    axes: Axes
    fitted: Fitted
    logits: Array
    problem: Problem


def _candidates(
    features: Mapping[str, Callable[[], Axes]],
    labels: NDArray[np.int32],
    folds: NDArray[np.int8],
    classes: int,
    probe: str,
    strengths: tuple[float, ...] | None,
) -> Iterator[_Candidate]:
    """Every feature set, probe and strength; a path of strengths is left where it has clearly passed its best."""
    some = max(1, len(labels) * classes // _TEMPERATURE_LOGITS)
    for name, turn in features.items():
        axes = turn()
        problem = Problem(axes.coordinates, axes.variances, labels, classes, folds)
        for path in _paths(problem, probe, strengths):
            lowest = np.inf
            for fitted in path:
                logits = fitted.out_of_fold(problem)
                probs = softmax(
                    logits, fit_temperature(logits[::some], labels[::some], smoothing=1 / (len(labels) + 2))
                )
                loss = log_loss(labels, probs)
                trial = Trial(name, fitted.probe, fitted.strength, accuracy(labels, probs), loss)
                yield _Candidate(trial, axes, fitted, logits, problem)
                lowest = min(lowest, loss)
                if loss > lowest * _WORSE:
                    break


def _paths(problem: Problem, probe: str, strengths: tuple[float, ...] | None) -> Iterator[Path]:
    names = [probe] if probe != "auto" else _worth_trying(problem)
    for name in names:
        yield _path(name)(problem) if strengths is None else _path(name)(problem, strengths)


def _path(name: str) -> Callable[..., Path]:
    """The function that fits a probe at each of its strengths."""
    module, attribute = PROBES[name].split(":")
    found: Callable[..., Path] = getattr(import_module(module), attribute)
    return found


def _worth_trying(problem: Problem) -> list[str]:
    n, axes = problem.coordinates.shape
    affordable = 2.0 * n * axes * problem.classes * problem.solutions <= _AFFORDABLE
    few = n < _FEW_PHOTOS * problem.classes
    closed = ["means", "ridge"] if few or not affordable else []
    return [*closed, *(["logistic"] if affordable else [])]
