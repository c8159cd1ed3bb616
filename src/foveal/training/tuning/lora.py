"""Low-rank changes of weights: W + (α/r)·B·A, of which only the narrow factors A and B are learnt.

Hu et al., "LoRA" (arXiv:2106.09685), for linear layers and attention; a convolution's kernel [out, in, k, k] is changed
in the same way as the matrix [out, in·k·k] that it is when the picture is unfolded. B begins at zero, so that the
network begins as it was; at the end the change is added to W, and the network is a plain one again, no slower than
before.

`peft`, the library for this, brings transformers and accelerate along and knows the layers of language models best; on
top of PyTorch's own parametrisations it takes the few lines below.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

# Of a layer that is not much larger than its two factors, nothing is gained by not learning it whole.
_MOST_SHARE = 0.5
_NAMES = ("weight", "in_proj_weight")


class LowRank(nn.Module):  # type: ignore[misc]  # torch is not looked into
    """A weight plus a product of two narrow matrices.

    Args:
        weight: The weight [out, …] that it will be added to.
        rank: Columns of B and rows of A.
        strength: What the product is multiplied by; the paper's α/r.
    """

    def __init__(self, weight: Tensor, *, rank: int, strength: float = 1.0) -> None:
        super().__init__()
        out, inside = _matrix(weight)
        self.strength = strength
        self.a = nn.Parameter(torch.empty(rank, inside, dtype=weight.dtype, device=weight.device))
        self.b = nn.Parameter(torch.zeros(out, rank, dtype=weight.dtype, device=weight.device))
        nn.init.kaiming_uniform_(self.a, a=5**0.5)

    def forward(self, weight: Tensor) -> Tensor:
        """The changed weight, shaped as it was."""
        return weight + self.strength * (self.b @ self.a).view_as(weight)


def add_low_rank(module: nn.Module, *, rank: int, strength: float = 1.0, but: Iterable[nn.Module | None] = ()) -> None:
    """Give every convolution, linear layer and attention in a module a low-rank change, which begins as none.

    Layers so small that the factors would be more than half of them are left alone. The weights themselves are no
    longer learnt: `requires_grad` is False for every parameter that the module had.

    Args:
        module: A network; it is changed.
        rank: Width of the factors.
        strength: What their product is multiplied by.
        but: Layers to leave alone.
    """
    module.requires_grad_(False)
    left = {id(each) for each in but}
    for layer, name in list(_weights(module)):
        weight = getattr(layer, name)
        out, inside = _matrix(weight)
        if id(layer) in left or rank * (out + inside) > _MOST_SHARE * out * inside:
            continue
        parametrize.register_parametrization(layer, name, LowRank(weight, rank=rank, strength=strength))


def low_rank_parameters(module: nn.Module) -> Iterator[nn.Parameter]:
    """The factors of every low-rank change, the first layer's first: what is to be learnt."""
    for each in module.modules():
        if isinstance(each, LowRank):
            yield from each.parameters()


def plain_state(module: nn.Module) -> dict[str, Tensor]:
    """A copy of the state by the names it has once the changes are merged, without them."""
    kept = {}
    for name, value in module.state_dict().items():
        head, changed, rest = name.rpartition("parametrizations.")
        if not changed:
            kept[name] = value.detach().clone()
        elif rest.endswith(".original"):
            kept[head + rest.removesuffix(".original")] = value.detach().clone()
    return kept


def merge_low_rank(module: nn.Module) -> None:
    """Add every low-rank change to its weight; the module is as plain as before `add_low_rank`, and learns no more."""
    for layer in list(module.modules()):
        if parametrize.is_parametrized(layer):
            for name in [*layer.parametrizations]:
                parametrize.remove_parametrizations(layer, name, leave_parametrized=True)
    module.requires_grad_(False)


def _weights(module: nn.Module) -> Iterator[tuple[nn.Module, str]]:
    for layer in module.modules():
        if isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Linear | nn.MultiheadAttention):
            for name in _NAMES:
                if isinstance(getattr(layer, name, None), nn.Parameter):
                    yield layer, name


def _matrix(weight: Tensor) -> tuple[int, int]:
    return weight.shape[0], weight[0].numel()
