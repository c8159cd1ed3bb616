from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_models import made_model, made_multi_label_model

from foveal.classifier.classifier import Classifier, check_classes, none_readable, readable_rows
from foveal.data.dataset import Dataset
from foveal.data.label_sets import LabelSets
from foveal.errors import FovealError
from foveal.features.extract import Extracted
from foveal.metrics.multilabel import subset_accuracy
from foveal.types.multilabel_evaluation import Figures, MultiLabelEvaluation


def _dataset(*names: str) -> Dataset:
    count = len(names)
    paths = tuple(f"{name}/1.jpg" for name in names)
    return Dataset(Path("photos"), paths, np.arange(count, dtype=np.int32), names, np.zeros(count, np.int8))


class _Found(Extracted):
    """Features that are already there."""

    features: np.ndarray

    def gather(self, rows: np.ndarray, views: object) -> np.ndarray:
        return self.features[rows]


def _features(photos: int, failures: dict[int, str] | None = None) -> _Found:
    found = _Found(np.zeros((photos, 16), np.uint8), failures or {}, 0, {})
    object.__setattr__(found, "features", np.random.default_rng(2).random((photos, 6)).astype(np.float16))
    return found


def _several(sets: list[list[int]], names: tuple[str, ...] = ("bee", "cat", "ant")) -> Dataset:
    count = len(sets)
    paths = tuple(f"{number}.jpg" for number in range(count))
    nothing = np.full(count, -1, np.int32)
    return Dataset(Path("t.csv"), paths, nothing, names, np.zeros(count, np.int8), label_sets=LabelSets.of(sets))


def _measured(model: Classifier, dataset: Dataset, found: _Found) -> Figures:
    rows = readable_rows(dataset, found)
    return model.figures(dataset, rows, model.probs(found.features[rows]), protocol="x")


def test_each_row_of_probabilities_depends_on_its_own_features_only() -> None:
    model = made_model()
    features = np.random.default_rng(2).random((70, 6)).astype(np.float16)
    together = model.probs(features)
    assert np.allclose(together.sum(axis=1), 1, atol=1e-6)
    for start, stop in ((0, 1), (5, 6), (3, 40), (69, 70)):
        assert np.array_equal(model.probs(features[start:stop]), together[start:stop])


def test_labels_follow_the_order_of_the_model() -> None:
    model = made_model()
    found = _features(2)
    expected = model.probs(found.features).argmax(axis=1) == [2, 0]
    assert _measured(model, _dataset("cat", "ant"), found).accuracy == expected.mean()
    flipped = _measured(model, _dataset("ant", "cat"), found)
    assert [score["photos"] for score in flipped.per_class] == [1, 0, 1]


def test_a_class_that_is_not_known_is_named() -> None:
    with pytest.raises(FovealError, match="got dog") as caught:
        check_classes(_dataset("cat", "dog"), ("ant", "bee", "cat"), multi_label=False)
    assert caught.value.code == "class-mismatch"
    assert "ant, bee, cat" in caught.value.hint


def test_evaluations_are_absent_before_any_was_made() -> None:
    assert made_model().evaluation is None
    assert made_model().test_evaluation is None


def test_the_reasons_why_nothing_could_be_read_are_few_and_printable() -> None:
    error = none_readable("photos", ((f"{number}\x1b", "cut") for number in range(100)))
    assert error.code == "no-photos"
    assert len(error.hint.splitlines()) == 6
    assert error.hint.splitlines()[1] == r"0\x1b: cut"


def test_classes_of_several_labels_are_judged_each_for_itself() -> None:
    model = made_multi_label_model()
    features = np.random.default_rng(2).random((70, 6)).astype(np.float16)
    probs = model.probs(features)
    wanted = 1 / (1 + np.exp(-model.head.logits(features).astype(np.float64) / 1.5))
    np.testing.assert_allclose(probs, wanted, atol=1e-6)
    assert np.array_equal(model.probs(features[3:4]), probs[3:4])
    assert np.abs(probs.sum(axis=1) - 1).max() > 0.1


def test_several_labels_are_found_by_their_thresholds() -> None:
    model, found = made_multi_label_model(), _features(5, {1: "cut"})
    answers = model.classify([Path(f"{number}.jpg") for number in range(5)], found)
    probs = model.probs(found.features)
    assert answers.label_sets[1] is None
    for row in (0, 2, 3, 4):
        said = {
            name for name, prob, at in zip(model.class_names, probs[row], model.thresholds, strict=True) if prob >= at
        }
        assert set(answers.label_sets[row]) == said


def test_several_labels_follow_the_order_of_the_model() -> None:
    model, found = made_multi_label_model(), _features(6, {4: "cut"})
    dataset = _several([[0], [0, 1], [], [2], [1], [1, 2]])
    measured = _measured(model, dataset, found)
    assert isinstance(measured, MultiLabelEvaluation)
    assert [score["name"] for score in measured.per_class] == ["ant", "bee", "cat"]
    assert [score["photos"] for score in measured.per_class] == [2, 2, 2]
    assert [score["threshold"] for score in measured.per_class] == pytest.approx([0.2, 0.4, 0.6])
    rows = [0, 1, 2, 3, 5]
    truth = np.array([[0, 1, 0], [0, 1, 1], [0, 0, 0], [1, 0, 0], [1, 0, 1]], np.bool_)
    assert measured.subset_accuracy == subset_accuracy(truth, model.probs(found.features[rows]) >= model.thresholds)


def test_a_label_that_no_photo_has_is_measured_too() -> None:
    measured = _measured(made_multi_label_model(), _several([[0], [1], []], ("cat", "ant")), _features(3))
    assert [score["photos"] for score in measured.per_class] == [1, 0, 1]


@pytest.mark.parametrize(
    ("model", "dataset", "said"),
    [
        (made_model(), _several([[0], [1]]), "expected one class a photo, as the model gives, got any number"),
        (made_multi_label_model(), _dataset("ant", "bee"), "expected any number of labels a photo"),
    ],
)
def test_photos_labelled_in_another_way_are_refused(model: Classifier, dataset: Dataset, said: str) -> None:
    with pytest.raises(FovealError, match=said) as caught:
        model.evaluate(dataset)
    assert caught.value.code == "task-mismatch"


def test_a_label_that_is_not_known_is_named() -> None:
    with pytest.raises(FovealError, match="got dog") as caught:
        made_multi_label_model().check(_several([[0], [1]], ("ant", "dog")))
    assert caught.value.code == "class-mismatch"


def test_it_is_shown_in_a_line() -> None:
    model = made_model()
    assert all(name in repr(model) for name in model.class_names)
    assert len(repr(model)) < 200
    assert len(repr(model.views)) < 2000
