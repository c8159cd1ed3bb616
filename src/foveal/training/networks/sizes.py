"""How many weights networks have, counted without making them and remembered."""

from __future__ import annotations

import dataclasses
import json
import math
import time
from collections.abc import Sequence
from importlib.metadata import version

import torch

from foveal.storage import cache_folder, keep
from foveal.training.networks.bodies import whole
from foveal.training.networks.spec import Spec


def counted(specs: Sequence[Spec], *, seconds: float = math.inf) -> list[Spec]:
    """Specs with `parameters` filled in where the library does not state them.

    Each network is built once on PyTorch's device without memory, about a tenth of a second, and its number kept in the
    cache.

    Args:
        specs: Any.
        seconds: How long to go on counting; those that are left keep 0, and are counted next time.
    """
    path = cache_folder() / "networks" / f"parameters-timm-{version('timm')}.json"
    try:
        known: dict[str, int] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        known = {}
    before = len(known)
    started = time.monotonic()
    for each in specs:
        if not each.parameters and each.name not in known and time.monotonic() - started < seconds:
            known[each.name] = _count(each)
    if len(known) > before:
        keep(path, json.dumps(known, indent=0, sort_keys=True).encode())
    return [dataclasses.replace(each, parameters=each.parameters or known.get(each.name, 0)) for each in specs]


def _count(spec: Spec) -> int:
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in whole(spec, None).parameters())
