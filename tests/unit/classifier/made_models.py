"""A classifier whose network is never run."""

from __future__ import annotations

import numpy as np

from foveal.backbones.network import Network
from foveal.classifier.classifier import Classifier
from foveal.features.view import View
from foveal.heads.linear import LinearHead
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
