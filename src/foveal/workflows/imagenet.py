"""ImageNet's own protocol: which photos are measured, what their classes are called, and the reassessed labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from foveal.backbones.imagenet import imagenet_classes, imagenet_labels
from foveal.classifier.classifier import Classifier
from foveal.data.dataset import Dataset
from foveal.data.sources.imagenet_truth import real_labels
from foveal.features.extract import Extracted
from foveal.metrics.classification import real_accuracy
from foveal.types.evaluation import Evaluation
from foveal.types.multilabel_evaluation import Figures


def imagenet_photos(dataset: Dataset, classifier: Classifier) -> Dataset | None:
    """The photos to measure an ImageNet classifier on, under the names that it gives the classes.

    Args:
        dataset: Photos whose classes are WordNet ids; the val part counts alone where there is one.
        classifier: The classifier.

    Returns:
        None where the classifier's classes are not ImageNet's, or the dataset's are no WordNet ids of it.
    """
    name_of = {each.wordnet_id: name for each, name in zip(imagenet_classes(), imagenet_labels(), strict=True)}
    known = [name in name_of for name in dataset.class_names]
    if classifier.class_names != imagenet_labels() or not any(known):
        return None
    val = dataset.part("val")
    photos = val if len(val) else dataset
    return replace(photos, class_names=tuple(name_of.get(name, name) for name in photos.class_names))


def protocol(photos: Dataset) -> str:
    """How the photos were measured, for the result."""
    shown = len(np.unique(photos.labels[photos.labels >= 0]))
    part = "val photos" if (photos.parts == 1).all() else "photos"
    subset = "" if shown == len(imagenet_labels()) else f" of {shown:,} of the {len(imagenet_labels()):,} classes"
    return f"ImageNet {part}{subset}"


def with_real(figures: Figures, photos: Dataset, found: Extracted, classifier: Classifier) -> Figures:
    """The figures with top-1 accuracy on the reassessed labels, where those lie beside the photos."""
    sets = real_labels(photos)
    if sets is None or not isinstance(figures, Evaluation):
        return figures
    rows = np.flatnonzero(found.readable & (np.diff(sets.starts) > 0))
    if not len(rows):
        return figures
    predicted = classifier.probs(found.gather(rows, classifier.views)).argmax(axis=1)
    targets = sets.take(rows).matrix(len(classifier.class_names))
    return replace(figures, real_top1=real_accuracy(targets, predicted), real_photos=len(rows))
