"""Rival: imagededup's perceptual hashes and its search in CNN features, on foveal's own embeddings of the same photos.

Command: python imagededup_pairs.py FOLDER EMBEDDINGS.npz OUT.json
    FOLDER holds photos; the file holds `names` and `vectors` of them. Writes, for every method and threshold, the
    seconds it took and the pairs of file names it found. imagededup's own CNN weights are a download, and not used.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from imagededup.methods import CNN, DHash, PHash
from imagededup.utils import CustomModel

HASH_DISTANCES = (4, 10, 16)
SIMILARITIES = (0.8, 0.85, 0.9, 0.95)


def pairs(found: dict[str, list[str]]) -> list[list[str]]:
    """Each pair once, in order."""
    return sorted({tuple(sorted((name, other))) for name, others in found.items() for other in others})


def main() -> None:
    """Find the duplicates with each method."""
    folder, vectors, out = (Path(word) for word in sys.argv[1:])
    results = {}
    for method in (PHash, DHash):
        started = time.perf_counter()
        hashes = method(verbose=False).encode_images(image_dir=folder)
        encoded = time.perf_counter() - started
        for distance in HASH_DISTANCES:
            started = time.perf_counter()
            found = method(verbose=False).find_duplicates(encoding_map=hashes, max_distance_threshold=distance)
            seconds = [encoded, time.perf_counter() - started]
            results[f"{method.__name__}, distance {distance}"] = {"seconds": seconds, "pairs": pairs(found)}
    model = CustomModel(model=torch.nn.Identity(), transform=lambda image: image, name="foveal's embeddings")
    with np.load(vectors) as stored:
        features = dict(zip(stored["names"].tolist(), stored["vectors"].astype(np.float32), strict=True))
    for similarity in SIMILARITIES:
        started = time.perf_counter()
        found = CNN(verbose=False, model_config=model).find_duplicates(
            encoding_map=features, min_similarity_threshold=similarity, num_sim_workers=2
        )
        seconds = [0.0, time.perf_counter() - started]
        results[f"CNN search, cosine {similarity}"] = {"seconds": seconds, "pairs": pairs(found)}
    out.write_text(json.dumps(results))


if __name__ == "__main__":
    main()
