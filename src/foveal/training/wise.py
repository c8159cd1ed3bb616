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
from foveal.metrics.classification import log_loss
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
    """

    alpha: float
    logits: Logits
    losses: Mapping[float, float]

    def __str__(self) -> str:
        told = ", ".join(f"{alpha:g}: {loss:.4f}" for alpha, loss in sorted(self.losses.items()))
        return (
            f"the weights kept lie {self.alpha:.0%} of the way from the start to the end of the training, where the "
            f"log-loss of the held-out photos is lowest ({told}); choosing among {len(self.losses)} flatters their "
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
    """
    end = {name: value.detach().clone() for name, value in module.state_dict().items()}
    losses, best = {1.0: _loss(end_logits, labels)}, (1.0, end_logits)
    for alpha in (*sorted(ALPHAS, reverse=True), 0.0):
        if alpha:
            module.load_state_dict(interpolate(start, end, alpha))
        logits = held() if alpha else start_logits
        losses[alpha] = _loss(logits, labels)
        if losses[alpha] < losses[best[0]]:
            best = (alpha, logits)
    module.load_state_dict(interpolate(start, end, best[0]))
    return Mixed(best[0], best[1], losses)


def _loss(logits: Logits, labels: NDArray[np.int32]) -> float:
    temperature = fit_temperature(logits, labels, smoothing=1 / (len(labels) + 2))
    return log_loss(labels, softmax(logits, temperature))
