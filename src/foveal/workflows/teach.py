"""The training itself: from a network and the parts of the photos to a network file with its last layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.backbones.network import Network
from foveal.data.dataset import Dataset
from foveal.data.photo import as_photo
from foveal.errors import FovealError
from foveal.features.extract import side_for
from foveal.heads.affine import AffineHead
from foveal.heads.linear import LinearHead
from foveal.imaging.preprocess import Preprocess
from foveal.types.text import counted
from foveal.workflows.some_photos import spread
from foveal.workflows.train_wishes import TrainWishes

_PROVED_ON = 300


@dataclass(frozen=True)
class Lesson:
    """What is trained on, as every process of a training knows it; JSON-able but for the dataset.

    Args:
        training: All photos.
        rows: int [m], those that can be learnt from.
        labels: int32 [m].
        class_names: Names of the C classes.
        train: int [a], positions among the m.
        held: int [b], the same of those held out.
        groups: int64 [m].
        start: The probe to begin from, `foveal.training.start.Start`; None where there is none.
    """

    training: Dataset
    rows: NDArray[np.intp]
    labels: NDArray[np.int32]
    class_names: tuple[str, ...]
    train: NDArray[np.intp]
    held: NDArray[np.intp]
    groups: NDArray[np.int64]
    start: Any = None

    def to_plain(self) -> dict[str, Any]:
        """What another process needs besides the dataset, JSON-able."""
        plain: dict[str, Any] = {
            name: getattr(self, name).tolist() for name in ("rows", "labels", "train", "held", "groups")
        }
        plain["class_names"] = list(self.class_names)
        if self.start is not None:
            arrays = {name: array.tolist() for name, array in self.start.head.arrays().items()}
            plain["start"] = {"outputs": list(self.start.outputs), "head": arrays}
        return plain

    @classmethod
    def from_plain(cls, training: Dataset, plain: dict[str, Any]) -> Lesson:
        """What another process told, about the same dataset."""
        from foveal.training.start import Start

        begun = plain.get("start")
        start = None
        if begun is not None:
            arrays = {name: np.array(values, np.float32) for name, values in begun["head"].items()}
            start = Start(tuple(begun["outputs"]), LinearHead.from_arrays(arrays))
        return cls(
            training,
            np.array(plain["rows"], np.intp),
            np.array(plain["labels"], np.int32),
            tuple(plain["class_names"]),
            np.array(plain["train"], np.intp),
            np.array(plain["held"], np.intp),
            np.array(plain["groups"], np.int64),
            start,
        )


@dataclass(frozen=True)
class Taught:
    """A trained network as a file.

    Args:
        network: The network file.
        head: Its last layer.
        carried: What `foveal.training.carry_out` gave back.
        proof: `photos`, `agreement` and `max_probability_difference` of the file against the trained network.
        parameters: Of network and last layer.
    """

    network: Network
    head: AffineHead | LinearHead
    carried: Any
    proof: dict[str, Any]
    parameters: int


def teach(
    network: Any,
    recipe: Any,
    lesson: Lesson,
    wishes: TrainWishes,
    world: Any,
    *,
    preprocess: Preprocess,
    folder: Path,
    budget_s: float | None,
    reserve_s: float,
    listener: Callable[[Any], None] | None,
) -> Any:
    """Train; every process of a training calls this at the same time.

    Args:
        network: As `foveal.training.networks.create` made it.
        recipe: Of `foveal.training.recipes`.
        lesson: The photos.
        wishes: What was asked for.
        world: The processes.
        preprocess: How held-out photos become the network's input.
        folder: The run folder.
        budget_s: Seconds left; None trains the epochs of the recipe.
        reserve_s: Seconds of these that are needed afterwards.
        listener: Told how it goes, in the first process.

    Returns:
        `foveal.training.carry_out.Carried`.
    """
    from foveal.training.carry_out import carry_out
    from foveal.training.events import no_listener
    from foveal.training.settings import TrainingData, TrainSettings

    tell = listener if listener is not None and world.main else no_listener
    data = TrainingData(
        photos=lesson.training.take(lesson.rows).photos(),
        labels=lesson.labels,
        class_names=lesson.class_names,
        train_rows=lesson.train,
        held_rows=lesson.held,
        preprocess=preprocess,
        groups=lesson.groups,
    )
    settings = TrainSettings(
        folder=folder,
        seed=wishes.seed,
        resume=wishes.resume,
        budget_s=budget_s,
        reserve_s=reserve_s,
        device=wishes.device,
        amp=wishes.amp,
        compile=wishes.compile,
        parallel=wishes.parallel,
        tensorboard=wishes.tensorboard,
        listener=tell,
    )
    return carry_out(recipe, network, data, wishes.options(), settings, world, start=lesson.start)


def export_and_prove(carried: Any, lesson: Lesson, preprocess: Preprocess) -> Taught:
    """Write the trained network as a file, and prove on held-out photos that it answers as it did in training.

    Args:
        carried: What `teach` gave back.
        lesson: The photos.
        preprocess: How they become the network's input.

    Raises:
        FovealError: `cannot-export`, `export-differs`.
    """
    from foveal.training.export import export_recogniser
    from foveal.training.prove import prove

    exported, head = export_recogniser(carried.recogniser, preprocess.size_wh)
    images = _prepared(lesson.training, lesson.rows[lesson.held], preprocess)
    outputs = tuple(exported.outputs)
    name = f"the trained {carried.recogniser.network.spec.name}"
    proof = prove(carried.recogniser, exported.content, images, outputs=outputs, head=head, name=name)
    parameters = sum(each.numel() for each in carried.recogniser.parameters())
    unused = getattr(carried.recogniser.network, "imagenet_layer", None)
    if unused is not None:
        parameters -= sum(each.numel() for each in unused.parameters())
    return Taught(
        network=Network.of(exported.content, exported.outputs),
        head=head,
        carried=carried,
        proof={
            "photos": proof.n,
            "agreement": float(proof.agreement),
            "max_probability_difference": float(proof.max_probability_difference),
        },
        parameters=parameters,
    )


def _prepared(training: Dataset, rows: NDArray[np.intp], preprocess: Preprocess) -> list[NDArray[np.uint8]]:
    """Up to 300 of the photos as the network gets them, uint8 [H, W, 3] each.

    Raises:
        FovealError: `no-photos`: none can be read any more.
    """
    found: list[NDArray[np.uint8]] = []
    for row in spread(rows, _PROVED_ON):
        photo = as_photo(training.photo(row))
        try:
            image = photo.decode(photo.read(), min_side=side_for(preprocess.size_wh))
        except FovealError:
            continue  # others are enough
        found.append(preprocess.apply(image))
    if not found:
        raise FovealError(
            "no-photos",
            f"{training.root}: expected {counted(len(rows), 'held-out photo')} that can be read, got none any more",
            hint="put the photos back; --resume goes on from the trained network",
        )
    return found
