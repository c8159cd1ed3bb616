"""The training losses: soft targets, classes of unequal size, and what is subtracted for them."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from foveal.types.checked import bad_value


def loss(
    logits: Tensor, targets: Tensor, *, prior_logits: Tensor | None = None, weights: Tensor | None = None
) -> Tensor:
    """Cross-entropy, the mean over the batch; see `each_loss`.

    It is divided by the number of photos, not by their weights, so that the losses of parts of a batch add up to the
    batch's own.

    Returns:
        A float32 scalar.
    """
    return each_loss(logits, targets, prior_logits=prior_logits, weights=weights).mean()


def each_loss(
    logits: Tensor, targets: Tensor, *, prior_logits: Tensor | None = None, weights: Tensor | None = None
) -> Tensor:
    """Cross-entropy of every photo, computed in float32 whatever the network computes in.

    Args:
        logits: [B, C].
        targets: int64 [B], or probabilities float [B, C] as mixup and smoothing make them.
        prior_logits: float32 [C] added to the logits while training; see `log_priors`.
        weights: float32 [C]; see `balanced_weights`. A soft target weighs as its mix of classes does.

    Returns:
        float32 [B].

    Raises:
        FovealError: `bad-value`: targets of another shape.
    """
    if targets.shape not in (logits.shape[:1], logits.shape):
        raise bad_value("loss", f"targets [{len(logits)}] or {list(logits.shape)}", list(targets.shape))
    shifted = logits.float() if prior_logits is None else logits.float() + prior_logits
    if targets.ndim == 1:
        return functional.cross_entropy(shifted, targets, weight=weights, reduction="none")
    surprise = -functional.log_softmax(shifted, dim=1)
    shares = targets.float() if weights is None else targets.float() * weights
    return (shares * surprise).sum(dim=1)


def log_priors(counts: NDArray[np.integer], *, strength: float = 1.0) -> Tensor:
    """What to add to the logits while training so that, without it, every class counts the same (logit adjustment).

    Menon et al., "Long-tail learning via logit adjustment" (ICLR 2021, arXiv:2007.07314), equation 10: τ log π. A class
    without photos gets the prior of half a photo.

    Args:
        counts: Photos of each class, integer [C], from 0.
        strength: τ; 0 adjusts nothing, 1 aims at the mean over classes of the recall.

    Returns:
        float32 [C].

    Raises:
        FovealError: `bad-value`: no photo at all, or a negative count.
    """
    present = _checked("log_priors", counts)
    priors = np.maximum(present, 0.5) / np.maximum(present, 0.5).sum()
    return torch.from_numpy((strength * np.log(priors)).astype(np.float32))


def balanced_weights(counts: NDArray[np.integer], *, beta: float = 0.999) -> Tensor:
    """Weights of classes by their effective number of photos.

    Cui et al., "Class-balanced loss based on effective number of samples" (CVPR 2019, arXiv:1901.05555): the weight of
    a class of n photos is (1 − β) / (1 − βⁿ), between 1 (β = 0) and 1/n (β → 1). Where theirs add up to the number of
    classes, these have a mean of 1 over the photos, so that the loss of an untrained network stays log C.

    Args:
        counts: Photos of each class, integer [C], from 0; a class without photos weighs as much as one with a single
            photo.
        beta: From 0, below 1.

    Returns:
        float32 [C].

    Raises:
        FovealError: `bad-value`: no photo at all, a negative count, or β outside 0 to 1.
    """
    present = _checked("balanced_weights", counts)
    if not 0 <= beta < 1:
        raise bad_value("balanced_weights", "beta from 0, below 1", beta)
    # expm1 keeps its digits where β is so near 1 that 1 − βⁿ has none left.
    numbers = np.ones(len(present)) if beta == 0 else np.expm1(np.maximum(present, 1) * math.log(beta)) / (beta - 1)
    weights = 1 / numbers
    return torch.from_numpy((weights * (present.sum() / (present * weights).sum())).astype(np.float32))


def _checked(owner: str, counts: NDArray[np.integer]) -> NDArray[np.float64]:
    present = np.asarray(counts, np.float64)
    if present.ndim != 1 or (present < 0).any() or not present.sum() > 0:
        raise bad_value(owner, "counts [C] from 0, not all 0", np.array2string(np.asarray(counts), threshold=8))
    return present
