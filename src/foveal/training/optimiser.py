"""What is trained at which rate, by which optimiser, and its state as tensors that a checkpoint can hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from foveal.errors import unknown_name
from foveal.types.checked import bad_value

if TYPE_CHECKING:
    from foveal.training.recogniser import Recogniser

Group = dict[str, Any]
"""Parameters of one rate: `params`, `rate` (the base rate), `weight_decay` and `name`."""


def layerwise(recogniser: Recogniser, *, rate: float, decay: float, weight_decay: float) -> list[Group]:
    """Every parameter, the earlier the slower: each stage at `decay` times the rate of what follows it.

    Neck and classifier have `rate` itself. Howard & Ruder (arXiv:1801.06146) called it discriminative fine-tuning; the
    geometric form is that of BEiT (arXiv:2106.08254). Biases, norms and what a network itself exempts are not decayed.

    Args:
        recogniser: The network, its neck and its classifier.
        rate: Base rate of the classifier.
        decay: Above 0 to 1; 1 gives every stage the same rate.
        weight_decay: Of the other weights.

    Returns:
        Groups for `make_optimiser`, first stage to classifier.

    Raises:
        FovealError: `bad-value`: the rate or the decay.
    """
    if not 0 < decay <= 1:
        raise bad_value("layerwise", "decay above 0 to 1", decay)
    stages = recogniser.network.stages()
    groups: list[Group] = []
    for number, stage in enumerate(stages):
        slower = rate * decay ** (len(stages) - number)
        groups += _split(recogniser, stage, f"stage {number}", slower, weight_decay)
    return groups + head_groups(recogniser, rate=rate, weight_decay=weight_decay)


def head_groups(recogniser: Recogniser, *, rate: float, weight_decay: float) -> list[Group]:
    """Neck and classifier only; the network stays as it is. See `layerwise`."""
    head = [*recogniser.neck.parameters(), *recogniser.classifier.parameters()]
    return _split(recogniser, head, "head", rate, weight_decay)


def train_only(module: nn.Module, groups: Iterable[Group]) -> int:
    """Switch gradients on for what the groups hold and off for everything else.

    Returns:
        How many numbers are trained.
    """
    trained = {id(each) for group in groups for each in group["params"]}
    for each in module.parameters():
        each.requires_grad_(id(each) in trained)
        if id(each) not in trained:
            each.grad = None
    return sum(each.numel() for each in module.parameters() if each.requires_grad)


OPTIMISERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adamw": torch.optim.AdamW,
    "adam": torch.optim.Adam,
    "sgd": torch.optim.SGD,
}


def make_optimiser(
    name: str, groups: Iterable[Group], *, momentum: float = 0.9, betas: tuple[float, float] = (0.9, 0.999)
) -> torch.optim.Optimizer:
    """An optimiser over the groups, at their base rates; `set_rates` moves them.

    "adamw" (Loshchilov & Hutter, arXiv:1711.05101), "adam" (Kingma & Ba, arXiv:1412.6980) and "sgd" with Nesterov's
    momentum (Sutskever et al., ICML 2013). All run fused: one pass over the memory instead of several.

    Args:
        name: "adamw", "adam" or "sgd".
        groups: As `layerwise` makes them.
        momentum: Of "sgd"; 0 is plain descent.
        betas: Of "adamw" and "adam".

    Raises:
        FovealError: `unknown-name`: the optimiser. `bad-value`: nothing to train.
    """
    if name not in OPTIMISERS:
        raise unknown_name("optimiser", name, OPTIMISERS)
    kept = [{**group, "params": list(group["params"]), "lr": group["rate"]} for group in groups]
    kept = [group for group in kept if group["params"]]
    if not kept:
        raise bad_value("make_optimiser", "groups with parameters to train", "none")
    settings: dict[str, Any] = {"lr": kept[-1]["lr"], "fused": _fused(kept)}
    if name == "sgd":
        settings |= {"momentum": momentum, "nesterov": momentum > 0}
    else:
        settings |= {"betas": betas}
    return OPTIMISERS[name](kept, **settings)


def set_rates(optimiser: torch.optim.Optimizer, factor: float) -> None:
    """Set every group's rate to its base rate times the schedule's factor."""
    for group in optimiser.param_groups:
        group["lr"] = group["rate"] * factor


def optimiser_state(optimiser: torch.optim.Optimizer) -> tuple[dict[str, Tensor], str]:
    """The state of an optimiser as what a safetensors file can hold.

    Returns:
        Tensors by "NUMBER/NAME", and the rest as JSON.
    """
    state = optimiser.state_dict()
    tensors, plain = {}, {}
    for number, values in state["state"].items():
        for name, value in values.items():
            if isinstance(value, Tensor):
                tensors[f"{number}/{name}"] = value.detach().contiguous()
            else:
                plain[f"{number}/{name}"] = value
    return tensors, json.dumps({"groups": state["param_groups"], "plain": plain})


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor], rest: str) -> None:
    """Put back what `optimiser_state` gave, bit for bit, into an optimiser made over the same groups.

    Raises:
        FovealError: `bad-value`: the state of an optimiser over other groups.
    """
    told = json.loads(rest)
    own = [len(group["params"]) for group in optimiser.param_groups]
    given = [len(group["params"]) for group in told["groups"]]
    if own != given:
        raise bad_value("restore_optimiser", f"groups of {own} parameters", given)
    state: dict[int, dict[str, Any]] = {}
    for key, value in {**tensors, **told["plain"]}.items():
        number, _, name = key.partition("/")
        state.setdefault(int(number), {})[name] = value
    for group in told["groups"]:
        if "betas" in group:
            group["betas"] = tuple(group["betas"])
    optimiser.load_state_dict({"state": state, "param_groups": told["groups"]})


def _split(
    module: nn.Module, parameters: Iterable[nn.Parameter], name: str, rate: float, weight_decay: float
) -> list[Group]:
    """One group that is decayed and one that is not; those without parameters are left out."""
    if not rate > 0:
        raise bad_value("groups", "a rate above 0", rate)
    exempt = _exempt(module)
    decayed: list[nn.Parameter] = []
    plain: list[nn.Parameter] = []
    for each in parameters:
        (plain if each.ndim <= 1 or id(each) in exempt else decayed).append(each)
    groups = [
        {"params": decayed, "rate": rate, "weight_decay": weight_decay, "name": name},
        {"params": plain, "rate": rate, "weight_decay": 0.0, "name": f"{name}, not decayed"},
    ]
    return [group for group in groups if group["params"]]


def _exempt(module: nn.Module) -> set[int]:
    """Parameters that networks of timm want to be left out: tokens, positions and the like."""
    found = set()
    for each in module.modules():
        names = getattr(each, "no_weight_decay", None)
        if callable(names):
            own = dict(each.named_parameters())
            found |= {id(own[name]) for name in names() if name in own}
    return found


def _fused(groups: list[Group]) -> bool:
    """Whether the fused kernels take all of the parameters."""
    return all(
        each.device.type in {"cpu", "cuda"} and each.is_floating_point() and type(each) is nn.Parameter
        for group in groups
        for each in group["params"]
    )
