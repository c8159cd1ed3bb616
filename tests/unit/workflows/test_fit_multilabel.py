from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from foveal.backbones.network import Network
from foveal.data.dataset import Dataset
from foveal.data.label_sets import LabelSets
from foveal.data.split_file import Split
from foveal.errors import FovealError
from foveal.features.extract import Extracted
from foveal.features.view import View
from foveal.heads.sigmoid import SigmoidHead
from foveal.imaging.preprocess import Preprocess
from foveal.reports.splitting import told
from foveal.runtimes.engine import Choice, EnginePool
from foveal.types.multilabel_evaluation import MultiLabelEvaluation
from foveal.types.names import Names
from foveal.workflows.fit_multilabel import learn_label_sets
from foveal.workflows.recipe import Recipe

PHOTOS, COLUMNS = 120, 12
PREPROCESS = Preprocess(size_wh=(8, 8), mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
NETWORK = Network.of(b"never run", {"embedding": COLUMNS})
VIEW = View("made.test", NETWORK, PREPROCESS, ("embedding",), Choice("onnx", "f32"))


class _Found(Extracted):
    """Features that are already there."""

    features: np.ndarray

    def gather(self, rows: np.ndarray, views: object) -> np.ndarray:
        return self.features[rows]


@pytest.fixture(scope="module")
def photos() -> tuple[Dataset, _Found, np.ndarray]:
    """Photos whose features tell three labels well and one, "rare", that two photos have."""
    rng = np.random.default_rng(0)
    targets = rng.random((PHOTOS, 3)) < [0.5, 0.3, 0.15]
    targets = np.column_stack([targets, np.arange(PHOTOS) < 2])
    centres = rng.normal(size=(4, COLUMNS))
    features = np.maximum(targets @ centres + 0.5 * rng.normal(size=(PHOTOS, COLUMNS)), 0) ** 2
    keys = np.zeros((PHOTOS, 16), np.uint8)
    keys[:, 0] = np.arange(PHOTOS)
    found = _Found(keys, {}, 0, {})
    object.__setattr__(found, "features", features.astype(np.float16))
    sets = LabelSets.of(np.flatnonzero(row).tolist() for row in targets)
    names = ("one", "two", "three", "rare")
    paths = [f"{number}.jpg" for number in range(PHOTOS)]
    nothing = np.full(PHOTOS, -1, np.int32)
    return Dataset(Path("t.csv"), paths, nothing, names, np.zeros(PHOTOS, np.int8), label_sets=sets), found, targets


def _split(groups: np.ndarray) -> Split:
    return Split(Names(f"{number}.jpg" for number in range(PHOTOS)), (groups % 4).astype(np.int8), groups)


def test_everything_a_fit_needs_is_learnt(photos: tuple[Dataset, _Found, np.ndarray]) -> None:
    dataset, found, targets = photos
    learnt = learn_label_sets(
        dataset, found, [VIEW], _split(np.arange(PHOTOS)), Recipe(seed=1), engines=EnginePool(), keep_axes=False
    )
    assert learnt.model.class_names == dataset.class_names
    assert isinstance(learnt.model.head, SigmoidHead)
    assert learnt.counts == targets.sum(axis=0).tolist()
    measured = learnt.out_of_fold
    assert isinstance(measured.figures, MultiLabelEvaluation)
    assert measured.figures.photos == len(measured.rows) == len(measured.probs) == PHOTOS
    assert measured.figures.protocol == "out of fold, 4 folds"
    assert [score["average_precision"] > 0.8 for score in measured.figures.per_class[:3]] == [True] * 3
    assert learnt.model.trust.arrays() == {}
    record = json.loads(json.dumps(learnt.record(), allow_nan=False))
    assert record["data"]["classes"] == dict(zip(dataset.class_names, learnt.counts, strict=True))
    assert record["split"]["folds"] == 4
    assert "mean_average_precision_ungrouped" not in record["split"]
    np.testing.assert_allclose(record["calibration"]["thresholds"], learnt.model.thresholds)


def test_the_model_answers_as_it_was_calibrated(photos: tuple[Dataset, _Found, np.ndarray]) -> None:
    dataset, found, targets = photos
    learnt = learn_label_sets(
        dataset, found, [VIEW], _split(np.arange(PHOTOS)), Recipe(), engines=EnginePool(), keep_axes=False
    )
    probs = learnt.model.probs(found.features)
    np.testing.assert_allclose(probs[:, :3].mean(axis=0), targets[:, :3].mean(axis=0), atol=0.06)
    logits = learnt.selection.head.logits(found.features).astype(np.float64)
    shifted = (logits + learnt.calibration["shift"]) / learnt.calibration["temperature"]
    np.testing.assert_allclose(probs, 1 / (1 + np.exp(-shifted)), atol=1e-5)


def test_the_record_says_what_groups_cost(photos: tuple[Dataset, _Found, np.ndarray]) -> None:
    dataset, found, _ = photos
    learnt = learn_label_sets(
        dataset, found, [VIEW], _split(np.arange(PHOTOS) // 2), Recipe(), engines=EnginePool(), keep_axes=False
    )
    assert learnt.split["grouped_photos"] == PHOTOS
    for key in ("mean_average_precision", "mean_average_precision_ungrouped"):
        assert 0.4 < learnt.split[key] <= 1
    assert "the score would read" in told(learnt.split)


def test_thresholds_of_one_half_on_request(photos: tuple[Dataset, _Found, np.ndarray]) -> None:
    dataset, found, _ = photos
    learnt = learn_label_sets(
        dataset, found, [VIEW], _split(np.arange(PHOTOS)), Recipe(balance="none"), engines=EnginePool(), keep_axes=False
    )
    assert learnt.model.thresholds is not None
    assert (learnt.model.thresholds == 0.5).all()


def test_a_probe_for_one_class_a_photo_is_refused(photos: tuple[Dataset, _Found, np.ndarray]) -> None:
    dataset, found, _ = photos
    with pytest.raises(FovealError, match="expected auto or logistic") as caught:
        learn_label_sets(
            dataset,
            found,
            [VIEW],
            _split(np.arange(PHOTOS)),
            Recipe(probe="means"),
            engines=EnginePool(),
            keep_axes=False,
        )
    assert caught.value.code == "bad-option"
