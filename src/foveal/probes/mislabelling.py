"""Two models of how labels go wrong, each fitted to out-of-fold logits: to any class alike, or from class to class.

Any class alike: P(label = g | photo) = (1 − e)·p_g + e/C with p = softmax(logits / T). e and T are those of the
highest likelihood. A temperature alone cannot explain both a photo the classifier is unsure of and one it is sure is
something else; e takes the second kind, so that it is about 0 on clean labels however hard the classes are. (The
mixture is the noise model of Mnih & Hinton, "Learning to label aerial images from noisy data", ICML 2012, and of
label smoothing read backwards.)

From class to class: P(label = g | photo) = Σ_c p_c·R[c, g] (Dawid & Skene, 1979, with one annotator; Patrini et al.,
"Making deep neural networks robust to label noise: a loss correction approach", CVPR 2017). R is fitted by expectation
maximisation with p held, each row drawn towards the first model by a few dozen imagined photos, which keeps a class
of a few photos from excusing its own mistakes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foveal.heads.linear import Array
from foveal.metrics.calibration import softmax
from foveal.metrics.inputs import blocks

Floats = NDArray[np.float64]

# Calibrated logits want 1; those that noise has made timid want less, and well-separated classes much less. The last
# ones are for logits of any size without any meaning, as from one photo of each class.
_TEMPERATURES = (*np.geomspace(0.2, 2.5, 16), 10.0, 100.0, 1000.0, 10_000.0)
# e and T are known well enough from this many logits.
_ENOUGH_LOGITS = 10_000_000
_MOST_NOISE = 0.95
_ROUNDS = 30
_SETTLED = 1e-3
# Imagined photos of each class that hold its row of R where the first model puts it.
_IMAGINED = 50.0
_FIRST_GUESS = 0.02
_LEAST_NOISE = 1e-3


def fit_uniform(logits: Array, labels: NDArray[np.int32]) -> tuple[float, float]:
    """Share e of labels drawn at random from all classes, and temperature T, of the highest likelihood.

    Args:
        logits: float32 [n, C], out of fold.
        labels: int [n].

    Returns:
        e in 0..0.95, and T in 0.2..10,000.
    """
    some = max(1, logits.size // _ENOUGH_LOGITS)
    logits, labels = logits[::some], labels[::some]
    best = (-np.inf, 0.0, 1.0)
    for temperature in _TEMPERATURES:
        given = given_probability(logits, labels, float(temperature))
        noise = _noise(given, logits.shape[1])
        likelihood = float(np.log(np.maximum((1 - noise) * given + noise / logits.shape[1], 1e-300)).sum())
        # Where the classifier knows nothing, all e explain the labels alike; the imagined photos choose the smallest.
        best = max(best, (likelihood + logits.shape[1] * float(np.log1p(-noise)), noise, float(temperature)))
    return best[1], best[2]


def uniform_odds(given: Floats, noise: float, classes: int) -> Floats:
    """Log-odds that a label was drawn at random: float64 [n], from the probability of each given label."""
    odds: Floats = np.log(noise / classes) - np.log(np.maximum((1 - noise) * given, 1e-300))
    return odds


def given_probability(logits: Array, labels: NDArray[np.int32], temperature: float) -> Floats:
    """Probability float64 [n] of each given label."""
    given = np.empty(len(labels))
    for rows in blocks(*logits.shape):
        block = softmax(logits[rows], temperature)
        given[rows] = block[np.arange(len(block)), labels[rows]]
    return given


def _noise(given: Floats, classes: int) -> float:
    """The e of the highest likelihood by expectation maximisation, with one imagined clean photo of each class."""
    noise = _FIRST_GUESS
    for _ in range(_ROUNDS):
        drawn = noise / classes / np.maximum((1 - noise) * given + noise / classes, 1e-300)
        noise = min(float(drawn.sum()) / (len(given) + classes), _MOST_NOISE)
    return noise


def fit_transitions(logits: Array, labels: NDArray[np.int32], noise: float, temperature: float) -> Array:
    """How often a photo of class c is labelled g: R transposed, float32 [C labels, C classes]; columns sum to 1.

    Args:
        logits: float32 [n, C], out of fold.
        labels: int [n].
        noise: e of `fit_uniform`.
        temperature: T of `fit_uniform`.
    """
    classes = logits.shape[1]
    imagined = np.float32(_IMAGINED) * _mostly_right(classes, max(noise * (classes - 1) / classes, _LEAST_NOISE))
    transitions = _mostly_right(classes, _FIRST_GUESS)
    for _ in range(_ROUNDS):
        counts = imagined.copy()
        for rows in blocks(*logits.shape):
            _count(counts, truth(logits[rows], labels[rows], transitions, temperature), labels[rows])
        counts /= counts.sum(axis=0)
        moved = float(np.abs(counts - transitions).max())
        transitions = counts
        if moved < _SETTLED:
            break
    return transitions


def evidence(logits: Array, labels: NDArray[np.int32], transitions: Array, noise: float, temperature: float) -> float:
    """How far the labels speak for errors from class to class: 0 (errors at random explain them as well) to 1.

    Each of the C·(C − 1) free entries of R is expected to gain half a nat of log-likelihood by chance (Wilks, 1938);
    twice that in all counts as certain.
    """
    classes = logits.shape[1]
    noise = max(noise, _LEAST_NOISE)
    gain = 0.0
    for rows in blocks(*logits.shape):
        believed = softmax(logits[rows], temperature)
        given = believed[np.arange(len(believed)), labels[rows]].astype(np.float64)
        explained = np.einsum("nc,nc->n", believed, transitions[labels[rows]])
        gain += float(np.log(np.maximum(explained, 1e-300) / ((1 - noise) * given + noise / classes)).sum())
    by_chance = max(classes * (classes - 1), 1) / 2
    return float(min(max(gain / by_chance - 1, 0.0), 1.0))


def truth(logits: Array, labels: NDArray[np.int32], transitions: Array, temperature: float) -> Array:
    """Probability float32 [n, C] of each class being the true one, given photo and label."""
    posterior: Array = softmax(logits, temperature)
    posterior *= transitions[labels]
    posterior /= np.maximum(posterior.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return posterior


def _mostly_right(classes: int, wrong: float) -> Array:
    matrix = np.full((classes, classes), wrong / max(classes - 1, 1), np.float32)
    np.fill_diagonal(matrix, 1 - wrong)
    return matrix


def _count(counts: Array, posterior: Array, labels: NDArray[np.int32]) -> None:
    """Add each photo to the row of its label."""
    order = np.argsort(labels, kind="stable")
    present, starts = np.unique(labels[order], return_index=True)
    counts[present] += np.add.reduceat(posterior[order], starts, axis=0)
