"""The proof that an exported network says what the trained one says, on photos, in both runtimes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foveal.errors import FovealError
from foveal.heads.affine import AffineHead
from foveal.heads.linear import LinearHead
from foveal.metrics.calibration import softmax
from foveal.runtimes.engine import Choice, load_engine, threads
from foveal.training.graph_export import evaluating

MOST_DIFFERENCE = 1e-3
"""A probability may differ by this much, and a number of an output by this share of the largest one."""

RUNTIMES = (Choice("onnx", "f32"), Choice("openvino", "f32"))
"""Where it is proved."""

# Of two classes that are as probable up to this, either may come first: float32 sums differ in their order.
_TIED = 1e-5

# A network without classes of its own is judged behind a layer drawn by chance, whose logits spread this far.
_DRAWN_CLASSES = 10
_DRAWN_SPREAD = 3.0

_HINT = "please report this with the network's name; choose another network until then"

Head = AffineHead | LinearHead
TorchSide = Callable[[Tensor], Tensor]


@dataclass(frozen=True, kw_only=True)
class Proof:
    """How far an exported network is from the one in PyTorch.

    Args:
        agreement: Share of photos with the same most probable class in PyTorch and in each runtime.
        max_probability_difference: The largest difference of any probability.
        n: Photos.
    """

    agreement: float
    max_probability_difference: float
    n: int

    def to_dict(self) -> dict[str, float | int]:
        """JSON-able form."""
        return dict(vars(self))


def prove(
    torch_side: TorchSide,
    content: bytes,
    images: Sequence[NDArray[np.uint8]],
    *,
    outputs: Sequence[str] = (),
    head: Head | None = None,
    name: str = "network",
) -> Proof:
    """Compare an exported network with the one in PyTorch, in float32 in ONNX Runtime and OpenVINO.

    Args:
        torch_side: Gives logits float32 [N, C] of photos uint8 [N, H, W, 3], as a `Recogniser` does; a module is put
            in evaluation mode for it.
        content: The exported network.
        images: Photos as the network gets them, uint8 [H, W, 3] each.
        outputs: The network's outputs that the head gets side by side; by default `logits` without a head, else
            `embedding`.
        head: What turns them into logits. None: the output is logits; or, where it is an embedding, both sides are
            judged behind the same linear layer, drawn by chance.
        name: Of the network, for messages.

    Raises:
        FovealError: `export-differs`: another class, or a probability that differs by more than 0.001.
    """
    wanted = tuple(outputs) or (("logits",) if head is None else ("embedding",))
    expected = _torch_logits(torch_side, images)
    drawn = _drawn_layer(expected) if head is None and wanted != ("logits",) else None
    truth = softmax(expected if drawn is None else drawn(expected))
    agreement, difference = 1.0, 0.0
    for choice in RUNTIMES:
        engine = load_engine(choice, content, wanted, parallel=threads())
        found = np.stack([np.concatenate(engine.run(image)) for image in images])
        found = found if head is None else head.logits(found)
        probs = softmax(found if drawn is None else drawn(found))
        rows, first = np.arange(len(probs)), probs.argmax(axis=1)
        agreement = min(agreement, float(np.mean(truth[rows, first] >= truth.max(axis=1) - _TIED)))
        # A difference that is not a number is no small one.
        difference = max(difference, float(np.nan_to_num(np.abs(probs - truth), nan=1.0).max()))
    proof = Proof(agreement=agreement, max_probability_difference=difference, n=len(images))
    if agreement < 1 or difference > MOST_DIFFERENCE:
        raise FovealError(
            "export-differs",
            f"{name}: expected the exported network to say what it says in PyTorch, up to {MOST_DIFFERENCE:g}, got "
            f"the same class for {agreement:.1%} of {len(images):,} photos and a difference of {difference:.2g}",
            hint=_HINT,
        )
    return proof


def check_outputs(
    expected: Mapping[str, NDArray[np.float32]], content: bytes, images: NDArray[np.uint8], *, name: str
) -> float:
    """Compare the outputs of a network file in ONNX Runtime with what PyTorch gave, photo by photo.

    Args:
        expected: Name to float32 [N, columns].
        content: The network file.
        images: uint8 [N, H, W, 3].
        name: Of the network, for messages.

    Returns:
        The largest difference, as a share of the largest number of an output.

    Raises:
        FovealError: `cannot-export`: an output is no row of numbers; `export-differs`.
    """
    wrong = [key for key, value in expected.items() if value.ndim != 2 or not np.isfinite(value).all()]
    if wrong:
        raise FovealError(
            "cannot-export",
            f"{name}: expected finite numbers [N, columns] of {wrong[0]}, got shape {list(expected[wrong[0]].shape)}",
            hint="a network with random weights may need a training step first; others are best reported",
        )
    engine = load_engine(RUNTIMES[0], content, tuple(expected), parallel=1)
    found = [np.stack(rows) for rows in zip(*(engine.run(image) for image in images), strict=True)]
    shares = [_share(rows, expected[key]) for key, rows in zip(expected, found, strict=True)]
    if max(shares) > MOST_DIFFERENCE:
        raise FovealError(
            "export-differs",
            f"{name}: expected the exported network to give what PyTorch gives, up to {MOST_DIFFERENCE:g} of the "
            f"largest number, got {max(shares):.2g} in {[*expected][int(np.argmax(shares))]}",
            hint=_HINT,
        )
    return max(shares)


def _share(found: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    if found.shape != expected.shape:
        return np.inf
    apart = float(np.nan_to_num(np.abs(found - expected), nan=np.inf).max())
    return apart / max(float(np.abs(expected).max()), 1e-12) if apart else 0.0


def _torch_logits(torch_side: TorchSide, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    def run(side: Any) -> NDArray[np.float32]:
        with torch.no_grad():
            rows = [side(torch.from_numpy(image[None])).float().cpu().numpy() for image in images]
        return np.concatenate(rows)

    if isinstance(torch_side, torch.nn.Module):
        with evaluating(torch_side) as still:
            return run(still)
    return run(torch_side)


def _drawn_layer(features: NDArray[np.float32]) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """A linear layer on standardised features, the same for both sides."""
    centre, spread = features.mean(axis=0), features.std(axis=0) + 1e-6 + 1e-3 * float(np.abs(features).max())
    columns = features.shape[1]
    weights = np.random.default_rng(0).normal(scale=_DRAWN_SPREAD / columns**0.5, size=(columns, _DRAWN_CLASSES))

    def layer(rows: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray((rows - centre) / spread @ weights, np.float32)

    return layer
