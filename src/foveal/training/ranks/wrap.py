"""A network that several processes train as one."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from foveal.errors import FovealError, unknown_name
from foveal.training.ranks.lost import told_clearly
from foveal.training.ranks.world import World

PARALLEL = ("ddp", "fsdp")
"""Ways to share the work: the whole network in each process, or a share of its weights."""

# Below this, sending a part alone costs more than holding it whole.
_UNIT_NUMBERS = 100_000


def wrap(module: nn.Module, world: World, *, parallel: str = "ddp") -> nn.Module:
    """The module whose gradients are averaged over all processes; the same module where there is one only.

    Set `requires_grad` beforehand, and wrap anew when it changes: what is frozen now is not exchanged. The losses are
    means over each process's photos, so that their average is the mean over the whole batch.

    Args:
        module: On the process's device.
        world: The processes.
        parallel: "ddp" (Li et al., arXiv:2006.15704), or "fsdp" (Zhao et al., arXiv:2304.11277), which shards weights,
            gradients and the optimiser's state: for what does not fit. "fsdp" changes the module in place.

    Raises:
        FovealError: `unknown-name`: the way. `fsdp-impossible`: this PyTorch or this backend cannot. `rank-lost`.
    """
    if parallel not in PARALLEL:
        raise unknown_name("way to train in parallel", parallel, PARALLEL)
    if world.size == 1:
        return module
    if parallel == "fsdp":
        return _sharded(module, world)
    # Running statistics are synced by `SyncNorm` or frozen: the same everywhere without being sent.
    sending = {"forward_sync_buffers": False}
    if "forward_sync_buffers" not in inspect.signature(DistributedDataParallel).parameters:  # before PyTorch 2.14
        sending = {"broadcast_buffers": False}
    places = [world.local_rank] if world.device.type == "cuda" else None
    with told_clearly(world.rank, world.size):
        return DistributedDataParallel(module, device_ids=places, gradient_as_bucket_view=True, **sending)


def not_yet(module: nn.Module) -> AbstractContextManager[None]:
    """Inside, gradients are added up without being exchanged: for all but the last part of a batch.

    Args:
        module: As `wrap` gave it.
    """
    if isinstance(module, DistributedDataParallel):
        kept: AbstractContextManager[None] = module.no_sync()
        return kept
    if hasattr(module, "set_requires_gradient_sync"):
        return _unsynced(module)
    return nullcontext()


@contextmanager
def _unsynced(module: nn.Module) -> Iterator[None]:
    module.set_requires_gradient_sync(False)
    try:
        yield
    finally:
        module.set_requires_gradient_sync(True)


def _sharded(module: nn.Module, world: World) -> nn.Module:
    """Each large part of a chain of layers is a unit: gathered before it runs, let go afterwards."""
    try:
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard

        with told_clearly(world.rank, world.size):
            mesh = init_device_mesh(world.device.type, (world.size,))
            for unit in _units(module):
                fully_shard(unit, mesh=mesh)
            sharded: nn.Module = fully_shard(module, mesh=mesh)
            return sharded
    except (ImportError, NotImplementedError, RuntimeError, ValueError) as error:
        reason = (str(error).strip() or repr(error)).splitlines()[0][:300]
        raise FovealError(
            "fsdp-impossible",
            f"parallel: expected a PyTorch and a backend that can shard this network, got: {reason}",
            hint="leave --parallel at ddp, with a smaller --batch where memory is short",
        ) from error


def _units(module: nn.Module) -> Iterator[nn.Module]:
    """The outermost elements of chains and lists of layers that are worth sending alone."""
    for child in module.children():
        inner = list(child.children()) if isinstance(child, (nn.Sequential, nn.ModuleList)) else []
        large = [each for each in inner if _numbers(each) >= _UNIT_NUMBERS]
        if large:
            yield from large
        else:
            yield from _units(child)


def _numbers(module: nn.Module) -> int:
    return sum(each.numel() for each in module.parameters())


def same_start(module: nn.Module, world: World) -> None:
    """Give all processes the main one's weights and statistics."""
    if world.size == 1:
        return
    with torch.no_grad(), told_clearly(world.rank, world.size):
        for value in module.state_dict().values():
            if value.numel():
                sent = value if value.device.type == world.device.type else value.to(world.device)
                torch.distributed.broadcast(sent, src=0)
                if sent is not value:
                    value.copy_(sent)
