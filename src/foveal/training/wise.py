"""Weights between those a training began with and those it ended with, where held-out photos are answered best.

Wortsman et al., "Robust fine-tuning of zero-shot models" (arXiv:2109.01903), called WiSE-FT: between two networks that
both answer well lie others that often answer better, and that hold up better on photos of another kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from foveal.metrics.calibration import fit_temperature, softmax
from foveal.metrics.classification import log_losses
from foveal.training.averaging import interpolate

ALPHAS = (0.25, 0.5, 0.75)
"""Shares of the way from the start to the end that are tried, besides staying at the start and going all the way."""

Logits = NDArray[np.float32]


@dataclass(frozen=True)
class Mixed:
    """Where between start and end the kept weights lie.

    Args:
        alpha: 0 is the start, 1 the end.
        logits: float32 [h, C] of the held-out photos with the kept weights.
        losses: Log-loss of each share that was tried, at its own best temperature.
        balanced: Whether every class counted the same in it.
    """

    alpha: float
    logits: Logits
    losses: Mapping[float, float]
    balanced: bool = False

    def __str__(self) -> str:
        told = ", ".join(f"{alpha:g}: {loss:.4f}" for alpha, loss in sorted(self.losses.items()))
        where = "classes" if self.balanced else "photos"
        return (
            f"the weights kept lie {self.alpha:.0%} of the way from the start to the end of the training, where the "
            f"log-loss of the held-out {where} is lowest ({told}); choosing among {len(self.losses)} flatters their "
            "figures a little"
        )


def mix(
    module: nn.Module,
    start: Mapping[str, Tensor],
    held: Callable[[], Logits],
    labels: NDArray[np.int32],
    *,
    start_logits: Logits,
    end_logits: Logits,
    balanced: bool = False,
) -> Mixed:
    """Try shares of the way and leave the module with the best.

    The nearer to the end goes first: a share has to be better to be taken.

    Args:
        module: As the training left it; it is changed.
        start: Its state before the training.
        held: Gives the logits of the held-out photos with the module as it is.
        labels: int32 [h], their classes.
        start_logits: float32 [h, C] with the weights of the start.
        end_logits: float32 [h, C] with the module as it is.
        balanced: Every class counts the same in choosing, however many of the photos show it: a training that favours
            rare classes would be undone by a choice that does not.
    """
    weights = _class_weights(labels) if balanced else np.ones(len(labels))
    end = {name: value.detach().clone() for name, value in module.state_dict().items()}
    losses, best = {1.0: _loss(end_logits, labels, weights)}, (1.0, end_logits)
    for alpha in (*sorted(ALPHAS, reverse=True), 0.0):
        if alpha:
            module.load_state_dict(interpolate(start, end, alpha))
        logits = held() if alpha else start_logits
        losses[alpha] = _loss(logits, labels, weights)
        if losses[alpha] < losses[best[0]]:
            best = (alpha, logits)
    module.load_state_dict(interpolate(start, end, best[0]))
    return Mixed(best[0], best[1], losses, balanced)


def _class_weights(labels: NDArray[np.int32]) -> NDArray[np.float64]:
    """float64 [h], with a mean of 1."""
    counts = np.bincount(labels)
    return np.asarray(len(labels) / (np.count_nonzero(counts) * counts[labels]))


def _loss(logits: Logits, labels: NDArray[np.int32], weights: NDArray[np.float64]) -> float:
    temperature = fit_temperature(logits, labels, smoothing=1 / (len(labels) + 2))
    return float((weights * log_losses(labels, softmax(logits, temperature))).mean())
