"""Every metric by name, with its direction. All of them take `(labels, probs)` and return one number.

Adding one is one function and one row here.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from foveal.errors import FovealError, unknown_name

Direction = Literal["higher", "lower"]


@dataclass(frozen=True)
class Metric:
    """A metric ready to be called.

    Args:
        name: Its name in the table.
        function: Takes labels int [n] and probs float [n, C]; returns a float.
        better: Which direction is better.
    """

    name: str
    function: Callable[..., float]
    better: Direction


def index(rows: Iterable[tuple[str, str, Direction]]) -> dict[str, tuple[str, Direction]]:
    """Rows of (name, "module:function", direction) by name.

    Raises:
        FovealError: `duplicate-name`: one name twice.
    """
    table: dict[str, tuple[str, Direction]] = {}
    for name, target, better in rows:
        if name in table:
            raise FovealError(
                "duplicate-name",
                f"expected every metric once, got {name!r} for {table[name][0]} and {target}",
                hint="give one of them another name in foveal/metrics/__init__.py",
            )
        table[name] = (target, better)
    return table


_TABLE = index(
    (
        ("accuracy", "foveal.metrics.classification:accuracy", "higher"),
        ("top5", "foveal.metrics.classification:top_k_accuracy", "higher"),
        ("balanced-accuracy", "foveal.metrics.classification:balanced_accuracy", "higher"),
        ("macro-f1", "foveal.metrics.classification:macro_f1", "higher"),
        ("log-loss", "foveal.metrics.classification:log_loss", "lower"),
        ("brier", "foveal.metrics.classification:brier", "lower"),
        ("ece", "foveal.metrics.calibration:expected_calibration_error", "lower"),
        ("adaptive-ece", "foveal.metrics.calibration:adaptive_calibration_error", "lower"),
    )
)

METRICS: dict[str, str] = {name: target for name, (target, _) in _TABLE.items()}
DIRECTIONS: dict[str, Direction] = {name: better for name, (_, better) in _TABLE.items()}


def metric(name: str) -> Metric:
    """The metric of that name; its module is imported now.

    Raises:
        FovealError: `unknown-name`: not in the table.
    """
    if name not in METRICS:
        raise unknown_name("metric", name, METRICS)
    module, _, function = METRICS[name].partition(":")
    return Metric(name, getattr(importlib.import_module(module), function), DIRECTIONS[name])
