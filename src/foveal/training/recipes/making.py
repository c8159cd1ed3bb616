"""What several recipes share: recognisers whose base stands still, rooted heads, and phases with their modern parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from foveal.heads.linear import LinearHead
from foveal.training.networks.torch_network import TorchNetwork
from foveal.training.optimiser import Group
from foveal.training.options import Options
from foveal.training.phase import Phase
from foveal.training.photos.augment import Augment
from foveal.training.probe_start import start_outputs
from foveal.training.recogniser import Recogniser
from foveal.training.rooted import RootedLinear
from foveal.training.start import Start

# A photo that was cropped shows its subject larger; a network trained at this share of the size sees it as large as
# it will be when asked (Touvron et al., "Fixing the train-test resolution discrepancy", arXiv:1906.06423).
_SMALLER = 6 / 7
_GRID = 32
# Word to the field of a phase, and how strong it is where a recipe does not say.
_STRENGTHS: dict[str, tuple[str, float]] = {
    "warmup": ("warmup", 0.1),
    "clip": ("clip", 1.0),
    "ema": ("ema", 0.99),
    "mixup": ("mixup", 0.2),
    "cutmix": ("cutmix", 1.0),
    "smoothing": ("smoothing", 0.1),
    "early-stop": ("patience", 2),
    "logit-adjust": ("logit_adjust", 1.0),
    "reweight": ("class_weight_beta", 0.999),
}


class StillBase(Recogniser):
    """A recogniser whose network is never in training mode: nothing is dropped in it, no statistics move."""

    def train(self, mode: bool = True) -> StillBase:
        """Neck, dropout and last layer alone change their mode."""
        super().train(mode)
        self.network.eval()
        return self


def rooted(
    network: TorchNetwork, classes: int, start: Start | None, *, kind: type[Recogniser] = Recogniser
) -> Recogniser:
    """A recogniser whose last layer is the core's own head, where the probe left it.

    Args:
        network: The network.
        classes: Number of classes C.
        start: The probe; None for zeros, which a probe may be put into later.
        kind: `Recogniser`, or `StillBase` where the network is not trained as a whole.
    """
    if start is None:
        outputs = start_outputs(network)
        width = sum(network.output_columns[name] for name in outputs)
        zeros, ones = np.zeros(width, np.float32), np.ones(width, np.float32)
        head = LinearHead(zeros, ones, np.zeros((width, classes), np.float32), np.zeros(classes, np.float32))
        return kind(network, classes, outputs=outputs, classifier=RootedLinear(head), beginning="zero")
    return kind(network, classes, outputs=start.outputs, classifier=RootedLinear(start.head))


def phase(
    on: frozenset[str],
    options: Options,
    groups: Callable[[Recogniser], list[Group]],
    *,
    name: str,
    epochs: float,
    batch: int = 16,
    crop: tuple[float, float] = (0.6, 1.0),
    **fixed: Any,
) -> Phase:
    """A phase with the modern parts that are on.

    Args:
        on: Words of `foveal.training.options.PARTS_OF_TRAINING`.
        options: What the user said; epochs and batch go before the recipe's own.
        groups: What is trained, at which rates.
        name: What people call the phase.
        epochs: The recipe's own.
        batch: The recipe's own.
        crop: Shares of a photo's area that a random crop keeps, least and most.
        fixed: Other fields of `Phase`; one that a word puts in has this strength when it is in.
    """
    fields = {field: fixed.get(field, strength) if word in on else 0 for word, (field, strength) in _STRENGTHS.items()}
    return Phase(
        name=name,
        epochs=options.epochs or epochs,
        groups=groups,
        batch=options.batch or batch,
        shape="cosine" if "warmup" in on else "constant",
        sampling="balanced" if "balanced" in on else "shuffle",
        augment=augment(on, crop),
        **{**fixed, **fields},
    )


def augment(on: frozenset[str], crop: tuple[float, float] = (0.6, 1.0)) -> Augment:
    """What happens to photos, by the words that are on."""
    policy = next((word for word in ("trivial", "rand") if word in on), "none")
    return Augment(
        crop=crop if "crop" in on else None,
        flip="flip" in on,
        policy=policy,
        erasing=0.25 if "erasing" in on else 0.0,
    )


def sizes(on: frozenset[str], network: TorchNetwork, options: Options) -> tuple[int, ...]:
    """The sides of the input during a phase, () for the size it is asked at all the way."""
    side = options.size or min(network.spec.preprocess.size_wh)
    shares = (0.7, _SMALLER, 1.0) if "progressive" in on else (_SMALLER,) if "smaller" in on else ()
    wanted = tuple(dict.fromkeys(max(_GRID, int(side * share / _GRID + 0.5) * _GRID) for share in shares))
    fitting = tuple(each for each in wanted if each == side or _takes(network, each))
    return () if fitting == (side,) else fitting


@torch.no_grad()  # type: ignore[misc, untyped-decorator, unused-ignore]  # torch is not looked into
def _takes(network: TorchNetwork, side: int) -> bool:
    """Whether the network can look at pictures of another size; one whose positions are learnt one by one cannot."""
    like = next(network.parameters())
    training = network.training
    try:
        network.eval()(torch.zeros(1, 3, side, side, device=like.device, dtype=like.dtype))
    except (AssertionError, RuntimeError):
        return False
    finally:
        network.train(training)
    return True
