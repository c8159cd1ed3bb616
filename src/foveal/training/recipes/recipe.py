"""What every recipe is: a network with a head, the stretches of its training, and what is done at the end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar

from torch import Tensor

from foveal.errors import FovealError
from foveal.training.networks.torch_network import TorchNetwork
from foveal.training.options import Options
from foveal.training.phase import Phase
from foveal.training.recogniser import Recogniser
from foveal.training.settings import TrainingData, TrainSettings
from foveal.training.start import Start

LossBeside = Callable[[Tensor, Tensor], Tensor]
"""Pictures uint8 [B, H, W, 3] and the logits [B, C] they led to, to a scalar that is added to the loss."""


class Recipe(ABC):
    """One way of training, a subclass and a file each. `foveal.training.carry_out` goes through its methods in order.

    Attributes:
        name: What people type.
        backbone: The network that "auto" stands for.
        pretrained: Whether the network begins with published weights.
        rooted: Whether the last layer begins as the core's probe, so that training starts where the probe ended.
        parts: Words of `foveal.training.options.PARTS_OF_TRAINING` that are on by themselves.
        unfit: Words that make no sense here, each with the reason.
    """

    name: ClassVar[str]
    backbone: ClassVar[str] = "lite0"
    pretrained: ClassVar[bool] = True
    rooted: ClassVar[bool] = False
    parts: ClassVar[tuple[str, ...]] = ()
    unfit: ClassVar[Mapping[str, str]] = {}

    def on(self, options: Options) -> frozenset[str]:
        """The parts of training that are on.

        Raises:
            FovealError: `part-unfit`: one was put in that makes no sense here.
        """
        for word in options.with_:
            if word in self.unfit:
                raise FovealError(
                    "part-unfit",
                    f"--with {word}: expected a part that suits the recipe {self.name}, got one that does not: "
                    f"{self.unfit[word]}",
                    hint="leave it out, or choose another recipe",
                )
        return options.parts(self.parts)

    @abstractmethod
    def build(self, network: TorchNetwork, classes: int, options: Options, start: Start | None = None) -> Recogniser:
        """The network with its head.

        Args:
            network: As `foveal.training.networks.create` made it; it may be changed.
            classes: Number of classes C.
            options: What the user said.
            start: The core's probe; a `rooted` recipe begins there. None: with a last layer of zeros.
        """

    @abstractmethod
    def phases(self, recogniser: Recogniser, options: Options) -> tuple[Phase, ...]:
        """The stretches of training, in order."""

    def beside(
        self, recogniser: Recogniser, data: TrainingData, options: Options, settings: TrainSettings
    ) -> LossBeside | None:
        """A loss beside the one against the labels; None where there is none."""
        return None

    def finish(self, recogniser: Recogniser) -> None:  # noqa: B027  # most recipes have nothing to do here
        """Turn what was trained into what is exported, such as by adding changes to the weights."""
