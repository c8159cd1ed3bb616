"""Which labels are wrong, from features and out-of-fold logits.

Confident learning (Northcutt, Jiang & Chuang, "Confident learning: estimating uncertainty in dataset labels", JAIR
2021) ranks photos by what a classifier that did not learn from them thinks of their label. Three things are added:

1. A second opinion: class means that trust each label as far as the first opinion does (`trusted_means`), which makes
   the pair better than the classifier that was chosen for its accuracy on labels as they are.
2. Two models of how labels go wrong, fitted to these opinions (`mislabelling`). They tell a wrong label from a hard
   photo, where a threshold on confidence reports every hard photo; and the second knows that a shirt labelled
   *T-shirt* is likelier an error than a shirt labelled *shoes*, if *T-shirt* was given wrongly before.
3. The log-odds of both are averaged: the first is better where labels went wrong at random, the second where they
   went wrong between like classes, and counts for more the more the labels speak for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.heads.linear import Array
from foveal.metrics.calibration import fit_temperature
from foveal.metrics.inputs import blocks, labelled_scores
from foveal.probes.mislabelling import evidence, fit_transitions, fit_uniform, given_probability, truth, uniform_odds
from foveal.probes.problem import Problem
from foveal.probes.trusted_means import trusted_means

_SECOND_OPINION = np.float32(0.5)
# Errors at random may explain nothing; one label can be wrong all the same.
_LEAST_NOISE = 0.005
_TEMPERATURE_LOGITS = 10_000_000
_SUREST = 1e-7
# Weight of the second model of errors where nothing and where everything speaks for it.
_BETWEEN_CLASSES = (0.25, 0.75)


@dataclass(frozen=True)
class LabelNoise:
    """What is known of the labels of n photos.

    Args:
        score: float32 [n] in [0, 1], how likely each label is wrong.
        suggested: int32 [n], the likeliest class, given the photo and its label.
        wrong: bool [n], labels more likely wrong than right, with another class to suggest; few of these are mistaken.
        rate: Estimated share of wrong labels: the mean score. Near 0 on clean labels; too low where like classes are
            mixed up so often that the classifier learns it.
    """

    score: Array
    suggested: NDArray[np.int32]
    wrong: NDArray[np.bool_]
    rate: float


def label_noise(problem: Problem, logits: Array) -> LabelNoise:
    """Rank labels by how likely they are wrong.

    Takes a tenth of the time of cross-validation with ten classes, and the memory of two more arrays like `logits`.

    Args:
        problem: Features on principal axes, labels as given, and folds.
        logits: float32 [n, C], out of fold, as `probes.select.select` gives them.

    Raises:
        FovealError: `bad-value`: logits and labels do not fit together.
    """
    labels = problem.labels
    labelled_scores("label_noise", labels, logits)
    first = _temperature(logits, labels)
    trust = given_probability(logits, labels, first).astype(np.float32)
    second = trusted_means(problem, trust)
    second *= _SECOND_OPINION / np.float32(_temperature(second, labels))
    second += logits / np.float32(first)
    second /= 1 + _SECOND_OPINION
    return _judge(second, labels)


def _temperature(logits: Array, labels: NDArray[np.int32]) -> float:
    some = max(1, logits.size // _TEMPERATURE_LOGITS)
    return fit_temperature(logits[::some], labels[::some], smoothing=1 / (len(labels) + 2))


def _judge(opinion: Array, labels: NDArray[np.int32]) -> LabelNoise:
    noise, temperature = fit_uniform(opinion, labels)
    transitions = fit_transitions(opinion, labels, noise, temperature)
    low, high = _BETWEEN_CLASSES
    weight = low + (high - low) * evidence(opinion, labels, transitions, noise, temperature)
    at_random = uniform_odds(
        given_probability(opinion, labels, temperature), max(noise, _LEAST_NOISE), opinion.shape[1]
    )
    score = np.empty(len(labels), np.float32)
    suggested = np.empty(len(labels), np.int32)
    for rows in blocks(*opinion.shape):
        posterior = truth(opinion[rows], labels[rows], transitions, temperature)
        index = np.arange(len(posterior))
        suggested[rows] = posterior.argmax(axis=1)
        right = posterior[index, labels[rows]].astype(np.float64)
        posterior[index, labels[rows]] = 0
        # Summed from the other classes: one less the label's own share would round the smallest scores alike.
        other = posterior.sum(axis=1, dtype=np.float64)
        between = np.log(np.maximum(other, _SUREST)) - np.log(np.maximum(right, _SUREST))
        odds = weight * between + (1 - weight) * at_random[rows]
        score[rows] = 1 / (1 + np.exp(-np.clip(odds, -60, 60)))
    return LabelNoise(score, suggested, (score > 0.5) & (suggested != labels), float(score.mean()))
