"""Residual bottlenecks behind the stages of a network: x + U·gelu(D·x), narrow in the middle and zero to begin with.

Houlsby et al. (arXiv:1902.00751) put them into transformers, Rebuffi et al. (arXiv:1705.08045) as 1×1 convolutions into
residual networks. They stay in the network that is exported, since a bend cannot be added to a weight.
"""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn
from torch.nn import functional

from foveal.training.networks.layout import layout_of
from foveal.training.networks.torch_network import TorchNetwork


class Bottleneck(nn.Module):  # type: ignore[misc]  # torch is not looked into
    """What is added to a stage's output; nothing to begin with.

    Args:
        channels: Of the output.
        width: Numbers in the middle.
        channels_first: Whether it is a map [N, C, h, w]; tokens and other maps have their channels last.
    """

    def __init__(self, channels: int, width: int, *, channels_first: bool) -> None:
        super().__init__()
        make = (lambda a, b: nn.Conv2d(a, b, 1)) if channels_first else nn.Linear
        self.down, self.up = make(channels, width), make(width, channels)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, values: Tensor) -> Tensor:
        """The same shape."""
        return values + self.up(functional.gelu(self.down(values)))


class Adapted(nn.Module):  # type: ignore[misc]  # torch is not looked into
    """A stage with a bottleneck behind it.

    Args:
        stage: The stage.
        bottleneck: What is added to its output.
    """

    def __init__(self, stage: nn.Module, bottleneck: Bottleneck) -> None:
        super().__init__()
        self.stage, self.bottleneck = stage, bottleneck

    def forward(self, values: Tensor) -> Tensor:
        """What the stage gives, changed."""
        changed: Tensor = self.bottleneck(self.stage(values))
        return changed


def add_adapters(network: TorchNetwork, *, width: int) -> int:
    """Put a bottleneck behind every stage, and behind the last map; a stage is where a resolution ends.

    Nothing that the network had before is learnt any more.

    Args:
        network: It is changed; its `stages()` no longer stand.
        width: Of the bottlenecks; no wider than half of the channels.

    Returns:
        How many there are.
    """
    network.requires_grad_(False)
    layout = layout_of(network.body, network.spec.preprocess.size_wh)
    units = {unit.name: unit for unit in (*layout.taps, *([layout.last_map] if layout.last_map else []))}
    like = next(network.body.parameters())
    # The inner ones first: a stage inside another keeps its name until its own turn.
    for name, unit in sorted(units.items(), key=lambda each: -each[0].count(".")):
        bottleneck = Bottleneck(
            unit.channels,
            max(1, min(width, unit.channels // 2)),
            channels_first=unit.is_map and not unit.channels_last,
        ).to(like)
        network.body.set_submodule(name, Adapted(network.body.get_submodule(name), bottleneck))
    return len(units)


def adapter_parameters(module: nn.Module) -> Iterator[nn.Parameter]:
    """The parameters of every bottleneck, first to last."""
    for each in module.modules():
        if isinstance(each, Bottleneck):
            yield from each.parameters()
