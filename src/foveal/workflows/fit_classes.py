"""Learning to recognise one class a photo, from photos that are labelled so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import numpy as np

from foveal.classifier.classifier import Classifier
from foveal.data.dataset import Dataset
from foveal.data.split_file import Split
from foveal.evaluation.measured import Measured
from foveal.features.extract import Extracted
from foveal.features.view import View
from foveal.heads.affine import AffineHead
from foveal.heads.linear import LinearHead
from foveal.metrics.calibration import softmax
from foveal.metrics.evaluate import measure
from foveal.probes.axes import turned_ahead
from foveal.probes.calibrate import Calibration, calibrate
from foveal.probes.select import Selection, select
from foveal.runtimes.engine import EnginePool
from foveal.workflows.folds import Folds, folds_for
from foveal.workflows.gate_trial import gate_trial
from foveal.workflows.learning_curve import curve_of
from foveal.workflows.learnt import Learnt
from foveal.workflows.quarantine import Kept, quarantine
from foveal.workflows.recipe import Recipe
from foveal.workflows.torn import torn_features
from foveal.workflows.trusting import LearntTrust, kept_evidence, learn_trust, trust_sections
from foveal.workflows.views import candidates

Head = TypeVar("Head", bound=LinearHead | AffineHead)


def learn_classes(
    training: Dataset,
    found: Extracted,
    views: Sequence[View],
    splitting: Split | str,
    recipe: Recipe,
    *,
    engines: EnginePool,
    keep_axes: bool,
) -> Learnt:
    """Cross-validate, calibrate, and put together a classifier of one class a photo."""
    kept = quarantine(training, found)
    sets = candidates(views, len(kept.rows))
    features = {name: partial(found.gather, kept.rows, chosen) for name, chosen in sets.items()}
    with turned_ahead(features, kept=keep_axes) as axes:
        folds = folds_for(training, kept.rows, kept.labels, kept.groups, found, views[0], splitting, seed=recipe.seed)
        selection = select(axes, kept.labels, folds.numbers, classes=len(kept.class_names), probe=recipe.probe)
    calibration = calibrate(selection.out_of_fold, kept.labels, folds.numbers, balance=recipe.balance)
    trust = _learn_trust(
        training, found, sets[selection.features], kept, folds, calibration, selection, recipe, engines
    )
    model = Classifier(
        kept.class_names,
        sets[selection.features],
        calibrated(selection.head, calibration),
        calibration.temperature,
        trust=trust.trust,
    )
    tried = gate_trial(model, training, kept.rows, engines, seed=recipe.seed)
    return Learnt(
        model=model,
        out_of_fold=_measured(training, kept, folds, calibration, selection, trust),
        kept=kept,
        counts=np.bincount(kept.labels, minlength=len(kept.class_names)).tolist(),
        selection=selection,
        split=_split_record(folds, selection),
        calibration=calibration.record(),
        trust={**trust.record, "gate": {**trust.record["gate"], "tried": tried}},
        learning_curve=curve_of(selection, kept.labels, calibration.out_of_fold, folds.groups),
    )


def calibrated(head: Head, calibration: Calibration) -> Head:
    """The head whose logits are scaled and shifted as calibration says; the temperature stays beside it.

    Args:
        head: Features to logits, by a matrix at the end.
        calibration: Learnt from logits of photos that the head had not seen.
    """
    scale, shift = calibration.scale, calibration.shift
    return replace(head, weights=head.weights * scale, bias=head.bias * scale + shift)


def _learn_trust(
    training: Dataset,
    found: Extracted,
    views: Sequence[View],
    kept: Kept,
    folds: Folds,
    calibration: Calibration,
    selection: Selection,
    recipe: Recipe,
    engines: EnginePool,
) -> LearntTrust:
    features = found.gather(kept.rows, views)
    logits = selection.out_of_fold * calibration.scale + calibration.shift
    torn = torn_features(training, kept.rows, views, engines, seed=recipe.seed)
    learnt = learn_trust(features, kept.labels, logits, calibration.out_of_fold, folds.numbers, kept.class_names, torn)
    if not recipe.evidence:
        return learnt
    evidence = kept_evidence(features, kept.labels, training, kept.rows, classes=len(kept.class_names))
    return replace(learnt, trust=replace(learnt.trust, evidence=evidence))


def _measured(
    training: Dataset,
    kept: Kept,
    folds: Folds,
    calibration: Calibration,
    selection: Selection,
    trust: LearntTrust,
) -> Measured:
    """What is said of every photo learnt from by a solution that had not seen it."""
    probs = calibration.out_of_fold
    figures = measure(
        kept.labels,
        probs,
        kept.class_names,
        protocol=f"out of fold, {selection.folds} folds",
        before=softmax(selection.out_of_fold),
        calibrated=calibration.record(),
    )
    figures = replace(figures, **trust_sections(trust, kept.labels, probs, folds.numbers, kept.class_names))
    return Measured("out of fold", figures, training, kept.rows, kept.class_names, kept.labels, probs, trust.unknown)


def _split_record(folds: Folds, selection: Selection) -> dict[str, Any]:
    """How the photos were split, and what the score would have been had nothing been kept together."""
    if folds.plain is None:
        return dict(folds.record)
    return {
        **folds.record,
        "accuracy": selection.accuracy,
        "accuracy_ungrouped": selection.accuracy_with(folds.plain),
    }
