from __future__ import annotations

import numpy as np
import pytest
from problems import several_labels

from foveal.data.multilabel_splits import multilabel_folds
from foveal.metrics.multilabel import mean_average_precision
from foveal.metrics.multilabel_calibration import fit_platt, sigmoid
from foveal.probes.axes import principal_axes
from foveal.probes.multilabel import STRENGTHS
from foveal.probes.multilabel_select import select_multilabel


@pytest.fixture(scope="module")
def selection():
    features, targets = several_labels(600, 60, 4, spread=5.0)
    features, later, targets, truth = features[:300], features[300:], targets[:300], targets[300:]
    noise = np.random.default_rng(1).random(features.shape).astype(np.float16)
    folds = multilabel_folds(targets, folds=4, seed=0)
    sets = {"noise": lambda: principal_axes(noise), "signal": lambda: principal_axes(features)}
    return select_multilabel(sets, targets, folds), features, targets, later, truth


def test_the_lowest_log_loss_wins(selection):
    found, _, targets, *_ = selection
    assert {trial.features for trial in found.trials} == {"noise", "signal"}
    best = min(found.trials, key=lambda trial: trial.log_loss)
    assert (found.features, found.strength, found.probe) == (best.features, best.strength, "logistic")
    assert found.features == "signal"
    assert found.folds == 4
    probs = fit_platt(found.out_of_fold, targets).probs(found.out_of_fold)
    assert best.mean_average_precision == pytest.approx(mean_average_precision(targets, probs))


def test_out_of_fold_is_honest_and_the_head_learns_from_all(selection):
    found, features, targets, later, truth = selection
    assert found.out_of_fold.shape == targets.shape
    assert found.head.classes == 4
    out_of_fold = mean_average_precision(targets, sigmoid(found.out_of_fold))
    learnt = mean_average_precision(targets, sigmoid(found.head.logits(features)))
    new = mean_average_precision(truth, sigmoid(found.head.logits(later)))
    assert targets.mean() + 0.15 < out_of_fold < learnt - 0.05
    assert new == pytest.approx(out_of_fold, abs=0.06)


def test_a_path_is_left_where_it_gets_worse(monkeypatch):
    features, targets = several_labels(200, 60, 3, spread=5.0)
    folds = multilabel_folds(targets, folds=4, seed=0)
    whole = select_multilabel({"all": lambda: principal_axes(features)}, targets, folds)
    monkeypatch.setattr("foveal.probes.multilabel_select._WORSE", 1.0)
    short = select_multilabel({"all": lambda: principal_axes(features)}, targets, folds)
    assert short.trials == whole.trials[: len(short.trials)]
    assert len(short.trials) < len(STRENGTHS)
    assert short.trials[-1].log_loss > short.trials[-2].log_loss
