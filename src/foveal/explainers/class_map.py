"""Class maps: the logit of a linear head taken apart, exactly, into what each place of the photo adds to it.

The head sees means over a map, m = Σ_p a(p) / N, so a logit Σ_k w_k·m_k is a sum over places of Σ_k w_k·a_k(p) / N
(class activation mapping: Zhou et al., CVPR 2016, arXiv:1512.04150). foveal's own head takes the signed root of each
mean first; since √m = m / √m, the share of place p in it is a(p) / (N·√|m|), and the sum over the places is again the
logit, to the last rounding. No gradient is needed, and one run of the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.backbones.inner_values import MappedNetwork, with_maps
from foveal.classifier.classifier import Classifier
from foveal.errors import FovealError
from foveal.explainers.subject import Subject
from foveal.features.view import View
from foveal.heads.affine import AffineHead
from foveal.heads.linear import LinearHead
from foveal.imaging.opencv import opencv

# A mean below this share of the mean magnitude is what is left where positive and negative places cancel out; dividing
# by its root would blow both sides up. Below it the root's slope stays as it is there, and what the line then lacks of
# the root goes to the constant.
_CANCELLED = 0.05

# Standard deviation of the smoothing, as a share of the coarsest layer's cell. Without it maps do better in insertion
# and worse in deletion, with twice as much the other way round.
_SMOOTH = 0.3


@dataclass(frozen=True, eq=False)
class Layer:
    """What one output of the networks adds to a logit.

    Args:
        output: Name of the output.
        view: Number of the view, among the classifier's.
        values: float32 [h, w] over the view's input; their sum is the output's share of the logit less its constant.
    """

    output: str
    view: int
    values: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Decomposition:
    """A logit taken apart: `constant` plus the sums of all `layers`."""

    layers: tuple[Layer, ...]
    constant: float


def class_map(subject: Subject, column: int) -> NDArray[np.float32]:
    """The class map on the photo's canvas; see `foveal.explainers.subject.Explainer`.

    Raises:
        FovealError: `no-feature-map`.
    """
    layers = decompose(subject, logit_of(subject, column)).layers
    return _smoothed(subject, on_canvas(subject, layers), layers)


def has_class_maps(model: Classifier) -> bool:
    """Whether an output of the classifier's networks is the mean over a map."""
    return any(with_maps(view.network, view.outputs).maps for view in model.views)


def logit_of(subject: Subject, column: int) -> NDArray[np.float32]:
    """float32 [C]: the mixture of logits that is the logit of one class."""
    chosen = np.zeros(len(subject.model.class_names), np.float32)
    chosen[column] = 1
    return chosen


def on_canvas(subject: Subject, layers: Sequence[Layer]) -> NDArray[np.float32]:
    """The layers' maps added up on the photo's canvas, float32 [H, W], per area so that coarse and fine ones agree."""
    total = np.zeros(subject.canvas_hw, np.float32)
    for layer in layers:
        density = layer.values * np.float32(layer.values.size)
        total += subject.frames[layer.view].onto_canvas(density, subject.canvas_hw)
    return total


def _smoothed(subject: Subject, total: NDArray[np.float32], layers: Sequence[Layer]) -> NDArray[np.float32]:
    """The map blurred by a share of the coarsest layer's cell, which is as exactly as that layer knows a place."""
    rows, columns = subject.canvas_hw
    spread = [
        (
            (subject.frames[layer.view].right - subject.frames[layer.view].left) * columns / layer.values.shape[1],
            (subject.frames[layer.view].bottom - subject.frames[layer.view].top) * rows / layer.values.shape[0],
        )
        for layer in layers
    ]
    sigma_x, sigma_y = (_SMOOTH * max(sizes) for sizes in zip(*spread, strict=True))
    seen = subject.seen
    blur = opencv().GaussianBlur
    # What lies beyond the edge of what is seen is not 0 but unknown: it must not pull the edge down.
    weight = blur(seen.astype(np.float32), (0, 0), sigma_x, sigmaY=sigma_y)
    smooth = blur(total, (0, 0), sigma_x, sigmaY=sigma_y) / np.maximum(weight, np.float32(1e-6))
    shown: NDArray[np.float32] = np.where(seen, smooth, np.float32(0))
    return shown


def decompose(subject: Subject, mixture: NDArray[np.float32]) -> Decomposition:
    """Take a mixture of logits apart into what each place adds.

    Args:
        subject: The photo and the classifier.
        mixture: float32 [C], the weight of each logit.

    Returns:
        Its layers add up, with the constant, to `subject.logits() @ mixture`, as far as the run that gives the maps
        rounds like the run that gave the logits.

    Raises:
        FovealError: `no-feature-map`: no output of the classifier's networks is the mean over a map.
    """
    model = subject.model
    networks = [with_maps(view.network, view.outputs) for view in model.views]
    if not any(network.maps for network in networks):
        raise FovealError(
            "no-feature-map",
            f"cam: expected a network whose output is the mean over a map, got {model.views[0].backbone}",
            hint="choose the method occlusion, which works with any network",
        )
    maps = [_run(subject, number, network) for number, network in enumerate(networks)]
    layers: list[Layer] = []
    start = 0
    for number, view in enumerate(model.views):
        pair = _mirror_of(model.views, number)
        if view.mirrored and len(model.views) > 1:
            continue
        for output, columns in view.layout:
            span = slice(start, start + columns)
            start += columns
            if output not in maps[number]:
                continue
            together = [(each, maps[each][output]) for each in ((number,) if pair is None else (number, pair))]
            slopes = _slopes(subject, networks[number], output, span, mixture, [values for _, values in together])
            for each, values in together:
                share = np.einsum("k,khw->hw", slopes, values) / np.float32(values[0].size * len(together))
                layers.append(Layer(output, each, share.astype(np.float32)))
    added = sum(float(layer.values.sum(dtype=np.float64)) for layer in layers)
    return Decomposition(tuple(layers), float(subject.logits() @ mixture) - added)


def _mirror_of(views: Sequence[View], number: int) -> int | None:
    mirrored = views[number].mirror()
    return views.index(mirrored) if mirrored in views and not views[number].mirrored else None


def _run(subject: Subject, number: int, network: MappedNetwork) -> dict[str, NDArray[np.float32]]:
    """Output to map [C, h, w] for one view."""
    if not network.maps:
        return {}
    view = subject.model.views[number]
    engine = subject.model.engines.get(view.choice, network.content, network.sha256, tuple(network.maps.values()))
    return dict(zip(network.maps, engine.run(subject.inputs[number]), strict=True))


def _slopes(
    subject: Subject,
    network: MappedNetwork,
    output: str,
    span: slice,
    mixture: NDArray[np.float32],
    values: Sequence[NDArray[np.float32]],
) -> NDArray[np.float32]:
    """float32 [K]: by what the mean of each channel is multiplied on its way into the mixture of logits."""
    head = subject.model.head
    if output in network.layers:
        slopes: NDArray[np.float32] = mixture[span] @ network.layers[output].weights
        return slopes
    if isinstance(head, AffineHead):
        plain: NDArray[np.float32] = head.weights[span] @ mixture
        return plain
    if not isinstance(head, LinearHead):
        return mixture[span]
    means = np.mean([each.mean(axis=(1, 2)) for each in values], axis=0)
    sizes = np.mean([np.abs(each).mean(axis=(1, 2)) for each in values], axis=0)
    floor = np.maximum(np.maximum(np.abs(means), _CANCELLED * sizes), np.float32(1e-12))
    rooted: NDArray[np.float32] = (head.weights[span] @ mixture) * head.scale[span] / np.sqrt(floor)
    return rooted
