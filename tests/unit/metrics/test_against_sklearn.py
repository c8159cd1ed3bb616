"""Every figure against scikit-learn's on random inputs, with ties, classes without photos and either precision."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from foveal.metrics.agreement import cohen_kappa, matthews_correlation
from foveal.metrics.areas import class_areas, micro_areas
from foveal.metrics.averages import averages, class_specificity
from foveal.metrics.calibration import softmax
from foveal.metrics.classification import (
    accuracy,
    balanced_accuracy,
    brier,
    class_scores,
    confusion_matrix,
    log_loss,
    macro_f1,
    top_k_accuracies,
)

reference = pytest.importorskip("sklearn.metrics")
Example = tuple[NDArray[np.int64], NDArray[np.floating]]


@pytest.fixture(autouse=True)
def _reference_may_warn() -> Iterator[None]:
    # scikit-learn warns of every class without photos, which is what these examples are about.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@st.composite
def examples(draw: st.DrawFn) -> Example:
    """Labels of which some classes may have none, and probabilities with or without ties."""
    n, classes = draw(st.integers(1, 60)), draw(st.integers(2, 7))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = rng.integers(0, draw(st.integers(1, classes)), n)
    logits = rng.normal(size=(n, classes)) * draw(st.sampled_from([0.3, 1.0, 5.0]))
    logits[np.arange(n), labels] += draw(st.sampled_from([0.0, 1.0, 4.0]))
    if draw(st.booleans()):
        logits = logits.round()
    return labels, softmax(logits.astype(draw(st.sampled_from([np.float32, np.float64]))))


@settings(deadline=None, max_examples=60)  # scikit-learn checks its input slowly
@given(examples())
def test_decisions(example: Example) -> None:
    labels, probs = example
    chosen, every = probs.argmax(axis=1), np.arange(probs.shape[1])
    confusion = confusion_matrix(labels, probs)
    assert accuracy(labels, probs) == pytest.approx(reference.accuracy_score(labels, chosen), abs=1e-9)
    balanced = reference.balanced_accuracy_score(labels, chosen)
    assert balanced_accuracy(labels, probs) == pytest.approx(balanced, abs=1e-9)
    own = class_scores(confusion)
    theirs = reference.precision_recall_fscore_support(labels, chosen, labels=every, zero_division=0.0)
    for ours, expected in zip((own.precision, own.recall, own.f1, own.photos), theirs, strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-9)
    binary = reference.multilabel_confusion_matrix(labels, chosen, labels=every)
    negatives = binary[:, 0].sum(axis=1)
    expected = np.where(negatives > 0, binary[:, 0, 0] / np.maximum(negatives, 1), np.nan)
    np.testing.assert_allclose(class_specificity(confusion), expected, atol=1e-9)


@settings(deadline=None, max_examples=60)  # scikit-learn checks its input slowly
@given(examples())
def test_averages(example: Example) -> None:
    labels, probs = example
    chosen = probs.argmax(axis=1)
    found = averages(confusion_matrix(labels, probs))
    for kind in ("macro", "micro", "weighted"):
        # Without `labels`, scikit-learn takes the classes that have photos or are predicted, as foveal does.
        options = {"average": kind, "zero_division": 0.0}
        assert found[kind].precision == pytest.approx(reference.precision_score(labels, chosen, **options), abs=1e-9)
        assert found[kind].f1 == pytest.approx(reference.f1_score(labels, chosen, **options), abs=1e-9)
        present = np.unique(labels) if kind == "macro" else None
        recall = reference.recall_score(labels, chosen, labels=present, **options)
        assert found[kind].recall == pytest.approx(recall, abs=1e-9)
    assert found["macro"].f1 == pytest.approx(macro_f1(labels, probs), abs=1e-12)
    seen = np.union1d(labels, chosen)
    binary = reference.multilabel_confusion_matrix(labels, chosen, labels=seen)
    true_negatives, negatives = binary[:, 0, 0], binary[:, 0].sum(axis=1)
    if (negatives > 0).all():
        each, photos = true_negatives / negatives, binary[:, 1].sum(axis=1)
        expected = (each.mean(), true_negatives.sum() / negatives.sum(), np.average(each, weights=photos))
        ours = tuple(found[kind].specificity for kind in ("macro", "micro", "weighted"))
        assert ours == pytest.approx(expected, abs=1e-9)


@settings(deadline=None, max_examples=60)  # scikit-learn checks its input slowly
@given(examples())
def test_areas(example: Example) -> None:
    labels, probs = example
    found = class_areas(labels, probs)
    for c in range(probs.shape[1]):
        positive = labels == c
        roc = pr = np.nan
        if positive.any():
            pr = reference.average_precision_score(positive, probs[:, c])
            if not positive.all():
                roc = reference.roc_auc_score(positive, probs[:, c])
        assert (found.roc_auc[c], found.pr_auc[c]) == pytest.approx((roc, pr), abs=1e-9, nan_ok=True)
    onehot = np.eye(probs.shape[1])[labels]
    expected = tuple(
        score(onehot.ravel(), probs.ravel()) for score in (reference.roc_auc_score, reference.average_precision_score)
    )
    assert micro_areas(labels, probs) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", ["macro", "micro", "weighted"])
def test_averages_of_areas_where_every_class_has_photos(kind: str, dtype: type) -> None:
    from foveal.metrics import areas

    rng = np.random.default_rng(4)
    labels = rng.permutation(np.arange(200) % 6)
    probs = softmax((rng.normal(size=(200, 6)).round(1) + np.eye(6)[labels]).astype(dtype))
    roc = reference.roc_auc_score(labels, probs, multi_class="ovr", average=kind)
    precision = reference.average_precision_score(np.eye(6)[labels], probs, average=kind)
    assert getattr(areas, f"{kind}_roc_auc")(labels, probs) == pytest.approx(roc, abs=1e-9)
    assert getattr(areas, f"{kind}_pr_auc")(labels, probs) == pytest.approx(precision, abs=1e-9)


@settings(deadline=None, max_examples=60)  # scikit-learn checks its input slowly
@given(examples())
def test_agreement(example: Example) -> None:
    labels, probs = example
    chosen = probs.argmax(axis=1)
    kappa = reference.cohen_kappa_score(labels, chosen)
    assert cohen_kappa(labels, probs) == pytest.approx(0.0 if np.isnan(kappa) else kappa, abs=1e-9)
    assert matthews_correlation(labels, probs) == pytest.approx(reference.matthews_corrcoef(labels, chosen), abs=1e-9)


@settings(deadline=None, max_examples=60)  # scikit-learn checks its input slowly
@given(examples())
def test_probabilities(example: Example) -> None:
    labels, probs = example
    every = np.arange(probs.shape[1])
    if probs.dtype == np.float64:
        # In single precision scikit-learn takes the logarithm in single precision, 1e-7 apart.
        assert log_loss(labels, probs) == pytest.approx(reference.log_loss(labels, probs, labels=every), abs=1e-9)
    distance = ((probs.astype(np.float64) - np.eye(len(every))[labels]) ** 2).sum(axis=1).mean()
    assert brier(labels, probs) == pytest.approx(distance, abs=1e-9)


@pytest.mark.parametrize("classes", [3, 12])
def test_top_k_without_ties(classes: int) -> None:
    rng = np.random.default_rng(classes)
    labels = rng.integers(0, classes, 150)
    probs = softmax(rng.normal(size=(150, classes)))
    counts = [k for k in (1, 2, 3, 5, 10) if k < classes]
    expected = [reference.top_k_accuracy_score(labels, probs, k=k, labels=np.arange(classes)) for k in counts]
    assert top_k_accuracies(labels, probs, counts) == pytest.approx(expected, abs=1e-9)
