"""What a network that stands still says of photos, found once: epochs on it give what epochs on photos would."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from foveal.training.feeds import Size, fitting_batch
from foveal.training.networks.torch_network import TorchNetwork
from foveal.training.phase import Phase
from foveal.training.photos.batch import Batch
from foveal.training.photos.eval_feed import EvalFeed
from foveal.training.photos.free_memory import memory_for_pictures
from foveal.training.photos.order import Share, sampler
from foveal.training.recogniser import EMBEDDING, Recogniser
from foveal.training.settings import TrainingData, TrainSettings

_BATCH = 32


@torch.no_grad()  # type: ignore[misc, untyped-decorator, unused-ignore]  # torch is not looked into
def look(
    network: TorchNetwork,
    data: TrainingData,
    rows: NDArray[np.intp],
    settings: TrainSettings,
    *,
    outputs: tuple[str, ...] = EMBEDDING,
    uses_map: bool = False,
    device: Any = "cpu",
) -> Tensor:
    """What the network says of photos seen as they are when it is asked.

    Args:
        network: The network; it is left in evaluation mode, on the device.
        data: The photos.
        rows: int [m], those wanted.
        settings: Threads and memory.
        outputs: Names of its outputs, whose values stand side by side.
        uses_map: The last map instead of the outputs.
        device: Where the network runs.

    Returns:
        float32 [m, D], or [m, c, h, w] of maps, in the memory of the processor.
    """
    eyes = Recogniser(network, 1, outputs=outputs, uses_map=uses_map).to(device).eval()
    feed = EvalFeed(
        [data.photos[row] for row in rows.tolist()],
        data.labels[rows],
        preprocess=data.preprocess,
        batch=_BATCH,
        threads=settings.threads or None,
        memory_bytes=1,  # each is looked at once: nothing to keep
    )
    return torch.cat([eyes.embed(batch.images.to(device)).float().cpu() for batch in feed])


class Tail(nn.Module):  # type: ignore[misc]  # torch is not looked into
    """What a recogniser has behind its network; it shares neck and last layer with it.

    Args:
        recogniser: Whose.
    """

    def __init__(self, recogniser: Recogniser) -> None:
        super().__init__()
        self.neck, self.dropout, self.classifier = recogniser.neck, recogniser.dropout, recogniser.classifier
        self.beginning = recogniser.beginning

    @property
    def classes(self) -> int:
        """Number of classes C."""
        return int(self.classifier.out_features)

    def forward(self, seen: Tensor) -> Tensor:
        """Logits [N, C] of what the network said."""
        logits: Tensor = self.classifier(self.dropout(self.neck(seen)))
        return logits


class SeenFeeds:
    """`foveal.training.feeds.Feeds` of what the network said, in the order that the photos would have come in.

    Args:
        data: The photos.
        train: float32 [a, …], of the photos that are trained on.
        held: float32 [b, …], of those held out.
        seed: Of the order.
    """

    def __init__(self, data: TrainingData, train: Tensor, held: Tensor, seed: int) -> None:
        self._data, self._train, self._held, self._seed = data, train, held, seed

    def train(self, phase: Phase, size_wh: Size) -> _SeenFeed:
        """The photos to train on."""
        return _SeenFeed(self._data, self._train, phase, self._seed)

    def held(self) -> Iterable[Batch]:
        """The photos held out."""
        labels = torch.from_numpy(self._data.labels[self._data.held_rows].astype(np.int64))
        rows = torch.arange(len(labels))
        parts = (slice(first, first + _BATCH) for first in range(0, len(labels), _BATCH))
        return [Batch(self._held[part], labels[part], rows[part]) for part in parts]


class _SeenFeed:
    def __init__(self, data: TrainingData, seen: Tensor, phase: Phase, seed: int) -> None:
        rows = data.train_rows
        self._seen, self._labels, self._seed = seen, data.labels[rows].astype(np.int64), seed
        self._share = Share(len(rows), fitting_batch(phase.batch, len(rows), 1))
        self._sampler = sampler(phase.sampling, [data.photos[row] for row in rows.tolist()], self._labels)

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return self._share.steps

    def epoch(self, number: int, *, first_step: int = 0) -> Iterator[Batch]:
        """The batches of an epoch from a step on."""
        rows = torch.from_numpy(self._share.steps_of(self._sampler(self._share, self._seed, number)).copy())
        labels = torch.from_numpy(self._labels)
        for step in range(first_step, self.steps):
            part = rows[step * self._share.batch : (step + 1) * self._share.batch]
            yield Batch(self._seen[part], labels[part], part)


def stands_still(recogniser: Recogniser, phases: Iterable[Phase]) -> bool:
    """Whether the network behind the phases says the same of a photo in every epoch: untrained, photos unvaried."""
    network = {id(each) for each in recogniser.network.parameters()}
    return all(_unvaried(phase) for phase in phases) and not any(
        id(each) in network for phase in phases for group in phase.groups(recogniser) for each in group["params"]
    )


def fits_memory(recogniser: Recogniser, data: TrainingData, settings: TrainSettings) -> bool:
    """Whether what the network says of all photos has room in memory."""
    width, height = data.preprocess.size_wh
    like = recogniser.mean
    black = torch.zeros(1, height, width, 3, device=like.device, dtype=torch.uint8)
    eyes = Recogniser(recogniser.network, 1, outputs=recogniser.outputs, uses_map=recogniser.uses_map).to(like.device)
    with torch.no_grad():
        numbers = math.prod(eyes.eval().embed(black).shape)
    room = settings.memory_bytes or memory_for_pictures(1)
    return bool(4 * numbers * (len(data.train_rows) + len(data.held_rows)) <= room)


def _unvaried(phase: Phase) -> bool:
    varied = phase.augment
    return not (
        varied.crop or varied.flip or varied.alternate or varied.erasing or varied.pad_crop or varied.cutout
    ) and (varied.policy == "none" and not phase.sizes and not phase.mixup and not phase.cutmix)
