"""Make a network: its module, with weights found on this machine or with random ones."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch

from foveal.training.networks.bodies import build_body
from foveal.training.networks.fitting import fit
from foveal.training.networks.spec import Spec
from foveal.training.networks.torch_network import TorchNetwork
from foveal.training.networks.weights import load_weights, local_file


def create(spec: Spec, *, weights: str | Path = "auto", pretrained: bool = True, seed: int = 0) -> TorchNetwork:
    """Make a network, in evaluation mode.

    Args:
        spec: Which, from `foveal.training.networks.catalogue.find_spec`.
        weights: "auto" for those of the spec, wherever on this machine they are (nothing is ever downloaded), or a
            .safetensors, .pth or Keras .h5 file.
        pretrained: False for random weights.
        seed: Of the random weights.

    Raises:
        FovealError: `weights-missing`, `weights-unreadable`, `weights-changed`, `weights-mismatch`.
    """
    if pretrained:
        state = load_weights(spec, weights)
        where = local_file(spec) if str(weights) == "auto" else weights
        spec, body, layer = fit(spec, state, where=str(where))
    else:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            body, layer = build_body(spec, None)
    parameters = sum(each.numel() for module in (body, layer) if module is not None for each in module.parameters())
    network = TorchNetwork(dataclasses.replace(spec, parameters=parameters), body, layer)
    network.eval()
    return network
