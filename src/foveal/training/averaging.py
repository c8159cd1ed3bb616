"""Averages of weights: over the steps of a training, and between the pretrained and the tuned network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from foveal.types.checked import bad_value


class Average:
    """An exponential moving average of a network's weights and running statistics.

    Polyak & Juditsky (1992) averaged evenly; the exponential one is that of Inception (arXiv:1512.00567). Its decay
    ramps up as TensorFlow has it, min(decay, (1 + t)/(10 + t)) after t updates, which lets a short training forget
    where it started.

    Args:
        module: Whose state is averaged.
        decay: Share of the old average that stays at each update, from 0, below 1.

    Raises:
        FovealError: `bad-value`: the decay.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        if not 0 <= decay < 1:
            raise bad_value("Average", "decay from 0, below 1", decay)
        self.decay = decay
        self.updates = 0
        self._average = {name: value.detach().clone() for name, value in module.state_dict().items()}

    def share(self) -> float:
        """Share of the old average that the next update keeps."""
        return min(self.decay, (1 + self.updates) / (10 + self.updates))

    @torch.no_grad()  # type: ignore[untyped-decorator]  # torch is not looked into
    def update(self, module: nn.Module) -> None:
        """Take in the state after a step."""
        kept = self.share()
        floating: tuple[list[Tensor], list[Tensor]] = ([], [])
        for name, value in module.state_dict().items():
            mine = self._average[name]
            if mine.is_floating_point():
                floating[0].append(_local(mine))
                floating[1].append(_local(value.detach()))
            else:
                mine.copy_(value)
        torch._foreach_lerp_(*floating, 1 - kept)
        self.updates += 1

    @contextmanager
    def swapped(self, module: nn.Module) -> Iterator[None]:
        """The module holds the average inside the block, and what it held before afterwards."""
        before = {name: value.detach().clone() for name, value in module.state_dict().items()}
        self.copy_to(module)
        try:
            yield
        finally:
            _copy(before, module)

    def copy_to(self, module: nn.Module) -> None:
        """Give the average to a module for good."""
        _copy(self._average, module)

    def state_dict(self) -> dict[str, Tensor]:
        """The average by the names of the module's own state; `updates` is kept beside it."""
        return dict(self._average)

    def load_state_dict(self, state: Mapping[str, Tensor], *, updates: int) -> None:
        """Go on where another average stood.

        Raises:
            FovealError: `bad-value`: the state of another network.
        """
        _same_names("Average", state, self._average)
        for name, value in state.items():
            self._average[name].copy_(value)
        self.updates = updates


def interpolate(
    pretrained_state: Mapping[str, Tensor], tuned_state: Mapping[str, Tensor], alpha: float
) -> dict[str, Tensor]:
    """Weights between the pretrained and the tuned network: (1 − α) · pretrained + α · tuned.

    Wortsman et al., "Robust fine-tuning of zero-shot models" (CVPR 2022, arXiv:2109.01903), called WiSE-FT. It needs
    both ends to solve the task, so the pretrained one has its head, from a probe. Running statistics are interpolated
    too, which is right where they were frozen; otherwise they should be measured again.

    Args:
        pretrained_state: The state before the tuning, its head included.
        tuned_state: The state after it.
        alpha: 0 (pretrained) to 1 (tuned).

    Returns:
        A state of its own; whole numbers, such as counters of batches, are the tuned network's.

    Raises:
        FovealError: `bad-value`: α, or states of different networks.
    """
    if not 0 <= alpha <= 1:
        raise bad_value("interpolate", "alpha from 0 to 1", alpha)
    _same_names("interpolate", pretrained_state, tuned_state)
    return {
        name: torch.lerp(pretrained_state[name].detach().to(tuned), tuned.detach(), alpha)
        if tuned.is_floating_point()
        else tuned.detach().clone()
        for name, tuned in tuned_state.items()
    }


@torch.no_grad()  # type: ignore[untyped-decorator]  # torch is not looked into
def _copy(state: Mapping[str, Tensor], module: nn.Module) -> None:
    for name, value in module.state_dict().items():
        value.copy_(state[name])


def _local(value: Tensor) -> Tensor:
    """This process's share of a tensor that FSDP shards, in the same memory; any other tensor itself."""
    share: Tensor = value.to_local() if hasattr(value, "to_local") else value
    return share


def _same_names(owner: str, given: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> None:
    strange = sorted(given.keys() ^ own.keys()) or [name for name in own if given[name].shape != own[name].shape]
    if strange:
        raise bad_value(
            owner, "two states of the same network", f"{', '.join(strange[:3])} in one only or of two shapes"
        )
