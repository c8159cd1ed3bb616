"""A classifier whose network is never run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from foveal.assurance.evidence import learn_evidence
from foveal.backbones.network import Network
from foveal.classifier.classifier import Classifier
from foveal.features.view import View
from foveal.heads.linear import LinearHead
from foveal.heads.sigmoid import SigmoidHead
from foveal.imaging.preprocess import Preprocess
from foveal.metrics.calibration import softmax
from foveal.runtimes.engine import Choice
from foveal.workflows.trusting import learn_trust


def made_view(*, mirrored: bool = False, outputs: tuple[str, ...] = ("tap", "embedding")) -> View:
    network = Network.of(b"network of one's own", {"tap": 2, "embedding": 4})
    preprocess = Preprocess(size_wh=(8, 8), mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    return View("made.test", network, preprocess, outputs, Choice("onnx", "f32"), mirrored)


def made_model(names: tuple[str, ...] = ("ant", "bee", "cat")) -> Classifier:
    rng = np.random.default_rng(0)
    head = LinearHead(*(rng.normal(size=shape).astype(np.float32) for shape in (6, 6, (6, len(names)), len(names))))
    return Classifier(names, (made_view(), made_view(mirrored=True)), head, 1.5, record={"note": "ünï"})


def made_multi_label_model(names: tuple[str, ...] = ("ant", "bee", "cat")) -> Classifier:
    one = made_model(names)
    assert isinstance(one.head, LinearHead)
    thresholds = np.linspace(0.2, 0.6, len(names), dtype=np.float32)
    return Classifier(names, one.views, SigmoidHead(**one.head.arrays(), thresholds=thresholds), 1.5, record=one.record)


def made_trusting_model(*, evidence: bool = True) -> Classifier:
    """With every part of trust, learnt from features drawn at random; its classes are of two groups."""
    model = made_model(("animal/ant", "animal/bee", "plant"))
    rng = np.random.default_rng(3)
    features = rng.gamma(1, 1, (240, 6)).astype(np.float16)
    torn = rng.gamma(1, 1, (40, 6)).astype(np.float16) + np.float16(3)
    labels = (np.arange(240) % 3).astype(np.int32)
    folds = (np.arange(240) % 5).astype(np.int8)
    logits = np.eye(3, dtype=np.float32)[labels] * 3 + rng.normal(size=(240, 3)).astype(np.float32)
    learnt = learn_trust(features, labels, logits, softmax(logits).astype(np.float32), folds, model.class_names, torn)
    assert learnt.trust.gate is not None
    assert learnt.trust.arrangement is not None
    trust = learnt.trust
    if evidence:
        names = [f"ünï {number}.jpg" for number in range(240)]
        index = learn_evidence(features, labels, names, lambda rows: [b"jpeg"] * len(rows), classes=3)
        trust = replace(trust, evidence=index)
    return replace(model, trust=trust)
