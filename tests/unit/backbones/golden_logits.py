"""Golden values of the built-in networks: what each makes of one image that is pure arithmetic.

    python tests/unit/backbones/golden_logits.py

writes `golden/<network>.json` anew, through ONNX Runtime in float32. The values may only change with the weights: the
graphs may be written differently, the numbers stay.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.backbones.card import Card
from foveal.backbones.catalogue import find
from foveal.backbones.network import load_network
from foveal.runtimes.engine import Choice, load_engine

FOLDER = Path(__file__).parent / "golden"
NAMES = ("lite0", "lite1", "lite2")
EVERY = 40


def synthetic(size_wh: tuple[int, int], kind: int = 0) -> NDArray[np.uint8]:
    """uint8 [H, W, 3] without any random generator: waves, ramps and a checkerboard, different for each `kind`."""
    y, x, c = np.mgrid[0 : size_wh[1], 0 : size_wh[0], 0:3].astype(np.int64)
    ramps = 3 * x + 2 * y * (kind + 1) + 40 * c
    curves = (x - 100) ** 2 // (7 + kind) + (y - 80) ** 2 // 9
    checks = 60 * ((x // 16 + y // 16 + c + kind) % 2)
    return ((ramps + curves + checks) % 256).astype(np.uint8)


def values(card: Card) -> dict[str, Any]:
    """Every 40th logit, the five largest, and every 40th column of the embedding, for `synthetic`."""
    network = load_network(card, classifier=True)
    engine = load_engine(Choice("onnx", "f32"), network.content, ["logits", "embedding"], parallel=1)
    logits, embedding = engine.run(synthetic(card.preprocess.size_wh))
    return {
        "name": card.name,
        "weights_sha256": card.weights.sha256,
        "logits": [round(float(value), 5) for value in logits[::EVERY]],
        "best": [[int(place), round(float(logits[place]), 5)] for place in np.argsort(-logits)[:5]],
        "embedding": [round(float(value), 5) for value in embedding[::EVERY]],
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in NAMES:
        (FOLDER / f"{name}.json").write_text(json.dumps(values(find(name)), indent=1) + "\n", encoding="utf-8")
