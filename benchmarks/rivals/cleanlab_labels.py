"""Rival: cleanlab's label quality scores, on scikit-learn's out-of-fold probabilities and on foveal's.

Needs cleanlab and scikit-learn.
Command: python cleanlab_labels.py CASES.npz SCORES.npz
    CASES.npz holds, for each case K, features_K [n, D], given_K [n], folds_K [n] and probabilities_K [n, C].
    SCORES.npz gets K|PROBABILITIES|METHOD: how wrong each label looks [n]; and seconds|PROBABILITIES.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from cleanlab.rank import get_label_quality_scores
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

METHODS = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")
# scikit-learn's default, and the best of 1, 0.01, 0.001 and 0.0001 on these photos.
STRENGTHS = (1.0, 0.001)


def main() -> None:
    """Score every case with every kind of probabilities and every method."""
    cases = np.load(sys.argv[1])
    names = [key.removeprefix("given_") for key in cases if key.startswith("given_")]
    scores = {}
    for strength in STRENGTHS:
        started = time.perf_counter()
        for name in names:
            model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=300))
            features = cases[f"features_{name.split('/')[0]}"].astype(np.float32)
            given, folds = cases[f"given_{name}"], PredefinedSplit(cases[f"folds_{name}"])
            believed = cross_val_predict(model, features, given, cv=folds, method="predict_proba")
            scores.update(rank(name, f"scikit-learn C={strength:g}", given, believed))
        scores[f"seconds|scikit-learn C={strength:g}"] = (time.perf_counter() - started) / len(names)
    started = time.perf_counter()
    for name in names:
        believed = cases[f"probabilities_{name}"].astype(np.float64)
        believed /= believed.sum(axis=1, keepdims=True)
        scores.update(rank(name, "foveal's", cases[f"given_{name}"], believed))
    scores["seconds|foveal's"] = (time.perf_counter() - started) / len(names)
    np.savez(sys.argv[2], **scores)


def rank(name: str, source: str, given: np.ndarray, believed: np.ndarray) -> dict[str, np.ndarray]:
    """How wrong each label looks by each method."""
    return {
        f"{name}|{source}|{method}": -get_label_quality_scores(given, believed, method=method) for method in METHODS
    }


if __name__ == "__main__":
    main()
