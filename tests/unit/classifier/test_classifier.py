from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_models import made_model

from foveal.classifier.classifier import check_classes, none_readable
from foveal.data.dataset import Dataset
from foveal.errors import FovealError


def _dataset(*names: str) -> Dataset:
    count = len(names)
    paths = tuple(f"{name}/1.jpg" for name in names)
    return Dataset(Path("photos"), paths, np.arange(count, dtype=np.int32), names, np.zeros(count, np.int8))


def test_each_row_of_probabilities_depends_on_its_own_features_only() -> None:
    model = made_model()
    features = np.random.default_rng(2).random((70, 6)).astype(np.float16)
    together = model.probs(features)
    assert np.allclose(together.sum(axis=1), 1, atol=1e-6)
    for start, stop in ((0, 1), (5, 6), (3, 40), (69, 70)):
        assert np.array_equal(model.probs(features[start:stop]), together[start:stop])


def test_labels_follow_the_order_of_the_model() -> None:
    assert made_model().labels_of(_dataset("cat", "ant")).tolist() == [2, 0]


def test_a_class_that_is_not_known_is_named() -> None:
    with pytest.raises(FovealError, match="got dog") as caught:
        check_classes(_dataset("cat", "dog"), ("ant", "bee", "cat"))
    assert caught.value.code == "class-mismatch"
    assert "ant, bee, cat" in caught.value.hint


def test_evaluations_are_absent_before_any_was_made() -> None:
    assert made_model().evaluation is None
    assert made_model().test_evaluation is None


def test_the_reasons_why_nothing_could_be_read_are_few_and_printable() -> None:
    error = none_readable("photos", (f"{number}\x1b: cut" for number in range(100)))
    assert error.code == "no-photos"
    assert len(error.hint.splitlines()) == 6
    assert "\x1b" not in error.hint
