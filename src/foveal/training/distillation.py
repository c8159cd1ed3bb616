"""Learning from what another model says: its probabilities for each class are worth more than the label alone.

Hinton, Vinyals & Dean, "Distilling the knowledge in a neural network" (arXiv:1503.02531); teacher and student look at
the very same crop, as Beyer et al. found it has to be (arXiv:2106.05237).
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from foveal.classifier.bundle import load
from foveal.classifier.classifier import Classifier
from foveal.errors import FovealError
from foveal.training.networks.catalogue import find_spec
from foveal.training.networks.create import create
from foveal.training.probe_start import probe_start
from foveal.training.recogniser import Recogniser
from foveal.training.rooted import RootedLinear
from foveal.training.settings import TrainingData, TrainSettings
from foveal.training.torch_classifier import TorchClassifier

TEMPERATURE = 2.0


class Distillation:
    """A loss beside the one against the labels: T²·KL(teacher ‖ student), both softened by T, the batch's mean.

    Args:
        teacher: Pictures uint8 [B, H, W, 3] to logits [B, C].
        temperature: T.
        weight: What it is multiplied by.
    """

    def __init__(self, teacher: nn.Module, *, temperature: float = TEMPERATURE, weight: float = 1.0) -> None:
        self.teacher = teacher.eval().requires_grad_(False)
        self.temperature, self.weight = temperature, weight

    def __call__(self, images: Tensor, logits: Tensor) -> Tensor:
        """The loss, a float32 scalar.

        Args:
            images: What the student saw, uint8 or float [B, H, W, 3].
            logits: What it said, [B, C].
        """
        with torch.no_grad():
            taught = self.teacher.to(images.device)(images).float()
        soft = functional.log_softmax(logits.float() / self.temperature, dim=1)
        truth = functional.log_softmax(taught / self.temperature, dim=1)
        loss = functional.kl_div(soft, truth, reduction="batchmean", log_target=True)
        return self.weight * self.temperature**2 * loss


class ClassifierTeacher(nn.Module):  # type: ignore[misc]  # torch is not looked into
    """A `.foveal` model as a teacher: its calibrated logits for the classes of the photos.

    Args:
        model: The model.
        class_names: The photos' classes, each of which the model must know.

    Raises:
        FovealError: `teacher-classes`: it does not know one. `operator-unknown`: of its networks.
    """

    def __init__(self, model: Classifier, class_names: tuple[str, ...]) -> None:
        super().__init__()
        strange = sorted(set(class_names) - set(model.class_names))
        if strange:
            raise FovealError(
                "teacher-classes",
                f"--teacher: expected a model that knows the classes of the photos, got one without {strange[0]!r}",
                hint=f"it knows {', '.join(list(model.class_names)[:10])}; train the teacher on the same classes",
            )
        self._model = TorchClassifier(model)
        self._views, self._temperature = model.views, model.temperature
        known = list(model.class_names)
        self.register_buffer("columns", torch.tensor([known.index(name) for name in class_names]))

    def forward(self, images: Tensor) -> Tensor:
        """Logits float32 [B, C] of pictures uint8 or float [B, H, W, 3], resized to what the model's networks take."""
        pictures = images.permute(0, 3, 1, 2).float()
        seen = []
        for view in self._views:
            width, height = view.preprocess.size_wh
            picture = functional.interpolate(pictures, (height, width), mode="bilinear", antialias=True)
            seen.append((picture.flip(3) if view.mirrored else picture).permute(0, 2, 3, 1))
        logits: Tensor = self._model(*seen)
        return logits[:, self.columns] / self._temperature


class RecogniserTeacher(nn.Module):  # type: ignore[misc]  # torch is not looked into
    """A network with the core's probe as a teacher, at its own size.

    Args:
        recogniser: The network with its head.
    """

    def __init__(self, recogniser: Recogniser) -> None:
        super().__init__()
        self.recogniser = recogniser

    def forward(self, images: Tensor) -> Tensor:
        """Logits float32 [B, C] of pictures uint8 or float [B, H, W, 3]."""
        width, height = self.recogniser.network.spec.preprocess.size_wh
        pictures = images.permute(0, 3, 1, 2).float()
        resized = functional.interpolate(pictures, (height, width), mode="bilinear", antialias=True)
        logits: Tensor = self.recogniser(resized.permute(0, 2, 3, 1))
        return logits


def check_teacher(name: str) -> None:
    """Refuse a teacher that is not there, before hours go into what comes first.

    Args:
        name: As for `open_teacher`.

    Raises:
        FovealError: `not-found`, `unknown-name`.
    """
    if Path(name).suffix != ".foveal":
        find_spec(name)
    elif not Path(name).is_file():
        load(name)


def open_teacher(name: str, data: TrainingData, settings: TrainSettings) -> nn.Module:
    """A teacher by the name of its file or network; a network first learns a probe from the photos trained on.

    Args:
        name: A `.foveal` file, or the name of a network.
        data: The photos.
        settings: Threads, memory and seed.

    Raises:
        FovealError: `teacher-classes`; `not-found`, `unknown-name`, and what opening a model or loading weights raises.
    """
    if Path(name).suffix == ".foveal":
        return ClassifierTeacher(load(name), data.class_names)
    network = create(find_spec(name))
    start = probe_start(network, data, settings)
    recogniser = Recogniser(network, data.classes, outputs=start.outputs, classifier=RootedLinear(start.head))
    return RecogniserTeacher(recogniser)
