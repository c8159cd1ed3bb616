"""Models and measurements made up for tests of reports."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from tests.drawn_photos import write_labelled_photos, write_photos

from foveal.backbones.network import Network
from foveal.classifier.classifier import Classifier
from foveal.data.read import read
from foveal.evaluation.measured import Measured
from foveal.evaluation.slices import slice_figures
from foveal.evaluation.trust_figures import trust_figures_out_of_fold
from foveal.features.view import View
from foveal.heads.linear import LinearHead
from foveal.heads.sigmoid import SigmoidHead
from foveal.imaging.preprocess import Preprocess
from foveal.metrics.evaluate import measure
from foveal.metrics.multilabel_evaluate import measure_multilabel
from foveal.runtimes.engine import Choice
from foveal.types.finding import Finding
from foveal.types.multilabel_evaluation import Figures

HOSTILE = ("a|b<script>alert(1)</script>", "line\nbreak\x1b[31m", "plain $x$ 猫")
CURVE = {
    "measured": {
        "sizes": [10, 50, 100],
        "accuracy": [0.5, 0.7, 0.8],
        "low": [0.4, 0.6, 0.75],
        "high": [0.6, 0.8, 0.85],
    },
    "ahead": {"sizes": [150, 200], "accuracy": [0.83, 0.85], "low": [0.79, 0.8], "high": [0.87, 0.9]},
}


def made_model(
    names: tuple[str, ...], figures: dict[str, Figures], findings: tuple[Finding, ...] = (), *, several: bool = False
) -> Classifier:
    """A model whose record says what a fit would have written."""
    score = {"mean_average_precision": 0.6543} if several else {}
    trial = {"features": "made.test", "probe": "ridge", "strength": 0.5, "accuracy": 0.75, "log_loss": 0.5, **score}
    card = {
        "title": "Made",
        "name": "made.test",
        "licence": {"spdx": "MIT", "holder": "nobody"},
        "trained_on": "nothing",
        "parameters": 12,
    }
    record: dict[str, Any] = {
        "created": "2030-01-02T03:04:05+00:00",
        "recipe": {"seed": 3, "effort": "low"},
        "backbones": [card],
        "licences": ["MIT"],
        "data": {"photos": 90, "classes": dict.fromkeys(names, 30), "fingerprint": "ab" * 32, "edits": {}},
        "selection": {"features": "made.test", "probe": "ridge", "strength": 0.5, "trials": [trial]},
        "split": {"by": "none", "folds": 3, "groups": 90, "grouped_photos": 0, "linked": {}},
        "calibration": {"temperature": 1.0, **({"thresholds": [0.2, 0.6]} if several else {"tau": 0.0})},
        "metrics": {key: each.to_dict() for key, each in figures.items()},
        "findings": [finding.to_dict() for finding in findings],
        "seconds": {"total": 1.25},
        "versions": {"python": "3.11", "foveal": "0.1"},
    }
    preprocess = Preprocess(size_wh=(8, 8), mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    view = View("made.test", Network.of(b"n", {"embedding": 2}), preprocess, ("embedding",), Choice("onnx", "f32"))
    arrays = {
        "centre": np.ones(2),
        "scale": np.ones(2),
        "weights": np.ones((2, len(names))),
        "bias": np.ones(len(names)),
    }
    head = {name: array.astype(np.float32) for name, array in arrays.items()}
    if several:
        thresholds = np.full(len(names), 0.5, np.float32)
        return Classifier(names, (view,), SigmoidHead(**head, thresholds=thresholds), 1.0, record=record)
    return Classifier(names, (view,), LinearHead(**head), 1.0, record=record)


def made_measured(folder: Path, names: tuple[str, ...] = (), *, trust: bool = True, seed: int = 0) -> Measured:
    """Drawn photos with answers that are mostly right; with every section that can be made without a network."""
    write_photos(folder, per_class=20, seed=seed)
    dataset = read(folder)
    shown = names or dataset.class_names
    dataset = replace(dataset, class_names=shown, labels=dataset.labels % len(shown))
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.ones(len(shown)), len(dataset)).astype(np.float32)
    probs[np.arange(len(dataset)), dataset.labels] += rng.random(len(dataset)).astype(np.float32) * 2
    probs /= probs.sum(axis=1, keepdims=True)
    figures = measure(
        dataset.labels,
        probs,
        shown,
        protocol="out of fold, 4 folds",
        before=np.sqrt(probs) / np.sqrt(probs).sum(axis=1, keepdims=True),
    )
    unknown = rng.random(len(dataset)) < 0.1
    if trust:
        folds = (np.arange(len(dataset)) % 4).astype(np.int8)
        known = trust_figures_out_of_fold(dataset.labels, probs, folds, shown, unknown=unknown, max_error=0.3)
        camera = ["Canon" if at % 3 else "Nikon" for at in range(len(dataset))]
        slices = slice_figures(dataset.labels, probs.argmax(axis=1), {"camera": camera})
        figures = replace(figures, trust=dict(known), slices=[dict(each) for each in slices])
    rows = np.arange(len(dataset))
    return Measured("out of fold", figures, dataset, rows, shown, dataset.labels, probs, unknown if trust else None)


def made_label_sets(folder: Path) -> Measured:
    """Drawn photos of any number of things."""
    write_labelled_photos(folder, photos=24, seed=0)
    dataset = read(folder / "labels.csv")
    rng = np.random.default_rng(0)
    targets = dataset.targets()
    probs = np.clip(0.3 * targets + rng.random(targets.shape) * 0.7, 0.01, 0.99).astype(np.float32)
    thresholds = np.full(targets.shape[1], 0.5, np.float32)
    names = dataset.class_names
    figures = measure_multilabel(targets, probs, probs >= 0.5, names, thresholds=thresholds, protocol="labelled photos")
    rows = np.arange(len(dataset))
    return Measured("labelled photos", figures, dataset, rows, names, dataset.labels, probs)
