"""Whether a model is measured on the very photos it learnt from, which makes it look better than it is."""

from __future__ import annotations

from foveal.classifier.classifier import Classifier
from foveal.data.dataset import Dataset
from foveal.errors import FovealError
from foveal.features.extract import Extracted
from foveal.types.finding import Finding
from foveal.types.text import counted
from foveal.workflows.multilabel_quarantine import quarantine_label_sets
from foveal.workflows.quarantine import quarantine


def own_photos(model: Classifier, dataset: Dataset, found: Extracted) -> tuple[Finding, ...]:
    """A finding where all the photos and labels are those that a model learnt from, wherever they lie now.

    A model file holds one digest of all its photos, so that a part of them, or more than them, is not noticed.

    Args:
        model: Any classifier; one that was not fitted has no such digest.
        dataset: Labelled photos.
        found: Their features.
    """
    learnt = model.record.get("data", {}).get("fingerprint")
    if learnt is None:
        return ()
    try:
        kept = quarantine_label_sets(dataset, found) if dataset.multi_label else quarantine(dataset, found)
    except FovealError as error:
        # Nothing could be learnt from so little: no model has.
        if error.code not in ("one-class", "too-few-photos"):
            raise
        return ()
    if kept.fingerprint != learnt:
        return ()
    message = (
        f"these are the {counted(len(kept.rows), 'photo')} that the model learnt from: it has seen the answers, and "
        "new photos will fare worse; what `foveal fit` printed, out of fold, is the honest figure"
    )
    return (Finding("test-photo-learnt", message),)
