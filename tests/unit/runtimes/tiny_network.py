"""A network small enough to be loaded and measured in milliseconds, and real ones."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.backbones.graph import Graph
from foveal.imaging.preprocess import Preprocess

SIZE = 24


@dataclass(frozen=True)
class Tiny:
    content: bytes
    sha256: str


def tiny_network(seed: int = 0) -> Tiny:
    """Two convolutions; outputs `embedding` [16] and `tap_1` [8]."""
    rng = np.random.default_rng(seed)
    half = (0.5, 0.5, 0.5)
    graph = Graph("tiny", Preprocess(size_wh=(SIZE, SIZE), mean=half, std=half))
    x = graph.normalised
    for index, (inputs, outputs) in enumerate(((3, 8), (8, 16))):
        weight = rng.normal(0, 0.4, (outputs, inputs, 3, 3)).astype(np.float32)
        x = graph.relu6(graph.conv(x, weight, rng.normal(0, 0.1, outputs).astype(np.float32), stride=2))
        graph.output("embedding" if index else "tap_1", graph.pool(x))
    content = graph.serialise()
    return Tiny(content, hashlib.sha256(content).hexdigest())


def images(count: int, size: int = SIZE, seed: int = 0) -> list[NDArray[np.uint8]]:
    """Smooth coloured images uint8 [size, size, 3]: quantisation meets such ranges in photos."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size] / size
    found = []
    for _ in range(count):
        phase, speed, level = rng.uniform(0, 6, 3), rng.uniform(2, 14, (3, 2)), rng.uniform(60, 190, 3)
        waves = np.sin(speed[:, 0, None, None] * x + speed[:, 1, None, None] * y + phase[:, None, None])
        found.append(np.clip(level + 60 * waves.transpose(1, 2, 0), 0, 255).astype(np.uint8))
    return found
