"""What a training learns from, and how it runs."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal.data.photo import AnyPhoto
from foveal.imaging.preprocess import Preprocess
from foveal.training.events import Listener, no_listener
from foveal.types.checked import bad_value, read_only

GUARDS = ("auto", "on", "off")
KEPT = ("last", "best")
PARALLEL = ("ddp", "fsdp")


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """Labelled photos, and which of them are trained on and which are held out.

    Args:
        photos: n photos that can be read.
        labels: int32 [n], 0 … C − 1.
        class_names: Names of the C classes.
        train_rows: int [a], rows of the photos that are trained on.
        held_rows: int [b], rows of the photos that are measured on and never trained on.
        preprocess: How held-out photos become the network's input; its size is that of the training's end.
        groups: int [n]; photos that belong together share a number. None where every photo stands for itself.

    Raises:
        FovealError: `bad-value`: arrays that do not fit together, a row in both parts, or nothing to train on.
    """

    photos: Sequence[AnyPhoto]
    labels: NDArray[np.int32]
    class_names: tuple[str, ...]
    train_rows: NDArray[np.intp]
    held_rows: NDArray[np.intp]
    preprocess: Preprocess
    groups: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        n, classes = len(self.photos), len(self.class_names)
        if self.labels.shape != (n,):
            raise bad_value("TrainingData", f"labels [{n}]", list(self.labels.shape))
        if not len(self.train_rows):
            raise bad_value("TrainingData", "photos to train on", "none")
        used = np.concatenate([self.train_rows, self.held_rows])
        if len(np.unique(used)) != len(used) or used.min() < 0 or used.max() >= n:
            raise bad_value("TrainingData", f"rows of {n} photos, each in one part at most", "others")
        if self.labels[used].min() < 0 or self.labels[used].max() >= classes:
            raise bad_value("TrainingData", f"labels 0 … {classes - 1}", f"{self.labels[used].min()} …")
        for name in ("labels", "train_rows", "held_rows"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    @property
    def classes(self) -> int:
        """Number of classes C."""
        return len(self.class_names)

    @functools.cached_property
    def counts(self) -> NDArray[np.int64]:
        """int64 [C]: photos of each class that are trained on."""
        return np.bincount(self.labels[self.train_rows], minlength=self.classes).astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """How a training runs, as opposed to what it learns.

    Args:
        folder: The run folder: checkpoints and logs.
        seed: Same seed, photos, phases and machine: same weights, bit for bit.
        resume: Go on where the checkpoint in the folder stands; begin where there is none.
        budget_s: Seconds that everything may take, `reserve_s` included; None trains the epochs of the phases.
        reserve_s: Seconds of the budget that are kept for what follows the training, such as the export.
        evaluation_s: Seconds that the held-out photos took when they were looked at before; None = they were not.
        checkpoint_s: Seconds between checkpoints within an epoch; each epoch ends with one anyway.
        device: "auto", "cpu", "cuda", "cuda:1" or "mps".
        amp: "auto", "off", "bf16" or "fp16".
        compile: "auto", "on" or "off".
        parallel: "ddp" gives each process the whole network, "fsdp" shards it; it matters for several only.
        micro_batch: Photos that go through the network at a time; a larger batch is added up from several. 0 finds out.
        threads: Threads that read photos; 0 is as many as suit the machine.
        memory_bytes: Most memory for decoded photos; 0 is a share of what is free.
        keep: Weights that are kept: "last", or "best" on the held-out photos, whose figures then flatter.
        deterministic: Same seed, same weights on a GPU too, for some of its speed; a processor repeats itself anyway.
        guard: "on" tries whether one batch can be learnt before it begins, "off" does not, "auto" where that costs
            little of the whole.
        tensorboard: Write TensorBoard's files into the folder as well.
        listener: Told how it goes.

    Raises:
        FovealError: `bad-value`: a number out of range or an unknown word.
    """

    folder: Path
    seed: int = 0
    resume: bool = False
    budget_s: float | None = None
    reserve_s: float = 0.0
    evaluation_s: float | None = None
    checkpoint_s: float = 300.0
    device: str = "auto"
    amp: str = "auto"
    compile: str = "auto"
    parallel: str = "ddp"
    micro_batch: int = 0
    threads: int = 0
    memory_bytes: int = 0
    keep: str = "last"
    deterministic: bool = False
    guard: str = "auto"
    tensorboard: bool = False
    listener: Listener = no_listener

    def __post_init__(self) -> None:
        for name, value, known in (
            ("keep", self.keep, KEPT),
            ("guard", self.guard, GUARDS),
            ("parallel", self.parallel, PARALLEL),
        ):
            if value not in known:
                raise bad_value("TrainSettings", f"{name} as one of {', '.join(known)}", repr(value))
        budget = math.inf if self.budget_s is None else self.budget_s
        if not 0 <= self.reserve_s < budget:
            raise bad_value("TrainSettings", "a budget above the reserve", f"{budget:g} s and {self.reserve_s:g} s")
        if not self.checkpoint_s > 0 or min(self.micro_batch, self.threads, self.seed, self.memory_bytes) < 0:
            raise bad_value("TrainSettings", "counts from 0 and times above 0", self)
