"""Checkpoints: one safetensors file each, written whole or not at all, and only read into the job that wrote it."""

from __future__ import annotations

import json
import os
import shutil
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from foveal.errors import FovealError
from foveal.storage import cannot_write

LAST, BEST = "last.safetensors", "best.safetensors"
FORMAT = 1


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint holds.

    Args:
        tensors: By name: model/…, ema/…, optimiser/…, and what the loop itself keeps.
        facts: Everything else, as JSON can hold it.
        job: What it belongs to: part of the job to its digest; see `foveal.training.job`.
    """

    tensors: Mapping[str, Tensor]
    facts: Mapping[str, Any]
    job: Mapping[str, str]

    def part(self, name: str) -> dict[str, Tensor]:
        """The tensors of one part, without its name in front."""
        return {key[len(name) + 1 :]: value for key, value in self.tensors.items() if key.startswith(f"{name}/")}


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; whatever happens meanwhile, the one that was there stays whole.

    Raises:
        FovealError: `cannot-write`.
    """
    tensors = _apart({name: value.detach().cpu().contiguous() for name, value in checkpoint.tensors.items()})
    told = {
        "format": FORMAT,
        "job": dict(checkpoint.job),
        "facts": checkpoint.facts,
        "sums": {name: _sum(value) for name, value in tensors.items()},
    }
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, temporary, metadata={"foveal": json.dumps(told)})
        temporary.chmod(_usual_mode(path.parent))
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except (OSError, SafetensorError) as error:
        raise _unwritten(path, error if isinstance(error, OSError) else OSError(str(error))) from error
    finally:
        temporary.unlink(missing_ok=True)


def keep_as(path: Path, other: Path) -> None:
    """Copy a checkpoint to another name, so that damage to the one does not reach the other.

    Raises:
        FovealError: `cannot-write`.
    """
    temporary = other.with_name(f".{other.name}.part")
    try:
        shutil.copyfile(path, temporary)
        temporary.replace(other)
    except OSError as error:
        raise _unwritten(other, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def read(path: Path, job: Mapping[str, str] | None = None) -> Checkpoint:
    """Read a checkpoint.

    Args:
        path: The file.
        job: What is about to go on from it; None reads that of any job.

    Raises:
        FovealError: `checkpoint-damaged`: cut off, changed, or written by another version. `checkpoint-mismatch`: it
            belongs to another job; the message names what differs.
    """
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            told = json.loads((file.metadata() or {})["foveal"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # it is no dictionary
        wrong = "" if told["format"] == FORMAT else f"format {told['format']} where {FORMAT} was expected"
        checkpoint = Checkpoint(tensors, told["facts"], told["job"])
        sums = told["sums"]
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path, str(error) or type(error).__name__) from error
    if not wrong and (sums.keys() != tensors.keys() or any(_sum(tensors[name]) != sums[name] for name in sums)):
        wrong = "other bytes than were written"
    if wrong:
        raise _damaged(path, wrong)
    if job is not None:
        _check_job(path, checkpoint.job, job)
    return checkpoint


def facts_of(path: Path) -> Mapping[str, Any] | None:
    """The facts of a checkpoint without its tensors; None where they cannot be read."""
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            told: Mapping[str, Any] = json.loads((file.metadata() or {})["foveal"])["facts"]
            return told
    except (OSError, SafetensorError, ValueError, KeyError, TypeError):
        return None


def find(folder: Path) -> Path | None:
    """The checkpoint to go on from: the last, or the best where someone removed the last; None where there is none."""
    return next((folder / name for name in (LAST, BEST) if (folder / name).is_file()), None)


@torch.no_grad()  # type: ignore[misc, untyped-decorator, unused-ignore]  # torch is not looked into
def put(state: Mapping[str, Tensor], saved: Mapping[str, Tensor]) -> None:
    """Copy saved values into tensors where they lie, in their own order of memory; sharded ones take their share."""
    for name, value in state.items():
        value.copy_(_like(saved[name], value))


@torch.no_grad()  # type: ignore[misc, untyped-decorator, unused-ignore]  # torch is not looked into
def align(optimiser: torch.optim.Optimizer) -> None:
    """Give an optimiser's state, as read from a file, the order of memory of its parameters, which fused steps need."""
    for parameter, values in optimiser.state.items():
        for name, value in values.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                values[name] = torch.empty_like(parameter, dtype=value.dtype, requires_grad=False)
                values[name].copy_(_like(value, values[name]))


def whole(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors as if one process held them all; all processes must ask for sharded ones."""
    return {
        name: value.full_tensor() if hasattr(value, "full_tensor") else value.detach()
        for name, value in tensors.items()
    }


def _like(value: Tensor, target: Tensor) -> Tensor:
    if not hasattr(target, "placements"):
        return value
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(value.to(target.device), target.device_mesh, target.placements)


def _apart(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors that share no memory, as safetensors wants them: tied weights are written twice."""
    seen: set[int] = set()
    for name, value in tensors.items():
        place = value.untyped_storage().data_ptr()
        if value.numel() and place in seen:
            tensors[name] = value.clone()
        seen.add(place)
    return tensors


def _usual_mode(folder: Path) -> int:
    """What a new file may be read and written by; safetensors makes files that only their owner may read."""
    return 0o600 | (folder.stat().st_mode & 0o066)


def _sum(tensor: Tensor) -> int:
    return zlib.crc32(tensor.reshape(-1).view(torch.uint8).numpy()) if tensor.numel() else 0


def _unwritten(path: Path, error: OSError) -> FovealError:
    found = cannot_write(path, error)
    found.hint = "free some space; a checkpoint that was written before is whole, and --resume goes on from it"
    return found


def _damaged(path: Path, reason: str) -> FovealError:
    other = path.with_name(BEST if path.name == LAST else LAST)
    if other.is_file():
        hint = f"remove {path.name}: the training then goes on from {other.name}"
        if path.name == BEST:
            hint = f"remove {path.name}; {other.name} is not touched by this"
    else:
        hint = "remove the folder and train anew"
    return FovealError(
        "checkpoint-damaged", f"{path}: expected a checkpoint as it was written, got {reason}", hint=hint
    )


def _check_job(path: Path, kept: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    other = [name for name in {**kept, **wanted} if kept.get(name) != wanted.get(name)]
    if other:
        raise FovealError(
            "checkpoint-mismatch",
            f"{path}: expected a checkpoint of this training, got one of another: {', '.join(other)} differ",
            hint="resume with the photos, recipe and options it was started with, or train into another folder",
        )
