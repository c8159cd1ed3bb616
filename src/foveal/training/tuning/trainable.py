"""How much of a network is learnt, and how large the file of the difference would be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from torch import nn

_NORMS = (
    nn.modules.batchnorm._BatchNorm,
    nn.LayerNorm,
    nn.GroupNorm,
    nn.modules.instancenorm._InstanceNorm,
)


@dataclass(frozen=True)
class Trainable:
    """What a training changes.

    Args:
        trained: Numbers that are learnt.
        parameters: Numbers there are, those learnt among them.
        delta_bytes: What would have to be kept beside the pretrained network: what is learnt, in its own precision.
    """

    trained: int
    parameters: int
    delta_bytes: int

    @property
    def share(self) -> float:
        """Share of the parameters that is learnt."""
        return self.trained / max(1, self.parameters)

    @classmethod
    def of(
        cls, module: nn.Module, learnt: Iterable[nn.Parameter], *, but: Iterable[nn.Module | None] = ()
    ) -> Trainable:
        """Count.

        Args:
            module: A network with its head, with whatever was added to it.
            learnt: The parameters that are learnt; one that comes twice counts once.
            but: Layers that do not count, since nothing goes through them.
        """
        unique = {id(each): each for each in learnt}.values()
        idle = {id(each) for layer in but if layer is not None for each in layer.parameters()}
        return cls(
            trained=sum(each.numel() for each in unique),
            parameters=sum(each.numel() for each in module.parameters() if id(each) not in idle),
            delta_bytes=sum(each.numel() * each.element_size() for each in unique),
        )

    def record(self) -> dict[str, Any]:
        """JSON-able."""
        return {**asdict(self), "share": self.share}

    def __str__(self) -> str:
        size = self.delta_bytes / 1e3
        return (
            f"{self.trained:,} of {self.parameters:,} parameters are trained ({self.share:.2%}); "
            f"the difference takes {f'{size / 1e3:.1f} MB' if size >= 1e3 else f'{size:.1f} kB'}"
        )


def norm_parameters(module: nn.Module) -> Iterator[nn.Parameter]:
    """Scales and shifts of the normalisation layers, first to last."""
    for layer in module.modules():
        if isinstance(layer, _NORMS):
            yield from layer.parameters(recurse=False)


def bias_parameters(module: nn.Module, *, but: Iterable[nn.Module | None] = ()) -> Iterator[nn.Parameter]:
    """Everything that is added to a layer's output: biases of layers and shifts of normalisations, first to last.

    Args:
        module: Whose.
        but: Layers to leave out.
    """
    left = {id(each) for layer in but if layer is not None for each in layer.parameters()}
    for name, parameter in module.named_parameters():
        if name.rpartition(".")[2] in {"bias", "in_proj_bias"} and id(parameter) not in left:
            yield parameter
