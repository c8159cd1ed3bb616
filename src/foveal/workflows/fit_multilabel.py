"""Learning to give each photo any number of labels, from photos that are labelled so."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from foveal.classifier.classifier import Classifier
from foveal.data.dataset import UNLABELLED, Dataset
from foveal.data.split_file import Split
from foveal.errors import FovealError
from foveal.evaluation.measured import Measured
from foveal.features.extract import Extracted
from foveal.features.view import View
from foveal.heads.sigmoid import SigmoidHead
from foveal.metrics.multilabel_evaluate import measure_multilabel
from foveal.probes.axes import turned_ahead
from foveal.probes.multilabel_calibrate import MultiLabelCalibration, calibrate_multilabel
from foveal.probes.multilabel_select import MultiLabelSelection, select_multilabel
from foveal.runtimes.engine import EnginePool
from foveal.workflows.folds import Folds, folds_for
from foveal.workflows.learnt import Learnt
from foveal.workflows.multilabel_quarantine import quarantine_label_sets
from foveal.workflows.recipe import Recipe
from foveal.workflows.views import candidates


def learn_label_sets(
    training: Dataset,
    found: Extracted,
    views: Sequence[View],
    splitting: Split | str,
    recipe: Recipe,
    *,
    engines: EnginePool,
    keep_axes: bool,
) -> Learnt:
    """Cross-validate, calibrate, choose thresholds, and put the classifier together.

    Args:
        training: The photos to learn from, with any number of labels each.
        found: Their features.
        views: The views to choose from.
        splitting: See `foveal.workflows.folds.check_split`.
        recipe: What to learn and how hard to try.
        engines: Networks loaded already.
        keep_axes: See `foveal.probes.spectrum`.

    Raises:
        FovealError: `bad-option`: a probe, or evidence, for one class a photo. `too-few-photos`, `too-few-groups`.
    """
    if recipe.probe not in ("auto", "logistic"):
        raise FovealError(
            "bad-option",
            f"--probe: expected auto or logistic for photos with any number of labels, got {recipe.probe}",
            hint="the other probes need one class a photo; leave the option out",
        )
    if recipe.evidence:
        raise FovealError(
            "bad-option",
            "--evidence: expected photos of one class each, got photos with any number of labels",
            hint="leave it out",
        )
    kept = quarantine_label_sets(training, found)
    sets = candidates(views, len(kept.rows))
    features = {name: partial(found.gather, kept.rows, chosen) for name, chosen in sets.items()}
    with turned_ahead(features, kept=keep_axes) as axes:
        folds = folds_for(training, kept.rows, kept.targets, kept.groups, found, views[0], splitting, seed=recipe.seed)
        selection = select_multilabel(axes, kept.targets, folds.numbers)
    calibration = calibrate_multilabel(selection.out_of_fold, kept.targets, folds.numbers, balance=recipe.balance)
    return Learnt(
        model=_classifier(kept.class_names, sets[selection.features], selection, calibration),
        out_of_fold=Measured(
            "out of fold",
            measure_multilabel(
                kept.targets,
                calibration.out_of_fold,
                calibration.decisions,
                kept.class_names,
                thresholds=calibration.thresholds,
                protocol=f"out of fold, {selection.folds} folds",
            ),
            training,
            kept.rows,
            kept.class_names,
            np.full(len(kept.rows), UNLABELLED, np.int32),
            calibration.out_of_fold,
        ),
        kept=kept,
        counts=np.count_nonzero(kept.targets, axis=0).tolist(),
        selection=selection,
        split=_split_record(folds, selection),
        calibration={
            "temperature": calibration.temperature,
            "shift": calibration.shift.tolist(),
            "thresholds": calibration.thresholds.tolist(),
        },
    )


def _classifier(
    class_names: tuple[str, ...],
    views: tuple[View, ...],
    selection: MultiLabelSelection,
    calibration: MultiLabelCalibration,
) -> Classifier:
    linear = selection.head
    head = SigmoidHead(
        linear.centre, linear.scale, linear.weights, linear.bias + calibration.shift, calibration.thresholds
    )
    return Classifier(class_names, views, head, calibration.temperature)


def _split_record(folds: Folds, selection: MultiLabelSelection) -> dict[str, Any]:
    """How the photos were split, and what the score would have been had nothing been kept together."""
    if folds.plain is None:
        return dict(folds.record)
    return {
        **folds.record,
        "mean_average_precision": selection.mean_average_precision,
        "mean_average_precision_ungrouped": selection.map_with(folds.plain),
    }
