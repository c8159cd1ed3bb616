from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
pytest.importorskip("timm", reason="the extra `train` is not installed")

from tests.unit.training.recipes.tiny_training import data, network, settings  # noqa: E402

from foveal.metrics.calibration import softmax  # noqa: E402
from foveal.metrics.classification import log_loss  # noqa: E402
from foveal.training import probe_start as probing  # noqa: E402
from foveal.training.probe_start import fit_head, probe_start, start_outputs  # noqa: E402


def blobs(n=300, columns=20, classes=3, seed=0):
    chance = np.random.default_rng(seed)
    labels = chance.integers(0, classes, n).astype(np.int32)
    centres = chance.normal(size=(classes, columns))
    return (centres[labels] + chance.normal(0, 1.0, (n, columns))).astype(np.float32), labels


def test_the_head_answers_new_photos_and_is_neither_too_sure_nor_too_shy():
    features, labels = blobs(600)
    head = fit_head(features[:300], labels[:300], classes=3, seed=0)
    logits = head.logits(features[300:])
    assert (logits.argmax(axis=1) == labels[300:]).mean() > 0.9
    losses = [log_loss(labels[300:], softmax(logits, heat)) for heat in (0.5, 1.0, 2.0)]
    assert losses[1] == min(losses)


def test_groups_stay_together_in_the_folds(monkeypatch):
    features, labels = blobs()
    seen = {}
    real = probing.stratified_folds
    monkeypatch.setattr(probing, "stratified_folds", lambda *a, **k: seen.setdefault("folds", real(*a, **k)))
    groups = np.arange(300) // 2
    fit_head(features, labels, classes=3, seed=0, groups=groups)
    assert all(len(set(seen["folds"][groups == group])) == 1 for group in range(150))


def test_wide_taps_and_the_embedding_are_learnt_from():
    assert start_outputs(network("timm/test_efficientnet")) == ("tap_3", "tap_4", "tap_5", "embedding")


def test_only_photos_to_train_on_are_looked_at(photos, tmp_path, monkeypatch):
    given, asked = data(photos), []
    real = probing.look
    monkeypatch.setattr(
        probing, "look", lambda net, d, rows, *a, **k: asked.append(rows) or real(net, d, rows, *a, **k)
    )
    start = probe_start(network(), given, settings(tmp_path))
    assert np.array_equal(asked[0], given.train_rows)
    assert start.head.weights.shape == (sum(network().output_columns[each] for each in start.outputs), 3)


def test_of_very_many_photos_a_part_is_looked_at(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(probing, "_MOST_PHOTOS", 20)
    given = data(photos)
    rows = probing._some(given, 0)
    assert len(rows) == 20
    assert set(rows.tolist()) <= set(given.train_rows.tolist())
