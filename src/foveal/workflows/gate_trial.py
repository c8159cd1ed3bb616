"""Images of nothing, to see before a model is used whether it turns them away: noise, blank fields, shuffled tiles."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from foveal.assurance.gate_probes import Probe, synthetic_probes
from foveal.classifier.classifier import Classifier
from foveal.data.dataset import Dataset
from foveal.runtimes.engine import EnginePool, threads
from foveal.workflows.some_photos import decoded, features_of, spread

EACH = 10
"""Images of each kind: they cost a tenth of a second together."""


def gate_trial(
    model: Classifier, dataset: Dataset, rows: NDArray[np.intp], engines: EnginePool, *, seed: int
) -> list[dict[str, str | int]]:
    """How many of ten images of each kind the gates of a model turn away, JSON-able.

    Args:
        model: With gates; without any there is nothing to try.
        dataset: Photos, of which ten are cut into 8 × 8 tiles and shuffled.
        rows: int [n], those learnt from.
        engines: Where the loaded networks are, or are put.
        seed: Of everything drawn.

    Returns:
        For each `kind` ("noise", "blank", "shuffled") how many `images` there were and how many were `turned_away`.
        Empty without gates or readable photos.
    """
    chosen = spread(rows, EACH) if model.trust.gated else []
    photos = [decoded(dataset, row, model.views) for row in chosen]
    images = [model.views[0].preprocess.apply(photo) for photo in photos if photo is not None]
    if not images:
        return []
    probes = synthetic_probes(images, each=EACH, seed=seed)

    def features(probe: Probe) -> NDArray[np.float16]:
        return features_of(probe.image_rgb, model.views, engines)

    with ThreadPoolExecutor(threads()) as pool:
        unknown = model.unknown(np.stack(list(pool.map(features, probes))))
    away = np.zeros(len(probes), np.bool_) if unknown is None else unknown
    kinds = np.array([probe.kind for probe in probes])
    return [
        {"kind": kind, "images": int((kinds == kind).sum()), "turned_away": int(away[kinds == kind].sum())}
        for kind in dict.fromkeys(kinds.tolist())
    ]
