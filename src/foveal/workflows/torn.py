"""Features of photos cut into tiles and shuffled, from which a fit learns what is no photo."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from foveal.assurance.arrangement import MOST_CUT, TILES
from foveal.assurance.gate_probes import shuffle_tiles
from foveal.data.dataset import Dataset
from foveal.features.view import View
from foveal.runtimes.engine import EnginePool, threads
from foveal.workflows.some_photos import decoded, features_of, spread


def torn_features(
    dataset: Dataset, rows: NDArray[np.intp], views: Sequence[View], engines: EnginePool, *, seed: int
) -> NDArray[np.float16]:
    """Features float16 [t, D] of up to 60 photos, spread over all, cut into 3 × 3 and 4 × 4 tiles and shuffled.

    Args:
        dataset: The photos.
        rows: int [n], those learnt from.
        views: What the head gets.
        engines: Where the loaded networks are, or are put.
        seed: Of the shuffling.
    """

    def features(job: tuple[int, int]) -> list[NDArray[np.float16]]:
        number, row = job
        image = decoded(dataset, row, views)
        if image is None or min(image.shape[:2]) < max(TILES):
            return []
        rng = np.random.default_rng((seed, number))
        return [features_of(shuffle_tiles(image, rng, tiles=tiles), views, engines) for tiles in TILES]

    with ThreadPoolExecutor(threads()) as pool:
        found = [each for pair in pool.map(features, enumerate(spread(rows, MOST_CUT))) for each in pair]
    return (
        np.stack(found)
        if found
        else np.empty((0, sum(view.columns for view in views if not view.mirrored)), np.float16)
    )
