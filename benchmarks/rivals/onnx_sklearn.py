"""Rival: ONNX Runtime features, Pillow in two threads, scikit-learn's logistic regression. No cross-validation.

Command: python onnx_sklearn.py NETWORK.onnx TRAIN VALIDATION
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def load(path: Path) -> np.ndarray:
    """A photo as uint8 [224, 224, 3]: short side to 224, centre crop."""
    image = Image.open(path).convert("RGB")
    scale = 224 / min(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
    left, top = (image.width - 224) // 2, (image.height - 224) // 2
    return np.asarray(image.crop((left, top, left + 224, top + 224)))


def features(session: onnxruntime.InferenceSession, paths: list[Path]) -> np.ndarray:
    """Embeddings float32 [n, D], 32 photos at a time while the next are decoded."""
    rows = []
    with ThreadPoolExecutor(2) as pool:
        photos = pool.map(load, paths)
        batch = []
        for index, photo in enumerate(photos, 1):
            batch.append(photo)
            if len(batch) == 32 or index == len(paths):
                rows.append(session.run(["embedding"], {"images": np.stack(batch)})[0])
                batch = []
    return np.concatenate(rows)


def main() -> None:
    """Fit on one folder, print the accuracy on the other."""
    network, *folders = sys.argv[1:]
    session = onnxruntime.InferenceSession(network)
    parts = []
    for folder in folders:
        paths = sorted(Path(folder).glob("*/*.jpg"))
        parts.append((features(session, paths), [path.parent.name for path in paths]))
    (x, y), (x_test, y_test) = parts
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=200)).fit(x, y)
    print(f"accuracy {model.score(x_test, y_test):.3f}")


if __name__ == "__main__":
    main()
