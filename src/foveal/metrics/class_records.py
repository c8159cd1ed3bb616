"""The figures of each class with their intervals, as plain values."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.areas import ClassAreas
from foveal.metrics.averages import class_specificity
from foveal.metrics.classification import class_scores
from foveal.metrics.intervals import f1_interval, roc_interval, wilson
from foveal.types.evaluation import ClassScore


def class_records(confusion: NDArray[np.int64], areas: ClassAreas, names: list[str]) -> list[ClassScore]:
    """One record for each class, in class order.

    Args:
        confusion: int64 [C, C]; row = true class, column = predicted class.
        areas: From `class_areas`.
        names: C names.
    """
    scores, specificity = class_scores(confusion), class_specificity(confusion)
    total = int(confusion.sum())
    records: list[ClassScore] = []
    for row, name in enumerate(names):
        hits, photos, predicted = int(confusion[row, row]), int(scores.photos[row]), int(scores.predicted[row])
        others, area = total - photos, float(areas.roc_auc[row])
        records.append(
            {
                "name": name,
                "photos": photos,
                "precision": float(scores.precision[row]),
                "recall": float(scores.recall[row]),
                "recall_interval": wilson(hits, photos).to_dict(),
                "f1": float(scores.f1[row]),
                "specificity": _number(specificity[row]),
                "roc_auc": _number(area),
                "pr_auc": _number(areas.pr_auc[row]),
                "precision_interval": wilson(hits, predicted).to_dict(),
                "specificity_interval": wilson(others - predicted + hits, others).to_dict() if others else None,
                "f1_interval": f1_interval(hits, photos, predicted).to_dict() if photos + predicted else None,
                "roc_auc_interval": None
                if math.isnan(area)
                else roc_interval(area, float(areas.roc_error[row]), positives=photos, negatives=others).to_dict(),
            }
        )
    return records


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
