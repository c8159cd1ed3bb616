"""Rivals: MAPIE's and crepes' prediction sets from given probabilities; a library that is missing is said so.

Needs mapie with scikit-learn, or crepes, or both.
Command: python conformal_sets.py CASES.npz SETS.npz COVERAGE
    CASES.npz holds, for each case K, known_K [n, C] and labels_K [n] to calibrate on, and asked_K [m, C].
    SETS.npz gets K|RIVAL, bool [m, C], and seconds|K|RIVAL: calibration and sets, the fastest of five runs where K
    begins with "timed", else of one.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from importlib import metadata

import numpy as np


class Given:
    """A scikit-learn classifier whose photos are their own probabilities."""

    def __init__(self, classes: int) -> None:
        self.classes_ = np.arange(classes)
        self.n_features_in_ = classes

    def fit(self, *_: object) -> Given:
        """Nothing to learn."""
        return self

    def predict(self, probs: np.ndarray) -> np.ndarray:
        """The most probable class."""
        return probs.argmax(axis=1)

    def predict_proba(self, probs: np.ndarray) -> np.ndarray:
        """What came in."""
        return probs

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> object:
        from sklearn.utils import Tags, TargetTags

        return Tags(estimator_type="classifier", target_tags=TargetTags(required=True))


Sets = Callable[[np.ndarray, np.ndarray, np.ndarray, float], np.ndarray]


def mapie(score: str) -> Sets:
    """MAPIE's split conformal classifier with that score."""
    from mapie.classification import SplitConformalClassifier

    def sets(known: np.ndarray, labels: np.ndarray, asked: np.ndarray, coverage: float) -> np.ndarray:
        model = SplitConformalClassifier(
            Given(known.shape[1]), coverage, conformity_score=score, prefit=True, random_state=0
        )
        model.conformalize(known, labels)
        return model.predict_set(asked)[1][:, :, 0]

    return sets


def crepes() -> Sets:
    """crepes with its hinge score, 1 − p, and no smoothing."""
    from crepes import ConformalClassifier

    def sets(known: np.ndarray, labels: np.ndarray, asked: np.ndarray, coverage: float) -> np.ndarray:
        model = ConformalClassifier()
        model.fit(1 - known[np.arange(len(labels)), labels])
        return model.predict_set(1 - asked, confidence=coverage, smoothing=False).astype(bool)

    return sets


RIVALS: dict[str, Callable[[], Sets]] = {
    "MAPIE LAC": lambda: mapie("lac"),
    "MAPIE APS": lambda: mapie("aps"),
    "MAPIE RAPS": lambda: mapie("raps"),
    "crepes hinge": crepes,
}


def main() -> None:
    """Sets of every case by every rival that is installed."""
    warnings.simplefilter("ignore")
    cases, coverage = np.load(sys.argv[1]), float(sys.argv[3])
    names = [key.removeprefix("known_") for key in cases if key.startswith("known_")]
    found = {}
    for rival, prepare in RIVALS.items():
        library = rival.split()[0].lower()
        try:
            sets = prepare()
        except ImportError:
            print(f"{rival}: {library} is not installed, left out")
            continue
        print(f"{rival}: {library} {metadata.version(library)}")
        for name in names:
            known, asked = (cases[f"{which}_{name}"].astype(np.float64) for which in ("known", "asked"))
            known, asked = (each / each.sum(axis=1, keepdims=True) for each in (known, asked))
            seconds = []
            for _ in range(5 if name.startswith("timed") else 1):
                started = time.perf_counter()
                found[f"{name}|{rival}"] = sets(known, cases[f"labels_{name}"], asked, coverage)
                seconds.append(time.perf_counter() - started)
            found[f"seconds|{name}|{rival}"] = np.array(min(seconds))
    np.savez(sys.argv[2], **found)


if __name__ == "__main__":
    main()
