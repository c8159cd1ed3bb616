"""Weights of a network from this machine, never from a network: where they are looked for, and that they fit."""

from __future__ import annotations

import os
from pathlib import Path

from torch import Tensor

from foveal.backbones.catalogue import find
from foveal.backbones.network import weights_file
from foveal.errors import FovealError
from foveal.storage import data_folder
from foveal.training.networks import packaged, timm_specs
from foveal.training.networks.spec import Spec
from foveal.training.networks.state_files import KERAS, SUFFIXES, read_state

HUB_FILES = ("model.safetensors", "pytorch_model.bin")
"""What timm's repositories of the hub keep weights in, the preferred first."""


def kept_folder() -> Path:
    """Folder where `foveal models pull` puts weights, and where people may put theirs: `$FOVEAL_HOME/weights`."""
    return data_folder() / "weights"


def load_weights(spec: Spec, weights: str | Path = "auto") -> dict[str, Tensor]:
    """The weights of a network, as its library names them.

    Args:
        spec: The network.
        weights: "auto", or a file.

    Raises:
        FovealError: `weights-missing`, `weights-unreadable`, `weights-changed`.
    """
    if str(weights) != "auto":
        file = Path(weights)
        if not file.is_file():
            raise FovealError(
                "weights-missing",
                f"{file}: expected a file of weights, got none",
                hint="name a .safetensors, .pth or Keras .h5 file, or leave the weights on auto",
            )
        return _read(file, spec)
    found = local_file(spec)
    if found is None:
        raise _missing(spec)
    if spec.library == "foveal" and found.parent != kept_folder():
        return packaged.read(spec, found)
    return _read(found, spec)


def local_file(spec: Spec) -> Path | None:
    """Where the weights of a network are on this machine, or None.

    Looked for in this order: `$FOVEAL_HOME/weights/NAME.safetensors` (or .pth), the offline package, the hub's cache
    (timm) and PyTorch's (torchvision, and timm's plain addresses).
    """
    for suffix in SUFFIXES:
        kept = kept_folder() / f"{spec.name}{suffix}"
        if kept.is_file():
            return kept
    if spec.library == "foveal" and spec.source:
        return weights_file(find(spec.name))
    if spec.library == "timm" and spec.tag:
        given = timm_specs.configuration(spec.architecture, spec.tag)
        return _in_hub_cache(given.hf_hub_id, given.hf_hub_filename) or _in_torch_cache(given.url)
    return _in_torch_cache(spec.source) if spec.library == "torchvision" else None


def _read(file: Path, spec: Spec) -> dict[str, Tensor]:
    if file.suffix.lower() in KERAS:
        from foveal.training import keras_weights

        state: dict[str, Tensor] = keras_weights.read(file, spec)
        return state
    return read_state(file)


def _in_hub_cache(repository: str | None, file: str | None) -> Path | None:
    """A file of a repository in the hub's cache: its newest snapshot on this machine."""
    if not repository:
        return None
    folder = _hub_cache() / f"models--{repository.replace('/', '--')}" / "snapshots"
    snapshots = sorted(folder.glob("*"), key=lambda each: each.stat().st_mtime, reverse=True)
    names = (file,) if file else HUB_FILES
    return next((each / name for each in snapshots for name in names if (each / name).is_file()), None)


def _hub_cache() -> Path:
    """Where huggingface_hub keeps what it fetched, by its own variables."""
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if os.environ.get(variable):
            return Path(os.environ[variable])
    home = os.environ.get("HF_HOME") or str(_user_cache() / "huggingface")
    return Path(home) / "hub"


def _in_torch_cache(address: str | None) -> Path | None:
    """A file that torch.hub fetched from an address."""
    if not address:
        return None
    home = os.environ.get("TORCH_HOME") or str(_user_cache() / "torch")
    file = Path(home) / "hub" / "checkpoints" / address.rpartition("/")[2]
    return file if file.is_file() else None


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()


def _missing(spec: Spec) -> FovealError:
    if not spec.source:
        return FovealError(
            "weights-missing",
            f"{spec.name}: expected published weights, but {spec.library} has none for it",
            hint="train it from scratch (--recipe from-scratch), or name a file of weights",
        )
    kept = kept_folder() / f"{spec.name}.safetensors"
    if spec.library == "foveal":
        install = find(spec.name).weights.install
        return FovealError(
            "weights-missing",
            f"{spec.name}: expected its weights on this machine, got none",
            hint=f'pip install "{install}", or put them at {kept}',
        )
    return FovealError(
        "weights-missing",
        f"{spec.name}: expected its weights on this machine, got none; they are at {spec.source}",
        hint=f"on a machine with a network run `foveal models pull {spec.name} --to DIR`, "
        f"then copy DIR/{spec.name}.safetensors to {kept.parent}",
    )
