"""A classifier whose network is never run."""

from __future__ import annotations

import numpy as np

from foveal.backbones.network import Network
from foveal.classifier.classifier import Classifier
from foveal.features.view import View
from foveal.heads.linear import LinearHead
from foveal.heads.sigmoid import SigmoidHead
from foveal.imaging.preprocess import Preprocess
from foveal.runtimes.engine import Choice


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
