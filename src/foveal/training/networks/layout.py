"""Where a network is tapped, where its last map is, and which of its parameters belong together."""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from torch import nn

from foveal.training.networks.units import Unit, units_of

# Where a network is as wide all the way through, four depths say what there is to say.
_MOST_AT_ONE_SIZE = 4


@dataclass(frozen=True)
class Layout:
    """What is known of a network's inside.

    Args:
        columns: Of its embedding.
        taps: Units whose output is pooled into `tap_1`, `tap_2`, ..., first to last.
        last_map: The last map before it is pooled; None where the network has tokens.
        stages: Name of a module to the stage it runs in, from 0.
    """

    columns: int
    taps: tuple[Unit, ...]
    last_map: Unit | None
    stages: Mapping[str, int]

    def stage(self, parameter: str) -> int:
        """Stage of a parameter, by the nearest module around it that has one.

        Parameters that stand beside the modules run first; modules that did not run, or run behind the last tap's
        map, come last.
        """
        owner = parameter.rpartition(".")[0]
        if not owner:
            return 0
        while owner and owner not in self.stages:
            owner = owner.rpartition(".")[0]
        return self.stages[owner] if owner else max(self.stages.values(), default=0) + 1


def layout_of(body: nn.Module, size_wh: tuple[int, int]) -> Layout:
    """Find the layout of a network.

    A tap is the last unit at every resolution, or every stage where the network keeps its stages in a list; of
    transformers four blocks at equal distances. The last map is no tap where the embedding is its mean.

    Args:
        body: Takes [N, 3, H, W] and gives [N, D].
        size_wh: Width and height of its input.
    """
    units, columns = units_of(body, size_wh)
    has_tokens = bool(units) and units[-1].is_tokens
    ends = _token_ends(units) if has_tokens else _map_ends(units)
    last_map = None if has_tokens or not units else units[-1]
    pooled_anyway = last_map is not None and last_map.channels == columns
    taps = tuple(unit for unit in ends if not (pooled_anyway and unit is last_map))
    return Layout(columns, taps, last_map, _stages(units, ends))


def _map_ends(units: Sequence[Unit]) -> list[Unit]:
    """The last unit at every resolution, and every listed stage; a stem of one belongs to the first of them."""
    maps = [unit for unit in units if unit.is_map]
    ends = [
        unit
        for unit, after in zip(maps, [*maps[1:], None], strict=True)
        if unit.stage_of or after is None or (after.area_hw != unit.area_hw and not after.stage_of)
    ]
    return [each for _, same in groupby(ends, lambda unit: unit.area_hw) for each in _spread(list(same))]


def _token_ends(units: Sequence[Unit]) -> list[Unit]:
    """Blocks at equal distances, from the list that has most of them."""
    lists: dict[str, list[Unit]] = {}
    for unit in units:
        if unit.is_tokens:
            lists.setdefault(unit.name.rpartition(".")[0], []).append(unit)
    return _spread(max(lists.values(), key=len))


def _spread(units: list[Unit]) -> list[Unit]:
    """At most four of them at equal distances, the last among them."""
    wanted = min(_MOST_AT_ONE_SIZE, len(units))
    return [units[(number + 1) * len(units) // wanted - 1] for number in range(wanted)]


def _stages(units: Sequence[Unit], ends: Sequence[Unit]) -> dict[str, int]:
    """Stage of every unit: how many taps end before it does."""
    borders = [units.index(unit) for unit in ends]
    return {unit.name: bisect.bisect_left(borders, number) for number, unit in enumerate(units)}
