"""The classifier: what `foveal.fit` returns, `foveal.load` reads and `predict` asks."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.classifier.photos import as_photos
from foveal.data.dataset import Dataset
from foveal.data.photo import AnyPhoto, photo_name
from foveal.data.read import read
from foveal.errors import FovealError
from foveal.features.extract import Extracted, extract
from foveal.features.settings import Settings, open_cache
from foveal.features.view import View
from foveal.heads.linear import LinearHead
from foveal.heads.logits import LogitsHead
from foveal.metrics.calibration import softmax
from foveal.metrics.evaluate import measure
from foveal.runtimes.engine import EnginePool
from foveal.types.classifications import Classifications
from foveal.types.evaluation import Evaluation
from foveal.types.text import listing, printable

# Fewer photos than this are not worth opening the cache for.
_CACHE_FROM = 16


@dataclass(frozen=True)
class Classifier:
    """Photos in, class probabilities out.

    Args:
        class_names: Names of the C classes.
        views: The networks a photo goes through; their features stand side by side.
        head: Features to logits.
        temperature: Divides the logits (Guo et al., 2017).
        record: How it came about, JSON-able: cards, data, settings, versions, metrics.
    """

    class_names: tuple[str, ...]
    views: tuple[View, ...]
    head: LinearHead | LogitsHead
    temperature: float
    record: Mapping[str, Any] = field(default_factory=dict)
    engines: EnginePool = field(default_factory=EnginePool, repr=False, compare=False)

    @property
    def evaluation(self) -> Evaluation | None:
        """What was measured out of fold when it was fitted."""
        return self._evaluation("out_of_fold")

    @property
    def test_evaluation(self) -> Evaluation | None:
        """What was measured, once, on the test photos."""
        return self._evaluation("test")

    def _evaluation(self, name: str) -> Evaluation | None:
        found = self.record.get("metrics", {}).get(name)
        return Evaluation.from_dict(found) if found else None

    def save(self, path: str | Path) -> Path:
        """Write a model file, `*.foveal`; see `foveal.classifier.bundle`."""
        from foveal.classifier import bundle

        return bundle.save(self, Path(path).expanduser())

    def predict(self, photos: object, *, settings: Settings | None = None) -> Classifications:
        """Recognise photos.

        Args:
            photos: A path, a folder (searched recursively), an image as uint8 [H, W, 3] RGB, or a sequence of these.
            settings: How to run.

        Returns:
            One row of probabilities a photo, in order; NaN and a reason where a photo could not be read.

        Raises:
            FovealError: `not-found`, `no-photos`, `bad-image`.
        """
        settings = settings or Settings()
        given = as_photos(photos)
        kept = settings if len(given) >= _CACHE_FROM else replace(settings, cache=False)
        with (
            open_cache(kept) as cache,
            extract(given, self.views, cache, engines=self.engines, progress=settings.progress) as found,
        ):
            return self.classify(given, found)

    def classify(self, photos: Sequence[AnyPhoto], found: Extracted) -> Classifications:
        """Recognise photos whose features are known already."""
        names = tuple(photo_name(photo, number) for number, photo in enumerate(photos))
        probs = np.full((len(photos), len(self.class_names)), np.nan, np.float32)
        rows = np.flatnonzero(found.readable)
        probs[rows] = self.probs(found.gather(rows, self.views))
        errors = tuple(found.failures.get(index) for index in range(len(photos)))
        return Classifications(names, self.class_names, probs, errors)

    def probs(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """Probabilities float32 [n, C] from features [n, D]; each row sums to 1 and depends on its own photo only."""
        return softmax(self.head.logits(features), self.temperature).astype(np.float32)

    def evaluate(self, photos: Dataset | str | Path, *, settings: Settings | None = None) -> Evaluation:
        """Measure on labelled photos; those that cannot be read are left out.

        Args:
            photos: A folder per class or a dataset; its classes must all be known to this classifier.
            settings: How to run.

        Raises:
            FovealError: `class-mismatch`, `no-photos`.
        """
        settings = settings or Settings()
        dataset = photos if isinstance(photos, Dataset) else read(photos)
        with (
            open_cache(settings) as cache,
            extract(dataset.photos(), self.views, cache, engines=self.engines, progress=settings.progress) as found,
        ):
            return self.judge(dataset, found, protocol="labelled photos")

    def judge(
        self, dataset: Dataset, found: Extracted, *, protocol: str, among: NDArray[np.bool_] | None = None
    ) -> Evaluation:
        """Measure on labelled photos whose features are known already, or on some `among` them, bool [n]."""
        labels = self.labels_of(dataset, among=among)
        rows = np.flatnonzero(found.readable if among is None else among)
        if not len(rows):
            raise none_readable(str(dataset.root), found.failures.values())
        return measure(labels[rows], self.probs(found.gather(rows, self.views)), self.class_names, protocol=protocol)

    def labels_of(self, dataset: Dataset, *, among: NDArray[np.bool_] | None = None) -> NDArray[np.int32]:
        """Labels of a dataset as indices into this classifier's classes, int32 [n]; -1 outside `among`, bool [n]."""
        if among is None:
            check_classes(dataset, self.class_names)
        known = {name: index for index, name in enumerate(self.class_names)}
        table = np.array([known.get(name, -1) for name in dataset.class_names], np.int32)
        return table[dataset.labels]


def check_classes(dataset: Dataset, class_names: Sequence[str]) -> None:
    """Refuse photos of classes that a model does not know.

    Args:
        dataset: Labelled photos to measure on.
        class_names: What the model knows, or will know.

    Raises:
        FovealError: `class-mismatch`.
    """
    known = set(class_names)
    unknown = [name for name in dataset.class_names if name not in known]
    if unknown:
        raise FovealError(
            "class-mismatch",
            f"{dataset.root}: expected classes the model knows, got {listing(unknown)}",
            hint=f"the model knows {listing(tuple(class_names), most=12)}",
        )


def none_readable(where: str, reasons: Iterable[str]) -> FovealError:
    """The error for photos of which none could be read, with the first reasons."""
    first = [printable(reason) for reason in itertools.islice(reasons, 5)]
    return FovealError(
        "no-photos", f"{where}: expected photos that can be read, got none", hint="\n".join(["the reasons:", *first])
    )
