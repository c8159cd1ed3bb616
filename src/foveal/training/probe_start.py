"""A last layer to begin with: a logistic probe on the network's outputs, its strength chosen by cross-validation.

Fine-tuning from a random last layer bends good features while that layer is still learnt; begun from a layer that fits
them, it does not (Kumar et al., "Fine-tuning can distort pretrained features", arXiv:2202.10054). The photos are seen
whole, without augmentation, as they are when the network is asked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data.splits import choose_folds, stratified_folds
from foveal.heads.linear import Array, LinearHead
from foveal.metrics.calibration import fit_temperature
from foveal.probes.axes import principal_axes
from foveal.probes.select import select
from foveal.training.look_once import look
from foveal.training.networks.torch_network import TorchNetwork
from foveal.training.recogniser import EMBEDDING
from foveal.training.settings import TrainingData, TrainSettings
from foveal.training.start import Start

_NARROWEST_TAP = 32
# From this many photos on a probe gains nothing that matters to its being a start, and all would take hours.
_MOST_PHOTOS = 50_000


def probe_start(network: TorchNetwork, data: TrainingData, settings: TrainSettings, *, device: Any = "cpu") -> Start:
    """Learn a probe from the photos that are trained on, seen whole.

    Args:
        network: The network; it is left in evaluation mode, on the device.
        data: The photos; those held out are not looked at.
        settings: Threads, memory and seed.
        device: Where the network runs, a torch device.

    Raises:
        FovealError: `too-few-photos`, `too-few-groups`: of those trained on.
    """
    outputs = start_outputs(network)
    rows = _some(data, settings.seed)
    features = look(network, data, rows, settings, outputs=outputs, device=device).numpy()
    groups = None if data.groups is None else data.groups[rows]
    return Start(
        outputs, fit_head(features, data.labels[rows], classes=data.classes, seed=settings.seed, groups=groups)
    )


def fit_head(
    features: Array,
    labels: NDArray[np.int32],
    *,
    classes: int,
    seed: int,
    groups: NDArray[np.int64] | None = None,
) -> LinearHead:
    """The core's own logistic probe, at the temperature that suits its out-of-fold answers.

    Args:
        features: float32 [n, D], as the network gives them.
        labels: int32 [n], 0 … C − 1.
        classes: Number of classes C.
        seed: Of the folds.
        groups: int64 [n]; photos that belong together share a number, and so a fold.

    Raises:
        FovealError: `too-few-photos`, `too-few-groups`.
    """
    folds = stratified_folds(labels, folds=choose_folds(labels, groups), seed=seed, groups=groups)
    won = select({"outputs": lambda: principal_axes(features)}, labels, folds, classes=classes, probe="logistic")
    heat = np.float32(fit_temperature(won.out_of_fold, labels, smoothing=1 / (len(labels) + 2)))
    return replace(won.head, weights=won.head.weights / heat, bias=won.head.bias / heat)


def start_outputs(network: TorchNetwork) -> tuple[str, ...]:
    """The outputs a probe learns from, as `foveal.backbones.card.Card.features` has it: wide taps and the embedding."""
    columns = network.output_columns
    wide = [name for name, count in columns.items() if name.startswith("tap_") and count >= _NARROWEST_TAP]
    return (*wide, *EMBEDDING)


def _some(data: TrainingData, seed: int) -> NDArray[np.intp]:
    """Rows to learn from: all, or of very many an even random part."""
    rows = np.asarray(data.train_rows)
    if len(rows) <= _MOST_PHOTOS:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, _MOST_PHOTOS, replace=False))
