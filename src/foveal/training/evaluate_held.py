"""The held-out photos through the network: logits, shared among the processes and gathered."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from foveal.training.photos.batch import Batch
from foveal.training.ranks.world import World


@torch.no_grad()  # type: ignore[misc, untyped-decorator, unused-ignore]  # torch is not looked into
def logits_of(
    model: nn.Module,
    batches: Iterable[Batch],
    world: World,
    *,
    classes: int,
    device: torch.device,
    amp: torch.dtype | None = None,
    sharded: bool = False,
) -> NDArray[np.float32]:
    """What the network says of photos, in evaluation mode.

    Args:
        model: Images to logits. It stays in evaluation mode.
        batches: This process's share, with rows among all photos.
        world: The other processes.
        classes: Number of classes C.
        device: Where the network is.
        amp: Type that it computes in; None is its own.
        sharded: Whether its weights lie in all processes, which must then take every step together.

    Returns:
        float32 [n, C], in the order of the rows, in every process.
    """
    model.eval()
    rows: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    found, images = [torch.zeros((0, classes), device=device)], None
    for batch in batches:
        images = batch.images.to(device, non_blocking=True)
        with torch.autocast(device.type, dtype=amp, enabled=amp is not None):
            found.append(model(images).float())
        rows.append(batch.rows.cpu().numpy())
    if sharded and images is not None:
        steps = world.gather_rows(np.array([world.rank]), np.array([len(rows)]))[1]
        for _ in range(int(steps.max()) - len(rows)):
            model(images)
    # Left on the device until here: a GPU need not be waited for after each batch.
    own = torch.cat(found).cpu().numpy()
    return np.asarray(world.gather_rows(np.concatenate(rows), own)[1], np.float32)


def held_figures(logits: NDArray[np.float32], labels: NDArray[np.int32]) -> tuple[float, float, NDArray[np.bool_]]:
    """How good logits are.

    Args:
        logits: float32 [h, C].
        labels: int32 [h].

    Returns:
        Mean log-loss in nats, accuracy 0..1, and bool [h], which photos were recognised.
    """
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]
    right = logits.argmax(axis=1) == labels
    return float(losses.mean()), float(right.mean()), right
