"""Weights that do not fit a network as they are: those of a network without its last layers, or a wrong file."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from foveal.errors import FovealError
from foveal.training.networks.bodies import build_body, whole
from foveal.training.networks.spec import Spec

_MOST_NAMES = 3


def fit(spec: Spec, state: Mapping[str, Tensor], *, where: str) -> tuple[Spec, nn.Module, nn.Linear | None]:
    """Build a network with these weights.

    A file may lack the layers at the end, as Keras' "notop" files do: they are left out of the network then, whose
    embedding is what comes before them, and which has no classes.

    Args:
        spec: The network.
        state: Its weights, as its library names them.
        where: Their file, for messages.

    Returns:
        The spec, the module and its ImageNet layer.

    Raises:
        FovealError: `weights-mismatch`, with how many of which tensors fit.
    """
    # What torchvision's weights without a classifier have in its place.
    state = {name: value for name, value in state.items() if not torch.isnan(value).any()}
    if not state:
        # timm takes no weights for a wish to fetch them.
        raise _mismatch(spec, state, where)
    try:
        return spec, *build_body(spec, state)
    except Exception as error:  # what timm's converters of layouts raise is as varied as the layouts
        missing = _last_layers_missing(spec, state)
        if not missing:
            raise _mismatch(spec, state, where) from error
    body = whole(spec, None)
    body.load_state_dict(dict(state), strict=False)
    for name in missing:
        _take_out(body, name, {*missing})
    if isinstance(getattr(body, "avgpool", None), nn.AdaptiveAvgPool2d):
        # torchvision's VGG and AlexNet average over 7 x 7 and 6 x 6 places, for the layers that are gone.
        body.avgpool = nn.AdaptiveAvgPool2d(1)
    return dataclasses.replace(spec, classes="", published_top1=None), body.eval(), None


def _expected(spec: Spec) -> tuple[dict[str, Tensor], list[str]]:
    """The tensors that a network has, and the names of its parameters in order."""
    with torch.device("meta"):
        body = whole(spec, None)
    return body.state_dict(), [name for name, _ in body.named_parameters()]


def _last_layers_missing(spec: Spec, state: Mapping[str, Tensor]) -> list[str]:
    """Names of the parameters at the end of the network that the file lacks; none when it lacks others too."""
    expected, parameters = _expected(spec)
    fitting = {name for name, value in expected.items() if name in state and state[name].shape == value.shape}
    first = next((number for number, name in enumerate(parameters) if name not in fitting), len(parameters))
    behind = parameters[first:]
    complete = first > 0 and not fitting & {*behind} and {*state} <= fitting
    linear = all(name.rpartition(".")[2] in {"weight", "bias"} for name in behind)
    buffers = {*expected} - {*parameters} - fitting
    return behind if complete and linear and not buffers else []


def _take_out(body: nn.Module, parameter: str, missing: set[str]) -> None:
    """Put nothing in the place of the largest module around a parameter that has no others, nor pools."""
    owner = parameter.rpartition(".")[0]
    while owner and parameter in dict(body.named_parameters()):
        above = owner.rpartition(".")[0]
        module = body.get_submodule(above)
        has_others = {f"{above}.{name}" for name, _ in module.named_parameters()} - missing
        if not above or has_others or any("Pool" in type(each).__name__ for each in module.modules()):
            body.set_submodule(owner, nn.Identity())
        owner = above


def _mismatch(spec: Spec, state: Mapping[str, Tensor], where: str) -> FovealError:
    expected, _ = _expected(spec)
    shared = expected.keys() & state.keys()
    other_shape = sorted(name for name in shared if expected[name].shape != state[name].shape)
    missing = sorted(expected.keys() - state.keys())
    strange = sorted(state.keys() - expected.keys())
    parts = [
        f"{len(shared) - len(other_shape)} fit",
        *(
            f"{len(names)} {what} ({', '.join(names[:_MOST_NAMES])}{', …' if len(names) > _MOST_NAMES else ''})"
            for names, what in ((other_shape, "of another shape"), (missing, "missing"), (strange, "unknown"))
            if names
        ),
    ]
    return FovealError(
        "weights-mismatch",
        f"{where}: expected the {len(expected)} tensors of {spec.library}'s {spec.architecture}, got {len(state)}: "
        + ", ".join(parts),
        hint="name the architecture that the file belongs to; a classifier of your own comes in by `foveal adopt`",
    )
