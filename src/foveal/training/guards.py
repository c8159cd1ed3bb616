"""Does it learn at all? What the loss at the start, one batch and the whole course of the training say."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from foveal.data.photo import photo_name
from foveal.errors import FovealError
from foveal.training.history import Row
from foveal.training.norms import freeze_norms
from foveal.training.optimiser import make_optimiser, set_rates, train_only
from foveal.training.phase import Phase
from foveal.training.settings import TrainingData
from foveal.types.text import counted

TRIED_STEPS = 8
"""Steps in which one batch should begin to be learnt."""

TRIED_PHOTOS = 16
"""Most photos of that batch."""

_NAMED = 8
_FAR_ABOVE = 0.7
_FAR_BELOW = 0.5
_LEARNT = 0.05
_FALL = 0.02
_EPOCHS_TO_FALL = 3


def start_note(loss: float, blind: float, spread: float, beginning: str) -> str | None:
    """What the loss of the first batch says, before anything was learnt.

    A last layer that knows nothing, and says so, has the loss of equal logits: log C, or less where targets and priors
    are adjusted. One that begins at random has logits of some variance v, which adds about v / 2. One learnt by a probe
    beforehand should do better than either.

    Args:
        loss: Of the first batch, against the labels.
        blind: What equal logits would have had on it.
        spread: Mean over the photos of the variance of their logits.
        beginning: "random", "zero" or "probe": how the last layer began.

    Returns:
        A remark, or None where the loss is as it should be.
    """
    said = f"the loss at the start is {loss:.2f}"
    if beginning == "probe":
        if loss > blind:
            return (
                f"{said}, more than the {blind:.2f} of a layer that knows nothing, although this one was learnt by a "
                "probe: the network may see other pictures than the probe did (size, normalisation, strong changes)"
            )
        return None
    expected = blind + (min(spread / 2, 1.0) if beginning == "random" else 0.0)
    if loss > expected + _FAR_ABOVE:
        return (
            f"{said}, where about {expected:.2f} is expected of a layer that knows nothing: it begins sure of wrong "
            f"answers (variance of the logits {spread:.2g}); its inputs or first weights are too large"
        )
    if loss < blind - _FAR_BELOW:
        return (
            f"{said}, where about {blind:.2f} is expected of a layer that knows nothing: it was learnt before, or the "
            "batch holds few of the classes"
        )
    return None


def one_batch_note(
    recogniser: nn.Module,
    phase: Phase,
    images: Tensor,
    labels: Tensor,
    *,
    amp: Callable[[], AbstractContextManager[object]],
) -> str | None:
    """Whether a copy of the network begins to learn one batch by heart, at the full rate of the phase.

    Nothing is mixed and nothing dropped, so that the loss of one step can be compared with that of another. Afterwards
    the network, the optimiser and all random numbers are as before.

    Args:
        recogniser: The network.
        phase: What is trained, and how.
        images: Some photos, as the network takes them.
        labels: int64, their classes.
        amp: Makes the context that steps run in.

    Returns:
        A remark, or None where it learns or knows them already.
    """
    copied = copy.deepcopy(recogniser)
    for each in copied.train().modules():
        if "drop" in type(each).__name__.lower():
            each.eval()
    if phase.norms == "frozen":
        freeze_norms(copied)
    groups = phase.groups(copied)
    train_only(copied, groups)
    optimiser = make_optimiser(phase.optimiser, groups)
    losses = []
    for step in range(TRIED_STEPS + 1):
        set_rates(optimiser, min(1.0, (step + 1) / TRIED_STEPS))
        with amp():
            loss = nn.functional.cross_entropy(copied(images).float(), labels)
        losses.append(float(loss.detach()))
        if step < TRIED_STEPS and math.isfinite(losses[-1]):
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            if phase.clip:
                nn.utils.clip_grad_norm_([each for group in groups for each in group["params"]], phase.clip)
            optimiser.step()
    if min(losses[1:]) < losses[0] * (1 - _FALL) or losses[0] < _LEARNT:
        return None
    rate = max(group["rate"] for group in groups)
    why = "too high" if losses[-1] > losses[0] else "too low, or too little is trained"
    return (
        f"one batch of {counted(len(labels), 'photo')} could not be learnt by heart: its loss went from "
        f"{losses[0]:.3f} to {losses[-1]:.3f} in {TRIED_STEPS} steps at a rate of {rate:g}, which is {why}"
    )


def never_fell_note(rows: Sequence[Row], blind: float) -> str | None:
    """Whether the loss of a phase is after some epochs still that of a layer that knows nothing.

    Args:
        rows: The history of the phase.
        blind: The loss of equal logits.
    """
    losses = [row["train_loss"] for row in rows]
    if len(losses) < _EPOCHS_TO_FALL or min(losses) < blind * (1 - _FALL):
        return None
    return (
        f"phase {rows[-1]['phase']}: the loss is {losses[-1]:.3f} after {counted(len(losses), 'epoch')}, and guessing "
        f"has {blind:.3f}: nothing is learnt; try another rate, or look whether labels and photos belong together"
    )


def diverged(data: TrainingData, rows: NDArray[np.integer], *, where: str, rate: float, kept: str) -> FovealError:
    """The error for a loss or a gradient that is no number any more.

    Args:
        data: The photos.
        rows: The batch's, among those trained on.
        where: Phase, epoch and step.
        rate: Learning rate of the fastest group.
        kept: Name of the checkpoint from before, or "".
    """
    whole = data.train_rows[rows].tolist()
    names = [photo_name(data.photos[row], row) for row in whole[:_NAMED]]
    more = f" and {len(whole) - _NAMED} more" if len(whole) > _NAMED else ""
    saved = f"; {kept} holds what was learnt before" if kept else ""
    return FovealError(
        "training-diverged",
        f"{where}: expected a finite loss and gradient, got NaN or infinity at a learning rate of {rate:g} in the "
        f"batch {', '.join(names)}{more}",
        hint=f"lower the rate, lengthen the warm-up or clip the gradient; look at these photos{saved}",
    )
