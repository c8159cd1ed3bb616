"""A phase at work: the optimiser, the average, the loss and one step of training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from foveal.training.averaging import Average
from foveal.training.checkpoint import Checkpoint, align, put, whole
from foveal.training.device import Device
from foveal.training.losses import balanced_weights, log_priors, loss
from foveal.training.norms import freeze_norms
from foveal.training.optimiser import make_optimiser, optimiser_state, restore_optimiser, set_rates, train_only
from foveal.training.phase import Phase
from foveal.training.photos.batch import Batch
from foveal.training.photos.mixing import Mixing
from foveal.training.ranks.sync_norms import sync_norms, unsync_norms
from foveal.training.ranks.world import World
from foveal.training.ranks.wrap import not_yet, wrap

ExtraLoss = Callable[[Tensor, Tensor], Tensor]
"""Images as the network gets them, [B, H, W, 3] in 0..255, and logits [B, C], to a scalar that is added to the loss."""


class Stretch:
    """A phase at work.

    Random numbers are a function of the seed and the place in the training, drawn anew before each step, so that there
    is no state of them to keep: a run that goes on, or one that is evaluated more often, draws the same.

    Args:
        phase: The phase.
        recogniser: What is trained, on its device.
        device: Where, and how exactly.
        world: The processes.
        counts: int [C], photos of each class that are trained on.
        seed: Of the whole training.
        parallel: "ddp" or "fsdp".
        micro_batch: Photos that go through the network at a time; 0 = all of this process's.
        extra_loss: Added to the loss against the labels.
    """

    def __init__(
        self,
        phase: Phase,
        recogniser: nn.Module,
        device: Device,
        world: World,
        *,
        counts: NDArray[np.integer],
        seed: int,
        parallel: str = "ddp",
        micro_batch: int = 0,
        extra_loss: ExtraLoss | None = None,
    ) -> None:
        self.phase, self.recogniser, self.device, self.world = phase, recogniser, device, world
        self._seed, self._micro_batch, self._extra_loss = seed, micro_batch, extra_loss
        self._place: torch.device = device.torch_device
        self._sharded = world.size > 1 and parallel == "fsdp"
        self._ready()
        if world.size > 1 and not self._sharded:
            sync_norms(recogniser)
        train_only(recogniser, phase.groups(recogniser))
        self._wrapped = wrap(recogniser, world, parallel=parallel)
        self._model = device.compiled(self._wrapped)
        # Asked for anew, since sharding puts other parameters in the place of those it was given.
        self.optimiser = make_optimiser(phase.optimiser, phase.groups(recogniser))
        self._scaler = device.scaler()
        self._parameters = [each for group in self.optimiser.param_groups for each in group["params"]]
        self.average = Average(recogniser, phase.ema) if phase.ema else None
        self._mixing = Mixing(mixup=phase.mixup, cutmix=phase.cutmix, smoothing=phase.smoothing, classes=len(counts))
        self._soft = bool(phase.mixup or phase.cutmix or phase.smoothing)
        self._prior: Tensor | None = None
        if phase.logit_adjust:
            self._prior = log_priors(counts, strength=phase.logit_adjust).to(self._place)
        self._weights: Tensor | None = None
        if phase.class_weight_beta:
            self._weights = balanced_weights(counts, beta=phase.class_weight_beta).to(self._place)
        exact = torch.float32 if device.kind == "mps" else torch.float64
        self.sums = torch.zeros(3, dtype=exact, device=self._place)
        self._bad = torch.full((), -1, dtype=torch.int64, device=self._place)
        self._recent: dict[int, Tensor] = {}
        self.first: tuple[float, float, float] | None = None

    def step(self, batch: Batch, *, at: int, factor: float) -> None:
        """Learn from a batch. Nothing is waited for on a GPU; `sums` and `bad_rows` tell later how it went.

        Args:
            batch: This process's photos.
            at: Number of the step since the training began.
            factor: What the base rates are multiplied by.
        """
        generator = self._draw(at)
        set_rates(self.optimiser, factor)
        images = self.device.upload(batch.images)
        labels = self.device.upload(batch.labels)
        targets = labels
        if self._soft:
            images, targets = self._mixing(images, labels, generator)
        size = self._micro_batch or len(images)
        parts = list(zip(images.split(size), targets.split(size), strict=True))
        finite = torch.ones((), dtype=torch.bool, device=self._place)
        for number, part in enumerate(parts, 1):
            with not_yet(self._wrapped) if number < len(parts) else nullcontext():
                finite &= self._learn(*part, share=len(part[0]) / len(images))
        self._scaler.unscale_(self.optimiser)
        length = nn.utils.get_total_norm([each.grad for each in self._parameters if each.grad is not None])
        if self.phase.clip:
            nn.utils.clip_grads_with_norm_(self._parameters, self.phase.clip, length)
        if not self._scaler.is_enabled():
            # The scaler meets infinite gradients while it looks for its scale, and leaves such steps out.
            finite &= torch.isfinite(_local(length))
        self._watch(batch, at, finite)
        self._scaler.step(self.optimiser)
        self._scaler.update()
        self.optimiser.zero_grad(set_to_none=True)
        if self.average is not None:
            self.average.update(self.recogniser)

    def _learn(self, images: Tensor, targets: Tensor, *, share: float) -> Tensor:
        """Gradients of a part of a batch; whether the loss is finite."""
        with self.device.autocast():
            logits = self._model(images)
        logits = logits.float()
        own = loss(logits, targets, prior_logits=self._prior, weights=self._weights)
        total = own * self.phase.label_weight if self.phase.label_weight != 1 else own
        if self._extra_loss is not None:
            total = total + self._extra_loss(images, logits)
        self._scaler.scale(total * share if share != 1 else total).backward()
        said = logits.detach()
        meant = targets.argmax(dim=1) if targets.ndim > 1 else targets
        right = (said.argmax(dim=1) == meant).sum()
        count = len(images)
        self.sums += torch.stack([own.detach() * count, right, torch.full_like(right, count)]).to(self.sums.dtype)
        if self.first is None:
            # Of so few photos the weights have a mean far from 1, and the loss of knowing nothing would not be log C.
            begun, blind = (loss(each, targets, prior_logits=self._prior) for each in (said, torch.zeros_like(said)))
            self.first = (float(begun), float(blind), float(said.var(dim=1).mean()))
        return torch.isfinite(total.detach())

    @property
    def rate(self) -> float:
        """Learning rate of the fastest group at the last step."""
        return float(max(group["lr"] for group in self.optimiser.param_groups))

    def bad_rows(self) -> tuple[int, Tensor] | None:
        """The step whose loss or gradient was the first that is no number, and its rows; None where all were fine."""
        step = int(self._bad)
        rows = self._recent.get(step)
        self._recent.clear()
        return None if step < 0 or rows is None else (step, rows)

    def took(self) -> tuple[float, float, float]:
        """Loss and accuracy of this process's photos in the epoch so far, and how many there were."""
        total, right, count = self.sums.tolist()
        return total / max(1.0, count), right / max(1.0, count), count

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """What a checkpoint keeps, as tensors and as facts; all processes must ask for it."""
        tensors = {f"model/{name}": value for name, value in whole(self.recogniser.state_dict()).items()}
        if self.average is not None:
            tensors |= {f"ema/{name}": value for name, value in whole(self.average.state_dict()).items()}
        own, told = optimiser_state(self.optimiser)
        tensors |= {f"optimiser/{name}": value for name, value in whole(own).items()}
        tensors["loop/sums"] = self.world.sum(self.sums)
        updates = 0 if self.average is None else self.average.updates
        return tensors, {"optimiser": told, "updates": updates, "scaler": self._scaler.state_dict()}

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on where `state` was taken."""
        told = checkpoint.facts["stretch"]
        put(self.recogniser.state_dict(), checkpoint.part("model"))
        if self.average is not None:
            put(self.average.state_dict(), checkpoint.part("ema"))
            self.average.updates = told["updates"]
        restore_optimiser(self.optimiser, checkpoint.part("optimiser"), told["optimiser"])
        align(self.optimiser)
        self._scaler.load_state_dict(told["scaler"])
        if self.world.main:
            self.sums.copy_(checkpoint.tensors["loop/sums"])

    @contextmanager
    def measured(self) -> Iterator[nn.Module]:
        """The network as it is measured: with the average of the weights where there is one, in evaluation mode."""
        with nullcontext() if self.average is None else self.average.swapped(self.recogniser):
            yield self.recogniser.eval()
        self._ready()

    def end(self) -> None:
        """Leave the network with the weights that are kept: the average where there is one."""
        if self.average is not None:
            self.average.copy_to(self.recogniser)
        self.optimiser.zero_grad(set_to_none=True)
        if not self._sharded:
            unsync_norms(self.recogniser)
        self.recogniser.eval()

    def _ready(self) -> None:
        self.recogniser.train()
        if self.phase.norms == "frozen":
            freeze_norms(self.recogniser)

    def _draw(self, at: int) -> np.random.Generator:
        words = np.random.SeedSequence((self._seed, at, self.world.rank)).generate_state(2, np.uint64)
        torch.manual_seed(int(words[0]) >> 1)
        return np.random.default_rng(int(words[1]))

    def _watch(self, batch: Batch, at: int, finite: Tensor) -> None:
        """Remember the first step that went wrong, on the device, and the rows of each until somebody asks."""
        here = torch.full_like(self._bad, at)
        self._bad = torch.where((self._bad < 0) & ~finite, here, self._bad)
        self._recent[at] = batch.rows


def _local(value: Tensor) -> Tensor:
    whole_value: Tensor = value.full_tensor() if hasattr(value, "full_tensor") else value
    return whole_value
