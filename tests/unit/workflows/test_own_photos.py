from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.unit.reports.made_report import made_model

from foveal.classifier.classifier import Classifier
from foveal.data.dataset import Dataset
from foveal.features.extract import Extracted
from foveal.workflows.own_photos import own_photos
from foveal.workflows.quarantine import quarantine

NAMES = ("ant", "bee")


def _dataset(labels: list[int]) -> Dataset:
    paths = tuple(f"{number}.jpg" for number in range(len(labels)))
    return Dataset(Path("photos"), paths, np.array(labels, np.int32), NAMES, np.zeros(len(labels), np.int8))


def _found(contents: list[int]) -> Extracted:
    keys = np.zeros((len(contents), 16), np.uint8)
    keys[:, 0] = np.array(contents) + 1
    return Extracted(keys, {}, 0, {})


@pytest.fixture
def fitted() -> Classifier:
    """A model that has learnt photos 0 to 3, the first two of them ants."""
    digest = quarantine(_dataset([0, 0, 1, 1]), _found([0, 1, 2, 3])).fingerprint
    return replace(made_model(NAMES, {}), record={"data": {"fingerprint": digest}})


def test_the_photos_learnt_from_are_recognised_in_any_order(fitted: Classifier) -> None:
    (finding,) = own_photos(fitted, _dataset([1, 0, 1, 0]), _found([3, 1, 2, 0]))
    assert (finding.code, finding.severity) == ("test-photo-learnt", "warning")
    assert "the 4 photos that the model learnt from" in finding.message


@pytest.mark.parametrize(
    ("labels", "contents"),
    [([0, 0, 1, 1], [0, 1, 2, 4]), ([0, 1, 1, 0], [0, 1, 2, 3]), ([0, 0, 1], [0, 1, 2]), ([0, 0], [0, 1])],
    ids=["another photo", "another label", "one missing", "one class"],
)
def test_other_photos_are_not(fitted: Classifier, labels: list[int], contents: list[int]) -> None:
    assert own_photos(fitted, _dataset(labels), _found(contents)) == ()


def test_a_model_that_was_not_fitted_has_no_photos_of_its_own() -> None:
    model = replace(made_model(NAMES, {}), record={"backbones": []})
    assert own_photos(model, _dataset([0, 0, 1, 1]), _found([0, 1, 2, 3])) == ()
