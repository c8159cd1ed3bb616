"""Build the modules of timm and torchvision, their last layer apart."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import timm
from torch import Tensor, nn
from torchvision import models

from foveal.training.networks import convnet32
from foveal.training.networks.spec import Spec

State = Mapping[str, Tensor]

# Modules that only train the network and end in classifiers of their own.
_AUXILIARY = ("AuxLogits.", "aux1.", "aux2.")


def build_body(spec: Spec, state: State | None) -> tuple[nn.Module, nn.Linear | None]:
    """Build the module of a library.

    Args:
        spec: The network.
        state: Its weights as the library names them; None for random ones.

    Returns:
        The module, giving what its last layer would get; and that layer, where it is linear and of 1,000 classes.

    Raises:
        RuntimeError: The weights do not fit, as torch says it.
    """
    body = whole(spec, state).eval()
    last = _last_linear(body) if spec.library == "torchvision" else _last_timm(body)
    if last is None:
        return body, None
    layer = body.get_submodule(last)
    body.set_submodule(last, nn.Identity())
    return body, layer if layer.out_features == 1000 else None


def whole(spec: Spec, state: State | None) -> nn.Module:
    """The module of a library as it is, its last layer in place; see `build_body`."""
    return _whole_torchvision(spec, state) if spec.library == "torchvision" else _whole_timm(spec, state)


def _whole_timm(spec: Spec, state: State | None) -> nn.Module:
    if spec.library == "foveal":
        own = spec.architecture == convnet32.NAME
        body = convnet32.ConvNet32() if own else timm.create_model(f"tf_{spec.architecture}")
        if state is not None:
            body.load_state_dict(state)
        return body
    name = f"{spec.architecture}.{spec.tag}" if spec.tag else spec.architecture
    if state is None:
        return timm.create_model(name)
    # timm's own way in, since it knows the layouts that its networks were published in.
    body = timm.create_model(
        name, pretrained=True, pretrained_cfg_overlay={"state_dict": dict(state), "custom_load": False}
    )
    # It keeps what it was given, which every copy of the network would copy.
    body.pretrained_cfg.pop("state_dict")
    return body


def _last_timm(body: Any) -> str | None:
    """Name of the layer that gives the logits; a network with another kind of head loses its head here."""
    layer = body.get_classifier()
    if getattr(body, "aux_head", None) is not None:
        # VOLO adds what it makes of every place to what its class token says; its embedding is the token.
        body.aux_head, body.head = None, nn.Identity()
        return None
    names = [name for name, module in body.named_modules() if module is layer]
    if isinstance(layer, nn.Linear) and names:
        return str(names[0])
    body.reset_classifier(0)
    return None


def _whole_torchvision(spec: Spec, state: State | None) -> nn.Module:
    given: dict[str, Any] = {}
    if spec.architecture in {"googlenet", "inception_v3"}:
        given = {"aux_logits": False, "transform_input": True, "init_weights": state is None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        body = models.get_model(spec.architecture, weights=None, **given)
    if spec.architecture.startswith("densenet"):
        # It calls this function behind its last map; as a module it is seen.
        body.features.add_module("relu5", nn.ReLU())
    if state is not None:
        body.load_state_dict({name: value for name, value in state.items() if not name.startswith(_AUXILIARY)})
    if spec.architecture.startswith("squeezenet"):
        # Its classifier is a convolution with a ReLU behind it; what it gets is a map.
        body.classifier = nn.AdaptiveAvgPool2d(1)
    return body


def _last_linear(body: nn.Module) -> str | None:
    found = [name for name, module in body.named_modules() if type(module) is nn.Linear and module.out_features == 1000]
    return found[-1] if found else None
