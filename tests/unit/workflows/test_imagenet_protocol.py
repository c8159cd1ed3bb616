from __future__ import annotations

from pathlib import Path

import numpy as np

from foveal.backbones.imagenet import imagenet_labels
from foveal.classifier.classifier import Classifier
from foveal.data.dataset import Dataset
from foveal.heads.logits import LogitsHead
from foveal.workflows.imagenet import imagenet_photos, protocol

TENCH, SHARK = "n01440764", "n01491361"


def classifier(names: tuple[str, ...]) -> Classifier:
    return Classifier(names, (), LogitsHead(len(names)), 1.0)


def dataset(*names: str, parts: tuple[int, ...] = (0, 1, 1)) -> Dataset:
    return Dataset(Path("x"), ("1", "2", "3"), np.array([0, 1, 1]), names, np.array(parts))


def test_val_photos_under_the_names_of_the_classifier() -> None:
    found = imagenet_photos(dataset(TENCH, SHARK), classifier(imagenet_labels()))
    assert found is not None
    assert found.class_names == ("tench", "tiger shark")
    assert found.paths == ("2", "3")
    assert protocol(found) == "ImageNet val photos of 1 of the 1,000 classes"


def test_without_a_val_part_every_photo_counts() -> None:
    found = imagenet_photos(dataset(TENCH, "n99999999", parts=(0, 0, 0)), classifier(imagenet_labels()))
    assert found is not None
    assert found.class_names == ("tench", "n99999999")
    assert protocol(found) == "ImageNet photos of 2 of the 1,000 classes"


def test_other_classifiers_and_other_photos_follow_the_usual_protocol() -> None:
    assert imagenet_photos(dataset(TENCH, SHARK), classifier((TENCH, SHARK))) is None
    assert imagenet_photos(dataset("cat", "dog"), classifier(imagenet_labels())) is None
