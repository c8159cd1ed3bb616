"""Learn from labelled photos how far a classifier that was trained elsewhere can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.classifier.classifier import Classifier
from foveal.data.dataset import Dataset
from foveal.data.splits import choose_folds, stratified_folds
from foveal.features.extract import AnyView, Extracted, extract
from foveal.features.pixel_view import PixelView
from foveal.features.settings import Settings, open_cache
from foveal.heads.affine import AffineHead
from foveal.metrics.calibration import softmax
from foveal.metrics.evaluate import measure
from foveal.probes.calibrate import Calibration, calibrate
from foveal.probes.workers import one_blas_thread
from foveal.types.finding import Finding
from foveal.types.text import listing
from foveal.workflows.folds import folds_for
from foveal.workflows.gate_trial import gate_trial
from foveal.workflows.quarantine import Kept, check_counts, quarantine
from foveal.workflows.torn import torn_features
from foveal.workflows.trusting import learn_trust, trust_sections

_PROTOCOL = "photos calibrated on, each by what was learnt from the other folds"


def learn_from(model: Classifier, dataset: Dataset, settings: Settings) -> Classifier:
    """Calibrate a classifier on labelled photos, and learn prediction sets, thresholds of abstention and the gate.

    The network and its last matrix stay as they are, but for the two numbers a class that calibration may learn. The
    figures are out of fold, and honest only where the classifier was not trained on these photos.

    Args:
        model: The classifier.
        dataset: Photos, all with a label that the model knows.
        settings: How to run.

    Raises:
        FovealError: `class-mismatch`, `task-mismatch`, `one-class`, `too-few-photos`.
    """
    model.check(dataset)
    check_counts(dataset)
    views: list[AnyView] = [*model.views, PixelView()]
    with (
        open_cache(settings) as cache,
        extract(dataset.photos(), views, cache, engines=model.engines, progress=settings.progress) as found,
        one_blas_thread(),
    ):
        return _learnt(model, dataset, found)


def _learnt(model: Classifier, dataset: Dataset, found: Extracted) -> Classifier:
    kept = quarantine(dataset, found)
    labels = model.labels_of(dataset)[kept.rows]
    features = found.gather(kept.rows, model.views)
    folds, by = _folds(model, dataset, found, kept, labels)
    logits = model.head.logits(features)
    calibration = calibrate(logits, labels, folds, balance="none")
    model = _calibrated(model, calibration)
    torn = torn_features(dataset, kept.rows, model.views, model.engines, seed=0)
    scaled = logits * calibration.scale + calibration.shift
    probs = calibration.out_of_fold
    absent = [name for number, name in enumerate(model.class_names) if not (labels == number).any()]
    findings: tuple[Finding, ...] = (*dataset.findings, *kept.findings)
    record: dict[str, Any] = {}
    figures = measure(
        labels, probs, model.class_names, protocol=_PROTOCOL, before=softmax(logits), calibrated=calibration.record()
    )
    if absent:
        # Sets and the gate learn from every class what its photos are like.
        reason = f"no photos of {listing(absent, most=5)}"
        record = {"gate": {"learnt": False, "reason": reason, "tried": []}}
    else:
        learnt = learn_trust(features, labels, scaled, probs, folds, model.class_names, torn)
        sections = trust_sections(learnt, labels, probs, folds, model.class_names)
        model = replace(model, trust=replace(learnt.trust, tree=model.trust.tree))
        figures = replace(figures, **sections)
        tried = gate_trial(model, dataset, kept.rows, model.engines, seed=0)
        record = {**learnt.record, "gate": {**learnt.record["gate"], "tried": tried}}
    counts = np.bincount(labels, minlength=len(model.class_names)).tolist()
    added: Mapping[str, Any] = {
        "data": {
            "photos": len(kept.rows),
            "classes": dict(zip(model.class_names, counts, strict=True)),
            "fingerprint": kept.fingerprint,
        },
        "split": {"by": by, "folds": int(folds.max()) + 1},
        "calibration": calibration.record(),
        "trust": record,
        "metrics": {"out_of_fold": figures.to_dict()},
        "findings": [each.to_dict() for each in findings],
    }
    return replace(model, record={**model.record, **added})


def _folds(
    model: Classifier, dataset: Dataset, found: Extracted, kept: Kept, labels: NDArray[np.int32]
) -> tuple[NDArray[np.int8], str]:
    """Folds that keep together what belongs together; without an embedding, only files with the same bytes."""
    if model.views[0].outputs == ("embedding",):
        folds = folds_for(dataset, kept.rows, kept.labels, kept.groups, found, model.views[0], "auto", seed=0)
        return folds.numbers, str(folds.record["by"])
    count = choose_folds(kept.labels, kept.groups)
    return stratified_folds(labels, folds=count, seed=0, groups=kept.groups), "none"


def _calibrated(model: Classifier, calibration: Calibration) -> Classifier:
    """The classifier whose logits are scaled and shifted as calibration says; the temperature stays beside them."""
    scale, shift = calibration.scale, calibration.shift
    head = model.head
    if isinstance(head, AffineHead):
        head = AffineHead(head.weights * scale, head.bias * scale + shift)
    elif calibration.method == "vector":
        head = AffineHead(np.diag(scale).astype(np.float32), shift.astype(np.float32))
    return replace(model, head=head, temperature=calibration.temperature)
