"""Small classifiers that really look at photos: their answers, and so their maps, can be told beforehand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foveal.backbones.graph import Graph
from foveal.backbones.network import Network
from foveal.classifier.classifier import Classifier
from foveal.features.view import View
from foveal.heads.affine import AffineHead
from foveal.heads.linear import LinearHead
from foveal.heads.logits import LogitsHead
from foveal.heads.sigmoid import SigmoidHead
from foveal.imaging.preprocess import Preprocess
from foveal.runtimes.engine import Choice

SIZE = 32
NAMES = ("ant", "bee", "cat")
_HALF = (0.5, 0.5, 0.5)


def network(seed: int = 0, *, spatial: bool = True) -> Network:
    """Two convolutions with the outputs `tap_1` [8], signed, and `embedding` [16]; `logits` [3] behind it."""
    rng = np.random.default_rng(seed)
    graph = Graph("looking", preprocess())
    x = graph.normalised
    x = graph.conv(x, _weight(rng, 8, 3), rng.normal(0, 0.1, 8).astype(np.float32), stride=2)
    graph.output("tap_1", graph.pool(x))
    x = graph.relu6(graph.conv(x, _weight(rng, 16, 8), rng.normal(0, 0.1, 16).astype(np.float32), stride=2))
    pooled = graph.pool(x)
    if not spatial:
        pooled = graph.relu6(pooled)
    embedding = graph.output("embedding", pooled)
    layer = rng.normal(0, 2, (len(NAMES), 16)).astype(np.float32)
    graph.output("logits", graph.linear(embedding, layer, rng.normal(size=len(NAMES)).astype(np.float32)))
    return Network.of(graph.serialise(), {"tap_1": 8, "embedding": 16, "logits": len(NAMES)})


def preprocess(mode: str = "balance") -> Preprocess:
    return Preprocess(size_wh=(SIZE, SIZE), mode=mode, mean=_HALF, std=_HALF)  # type: ignore[arg-type]


def view(
    outputs: tuple[str, ...] = ("tap_1", "embedding"), *, seed: int = 0, spatial: bool = True, runtime: str = "onnx"
) -> View:
    return View("looking.test", network(seed, spatial=spatial), preprocess(), outputs, Choice(runtime, "f32"))


def linear_model(*views: View, seed: int = 0, multi_label: bool = False) -> Classifier:
    """A head with random weights on some views, such as `fit` learns."""
    rng = np.random.default_rng(seed)
    columns = sum(each.columns for each in views if not each.mirrored)
    arrays = {
        "centre": rng.normal(size=columns).astype(np.float32),
        "scale": rng.uniform(0.5, 2, columns).astype(np.float32),
        "weights": rng.normal(size=(columns, len(NAMES))).astype(np.float32),
        "bias": rng.normal(size=len(NAMES)).astype(np.float32),
    }
    if multi_label:
        return Classifier(NAMES, views, SigmoidHead(**arrays, thresholds=np.array([0, 0, 1], np.float32)), 1.5)
    return Classifier(NAMES, views, LinearHead(**arrays), 1.5)


def affine_model(*views: View, seed: int = 0) -> Classifier:
    """A head that multiplies the features as they are, such as `train` learns."""
    rng = np.random.default_rng(seed)
    columns = sum(each.columns for each in views if not each.mirrored)
    weights = rng.normal(size=(columns, len(NAMES))).astype(np.float32)
    return Classifier(NAMES, views, AffineHead(weights, rng.normal(size=len(NAMES)).astype(np.float32)), 1.5)


def logits_model() -> Classifier:
    """The network names its classes itself, as `imagenet` does."""
    return Classifier(NAMES, (view(("logits",)),), LogitsHead(len(NAMES)), 1.0)


def red_model() -> Classifier:
    """Answers "red" the surer the more red there is anywhere, else "other"; its evidence lies where the red is."""
    graph = Graph("red", preprocess("stretch"))
    weight = np.zeros((1, 3, 1, 1), np.float32)
    weight[0, :, 0, 0] = (2, -1, -1)
    # Blurred red is no longer red enough.
    x = graph.relu6(graph.conv(graph.normalised, weight, np.full(1, -2.5, np.float32), stride=1))
    embedding = graph.output("embedding", graph.pool(x))
    layer = np.array([[80.0], [0.0]], np.float32)
    graph.output("logits", graph.linear(embedding, layer, np.array([-3.0, 0.0], np.float32)))
    made = Network.of(graph.serialise(), {"embedding": 1, "logits": 2})
    seen = View("red.test", made, preprocess("stretch"), ("logits",), Choice("onnx", "f32"))
    return Classifier(("red", "other"), (seen,), LogitsHead(2), 1.0)


def red_photo(*, height: int = 60, width: int = 90) -> NDArray[np.uint8]:
    """Grey, with a red square in the lower right: rows 36 to 52, columns 60 to 80."""
    image = np.full((height, width, 3), 120, np.uint8)
    image[36:52, 60:80] = (250, 10, 10)
    return image


def noise_photo(seed: int = 0, *, height: int = 50, width: int = 70) -> NDArray[np.uint8]:
    """Smooth coloured noise, uint8 [height, width, 3]."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 255, (-(-height // 10), -(-width // 10), 3))
    return np.kron(coarse, np.ones((10, 10, 1)))[:height, :width].astype(np.uint8)


def _weight(rng: np.random.Generator, outputs: int, inputs: int) -> NDArray[np.float32]:
    return rng.normal(0, 0.4, (outputs, inputs, 3, 3)).astype(np.float32)
