"""From which probability on a photo is said to show a class: where the F1 of the class is highest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foveal.heads.linear import Array

# So many photos of a class make the threshold measured on them count as much as the one that its probabilities imply.
# Of 5, 10, 20 and 50 this had the best macro-F1 on other photos, with 150, 400 and 1,500 photos of 10 classes.
_WEIGHT = 50
_BOUNDS = (0.01, 0.99)


def choose_thresholds(probs: Array, targets: NDArray[np.bool_]) -> Array:
    """Choose the threshold of each class by its F1.

    If the probabilities are right, the best threshold is half of the F1 they lead to one to expect (Lipton et al.,
    "Optimal thresholding of classifiers to maximize F1 measure", 2014), and no label is needed to find it; so a class
    of three photos gets no worse a threshold than others. The threshold at which the F1 was highest on the photos
    follows the luck of those photos, but also mends probabilities that are wrong; it counts more the more photos of
    the class there are.

    Args:
        probs: float32 [n, C] in 0..1, calibrated, each class for itself.
        targets: bool [n, C].

    Returns:
        float32 [C] in 0.01..0.99.
    """
    order = np.argsort(-probs, axis=0, kind="stable")
    ranked = np.take_along_axis(probs, order, axis=0).astype(np.float64)
    implied = _f1(ranked, ranked.sum(axis=0)).max(axis=0) / 2
    measured = _measured(ranked, np.take_along_axis(targets, order, axis=0))
    photos = targets.sum(axis=0)
    trust = photos / (photos + _WEIGHT)
    mixed = trust * _log_odds(measured) + (1 - trust) * _log_odds(implied)
    thresholds: Array = np.clip(1 / (1 + np.exp(-mixed)), *_BOUNDS).astype(np.float32)
    return thresholds


def _f1(hits: NDArray[np.float64], total: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64 [n, C]: the F1 of each class if the photos up to each rank were said to show it."""
    predicted = np.arange(1, len(hits) + 1)[:, None]
    return np.asarray(2 * np.cumsum(hits, axis=0) / (predicted + total))


def _measured(ranked: NDArray[np.float64], true: NDArray[np.bool_]) -> NDArray[np.float64]:
    """float64 [C]: half way between the last probability at which F1 is highest and the next one."""
    scores = _f1(true.astype(np.float64), true.sum(axis=0).astype(np.float64))
    # Photos of equal probability stand on the same side of any threshold.
    scores[:-1][ranked[1:] == ranked[:-1]] = -1
    best = scores.argmax(axis=0)
    columns = np.arange(ranked.shape[1])
    following = np.vstack([ranked[1:], np.zeros((1, ranked.shape[1]))])
    return np.asarray((ranked[best, columns] + following[best, columns]) / 2)


def _log_odds(share: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = np.clip(share, *_BOUNDS)
    return np.asarray(np.log(inside / (1 - inside)))
