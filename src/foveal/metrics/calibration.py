"""Whether a probability of 80 % is right four times in five, and the one number that mends it."""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.inputs import blocks, labelled_scores
from foveal.types.checked import bad_value

TEMPERATURES = (0.05, 20.0)
Scheme = Literal["equal-width", "equal-mass"]
SCHEMES: tuple[Scheme, ...] = ("equal-width", "equal-mass")


class Reliability(NamedTuple):
    """Photos grouped by confidence; every array has one number for each bin, empty bins left out.

    Args:
        low: float64, lowest confidence of the bin, excluded.
        high: float64, highest confidence of the bin, included.
        photos: int64, photos in the bin.
        confidence: float64, their mean confidence.
        accuracy: float64, share of them that are right.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    photos: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]


def softmax(logits: Any, temperature: float = 1.0) -> NDArray[Any]:
    """Probabilities from logits: exp(logits / temperature), each row divided by its sum; never overflows.

    Args:
        logits: float [n, C].
        temperature: Above 0; larger makes the probabilities more even.

    Returns:
        float32 [n, C] for float16 or float32 logits, else float64; rows sum to 1.

    Raises:
        FovealError: `bad-value`: not two-dimensional, or a temperature that is not above 0.
    """
    array = np.asarray(logits)
    if array.ndim != 2:
        raise bad_value("softmax", "logits [n, C]", list(array.shape))
    if not (temperature > 0 and math.isfinite(temperature)):
        raise bad_value("softmax", "a temperature above 0", temperature)
    kind = np.float32 if array.dtype in (np.float16, np.float32) else np.float64
    shifted: NDArray[np.floating[Any]] = array.astype(kind)
    shifted -= shifted.max(axis=1, keepdims=True)
    shifted /= kind(temperature)
    np.exp(shifted, out=shifted)
    shifted /= shifted.sum(axis=1, keepdims=True)
    return shifted


def reliability_table(labels: Any, probs: Any, *, bins: int = 15, scheme: Scheme = "equal-width") -> Reliability:
    """Confidence and accuracy of the photos in each bin of confidence.

    Args:
        labels: int [n].
        probs: float [n, C], rows sum to 1.
        bins: How many, at least 1.
        scheme: "equal-width": 0..1 in equal steps. "equal-mass": about as many photos in each; photos of the same
            confidence always share a bin, so their order does not matter.

    Raises:
        FovealError: `bad-value`: the arrays do not fit together, or bins below 1.
    """
    true, scores = labelled_scores("reliability_table", labels, probs)
    if bins < 1:
        raise bad_value("reliability_table", "1 or more bins", bins)
    confidence = scores.max(axis=1).astype(np.float64)
    right = (scores.argmax(axis=1) == true).astype(np.float64)
    edges = _edges(confidence, bins, scheme)
    where = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, len(edges) - 2)
    photos = np.bincount(where, minlength=len(edges) - 1)
    filled = photos > 0
    means = (np.bincount(where, values, len(photos))[filled] / photos[filled] for values in (confidence, right))
    return Reliability(edges[:-1][filled], edges[1:][filled], photos[filled], *means)


def expected_calibration_error(labels: Any, probs: Any, *, bins: int = 15, scheme: Scheme = "equal-width") -> float:
    """Mean distance between confidence and accuracy over bins of confidence, weighted by photos, 0..1.

    The estimate is biased upwards for few photos (Kumar et al. 2019); 15 bins are those of Guo et al. 2017.

    Args:
        labels: int [n].
        probs: float [n, C], rows sum to 1.
        bins: How many, at least 1.
        scheme: As in `reliability_table`.

    Raises:
        FovealError: `bad-value`: the arrays do not fit together, or bins below 1.
    """
    table = reliability_table(labels, probs, bins=bins, scheme=scheme)
    gaps = np.abs(table.confidence - table.accuracy)
    return float(gaps @ table.photos / table.photos.sum())


def adaptive_calibration_error(labels: Any, probs: Any, *, bins: int = 15) -> float:
    """The expected calibration error with about as many photos in every bin, 0..1 (Nguyen and O'Connor 2015).

    Args:
        labels: int [n].
        probs: float [n, C], rows sum to 1.
        bins: How many, at least 1.

    Raises:
        FovealError: `bad-value`: the arrays do not fit together, or bins below 1.
    """
    return expected_calibration_error(labels, probs, bins=bins, scheme="equal-mass")


def fit_temperature(logits: Any, labels: Any, *, smoothing: float = 0.0) -> float:
    """The temperature whose softmax has the lowest log loss (Guo et al. 2017, section 4.2).

    Log loss is convex in 1/T, so its slope has one root; Newton steps on log T find it and a bracket that always
    shrinks keeps them safe. Labels that the logits always get right have no minimum: the answer is then the lower end,
    unless some smoothing says that n right answers are not proof of a next one.

    Args:
        logits: float [n, C], finite.
        labels: int [n].
        smoothing: Share of each label given to the other classes alike, 0..1. 1/(n + 2) is what n right answers leave
            open (Laplace's rule; Platt 1999 smooths his targets so).

    Returns:
        A temperature in 0.05..20.

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    true, scores = labelled_scores("fit_temperature", labels, logits)
    low, high = math.log(TEMPERATURES[0]), math.log(TEMPERATURES[1])
    if _slope(scores, true, low, smoothing)[0] >= 0:
        return TEMPERATURES[0]
    if _slope(scores, true, high, smoothing)[0] <= 0:
        return TEMPERATURES[1]
    point = 0.0
    for _ in range(60):
        slope, curve = _slope(scores, true, point, smoothing)
        low, high = (point, high) if slope < 0 else (low, point)
        step = point - slope / curve if curve > 0 else math.inf
        following = step if low < step < high else (low + high) / 2
        if abs(following - point) < 1e-5:
            return math.exp(following)
        point = following
    return math.exp(point)


def _edges(confidence: NDArray[np.float64], bins: int, scheme: Scheme) -> NDArray[np.float64]:
    if scheme == "equal-width":
        return np.linspace(0.0, 1.0, bins + 1)
    if scheme != "equal-mass":
        raise bad_value("reliability_table", "scheme equal-width or equal-mass", repr(scheme))
    ordered = np.sort(confidence)
    cuts = ordered[np.arange(1, bins + 1) * len(ordered) // bins - 1] if len(ordered) >= bins else ordered
    return np.concatenate(([0.0], np.unique(cuts)))


def _slope(
    logits: NDArray[Any], labels: NDArray[np.int64], log_temperature: float, smoothing: float
) -> tuple[float, float]:
    """Minus the derivative of log loss by b = 1/T, which has the sign of that by log T, and its derivative by log T."""
    scale = math.exp(-log_temperature)
    gap = spread = 0.0
    for rows in blocks(*logits.shape):
        block = logits[rows].astype(np.float64)
        block -= block.max(axis=1, keepdims=True)
        weights = softmax(block, 1 / scale)
        mean = np.einsum("ij,ij->i", weights, block)
        right = block[np.arange(len(block)), labels[rows]]
        others = (block.sum(axis=1) - right) / max(block.shape[1] - 1, 1)
        gap += float(((1 - smoothing) * right + smoothing * others - mean).sum())
        block -= mean[:, None]
        block *= block
        spread += float(np.einsum("ij,ij->", weights, block))
    return gap / len(labels), scale * spread / len(labels)
