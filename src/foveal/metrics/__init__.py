"""Every metric by name, with its direction. All of them take the truth and `probs` and return one number.

`METRICS` are those of one class a photo: the truth is labels int [n]. `MULTI_LABEL_METRICS` are those of any number of
classes a photo: the truth is targets bool [n, C]. Adding one is one function and one row here.
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
        function: Takes labels int [n], or targets bool [n, C], and probs float [n, C]; returns a float.
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
        ("macro-precision", "foveal.metrics.averages:macro_precision", "higher"),
        ("micro-precision", "foveal.metrics.averages:micro_precision", "higher"),
        ("weighted-precision", "foveal.metrics.averages:weighted_precision", "higher"),
        ("macro-recall", "foveal.metrics.averages:macro_recall", "higher"),
        ("micro-recall", "foveal.metrics.averages:micro_recall", "higher"),
        ("weighted-recall", "foveal.metrics.averages:weighted_recall", "higher"),
        ("macro-specificity", "foveal.metrics.averages:macro_specificity", "higher"),
        ("micro-specificity", "foveal.metrics.averages:micro_specificity", "higher"),
        ("weighted-specificity", "foveal.metrics.averages:weighted_specificity", "higher"),
        ("macro-f1", "foveal.metrics.classification:macro_f1", "higher"),
        ("micro-f1", "foveal.metrics.averages:micro_f1", "higher"),
        ("weighted-f1", "foveal.metrics.averages:weighted_f1", "higher"),
        ("macro-roc-auc", "foveal.metrics.areas:macro_roc_auc", "higher"),
        ("micro-roc-auc", "foveal.metrics.areas:micro_roc_auc", "higher"),
        ("weighted-roc-auc", "foveal.metrics.areas:weighted_roc_auc", "higher"),
        ("macro-pr-auc", "foveal.metrics.areas:macro_pr_auc", "higher"),
        ("micro-pr-auc", "foveal.metrics.areas:micro_pr_auc", "higher"),
        ("weighted-pr-auc", "foveal.metrics.areas:weighted_pr_auc", "higher"),
        ("kappa", "foveal.metrics.agreement:cohen_kappa", "higher"),
        ("mcc", "foveal.metrics.agreement:matthews_correlation", "higher"),
        ("log-loss", "foveal.metrics.classification:log_loss", "lower"),
        ("brier", "foveal.metrics.classification:brier", "lower"),
        ("ece", "foveal.metrics.calibration:expected_calibration_error", "lower"),
        ("adaptive-ece", "foveal.metrics.calibration:adaptive_calibration_error", "lower"),
        ("classwise-ece", "foveal.metrics.classwise_calibration:classwise_calibration_error", "lower"),
        ("max-calibration-error", "foveal.metrics.classwise_calibration:maximum_calibration_error", "lower"),
    )
)

_MULTI_LABEL_TABLE = index(
    (
        ("mean-average-precision", "foveal.metrics.multilabel:mean_average_precision", "higher"),
        ("micro-f1", "foveal.metrics.multilabel:micro_f1", "higher"),
        ("macro-f1", "foveal.metrics.multilabel:macro_f1", "higher"),
        ("subset-accuracy", "foveal.metrics.multilabel:subset_accuracy", "higher"),
        ("hamming-loss", "foveal.metrics.multilabel:hamming_loss", "lower"),
        ("coverage-error", "foveal.metrics.multilabel:coverage_error", "lower"),
        ("log-loss", "foveal.metrics.multilabel:log_loss", "lower"),
        ("ece", "foveal.metrics.multilabel:expected_calibration_error", "lower"),
    )
)

METRICS: dict[str, str] = {name: target for name, (target, _) in _TABLE.items()}
DIRECTIONS: dict[str, Direction] = {name: better for name, (_, better) in _TABLE.items()}
MULTI_LABEL_METRICS: dict[str, str] = {name: target for name, (target, _) in _MULTI_LABEL_TABLE.items()}
MULTI_LABEL_DIRECTIONS: dict[str, Direction] = {name: better for name, (_, better) in _MULTI_LABEL_TABLE.items()}


def metric(name: str) -> Metric:
    """The metric of that name for one class a photo; its module is imported now.

    Raises:
        FovealError: `unknown-name`: not in the table.
    """
    return _found(name, METRICS, DIRECTIONS)


def multi_label_metric(name: str) -> Metric:
    """The metric of that name for any number of classes a photo; its module is imported now.

    Raises:
        FovealError: `unknown-name`: not in the table.
    """
    return _found(name, MULTI_LABEL_METRICS, MULTI_LABEL_DIRECTIONS)


def _found(name: str, targets: dict[str, str], directions: dict[str, Direction]) -> Metric:
    if name not in targets:
        raise unknown_name("metric", name, targets)
    module, _, function = targets[name].partition(":")
    return Metric(name, getattr(importlib.import_module(module), function), directions[name])
