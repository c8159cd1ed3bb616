"""The classifier: what `foveal.fit` returns, `foveal.load` reads and `predict` asks."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.classifier.caution import Caution, check_caution, judge
from foveal.classifier.photos import as_photos
from foveal.data.dataset import Dataset
from foveal.data.photo import AnyPhoto, photo_name
from foveal.data.read import read
from foveal.errors import FovealError
from foveal.features.extract import Extracted, extract
from foveal.features.settings import Settings, open_cache
from foveal.features.view import View
from foveal.heads.affine import AffineHead
from foveal.heads.linear import LinearHead
from foveal.heads.logits import LogitsHead
from foveal.heads.sigmoid import SigmoidHead
from foveal.metrics.calibration import softmax
from foveal.metrics.evaluate import measure
from foveal.metrics.multilabel_calibration import sigmoid
from foveal.metrics.multilabel_evaluate import measure_multilabel
from foveal.runtimes.engine import EnginePool
from foveal.trust.trust import Trust
from foveal.types.classifications import Classifications
from foveal.types.multilabel_evaluation import Figures, figures_from_dict
from foveal.types.text import listing, printable

# Fewer photos than this are not worth opening the cache for.
_CACHE_FROM = 16


@dataclass(frozen=True, repr=False)
class Classifier:
    """Photos in, class probabilities out.

    Args:
        class_names: Names of the C classes.
        views: The networks a photo goes through; their features stand side by side.
        head: Features to logits; a `SigmoidHead` gives each photo any number of labels, the others one.
        temperature: Divides the logits (Guo et al., 2017).
        record: How it came about, JSON-able: cards, data, settings, versions, metrics.
        trust: What it knows of its own limits.
    """

    class_names: tuple[str, ...]
    views: tuple[View, ...]
    head: LinearHead | AffineHead | LogitsHead
    temperature: float
    record: Mapping[str, Any] = field(default_factory=dict)
    engines: EnginePool = field(default_factory=EnginePool, compare=False)
    trust: Trust = field(default_factory=Trust, compare=False)

    def __repr__(self) -> str:
        backbones = ", ".join(dict.fromkeys(view.backbone for view in self.views))
        return f"Classifier({listing(self.class_names, most=3)}; {backbones})"

    @property
    def thresholds(self) -> NDArray[np.float32] | None:
        """float32 [C]: from which probability on a photo is said to show each class; None where it shows just one."""
        return self.head.thresholds if isinstance(self.head, SigmoidHead) else None

    @property
    def multi_label(self) -> bool:
        """Whether a photo may show any number of classes."""
        return self.thresholds is not None

    @property
    def evaluation(self) -> Figures | None:
        """What was measured out of fold when it was fitted; a `MultiLabelEvaluation` where it is multi-label.

        For a network that was trained: what was measured on the photos held out of the training.
        """
        return self._evaluation("out_of_fold") or self._evaluation("held_out")

    @property
    def test_evaluation(self) -> Figures | None:
        """What was measured, once, on the test photos."""
        return self._evaluation("test")

    def _evaluation(self, name: str) -> Figures | None:
        found = self.record.get("metrics", {}).get(name)
        return figures_from_dict(found) if found else None

    def save(self, path: str | Path) -> Path:
        """Write a model file, `*.foveal`; see `foveal.classifier.bundle`."""
        from foveal.classifier import bundle

        return bundle.save(self, Path(path).expanduser())

    def predict(
        self,
        photos: object,
        *,
        coverage: float | None = None,
        max_error: float | None = None,
        sure: float | None = None,
        unknown: str = "auto",
        settings: Settings | None = None,
    ) -> Classifications:
        """Recognise photos.

        Args:
            photos: A path, a folder (searched recursively), an image as uint8 [H, W, 3] RGB, or a sequence of these.
            coverage: Give each photo the set of classes that holds the true one at this rate, such as 0.95.
            max_error: Answer only where at most this share of the answers is wrong, such as 0.02.
            sure: Answer only with a class, or a group of classes, that is at least this probable.
            unknown: "auto" answers `unknown` for photos unlike anything learnt from; "never" does not ask.
            settings: How to run.

        Returns:
            One row of probabilities a photo, in order; NaN and a reason where a photo could not be read.

        Raises:
            FovealError: `not-found`, `no-photos`, `bad-image`, `bad-option`, `not-calibrated`.
        """
        caution = Caution(coverage=coverage, max_error=max_error, sure=sure, unknown=unknown)
        check_caution(caution, self.trust, multi_label=self.multi_label)
        settings = settings or Settings()
        given = as_photos(photos)
        kept = settings if len(given) >= _CACHE_FROM else replace(settings, cache=False)
        with (
            open_cache(kept) as cache,
            extract(given, self.views, cache, engines=self.engines, progress=settings.progress) as found,
        ):
            return self.classify(given, found, caution)

    def classify(self, photos: Sequence[AnyPhoto], found: Extracted, caution: Caution | None = None) -> Classifications:
        """Recognise photos whose features are known already."""
        names = tuple(photo_name(photo, number) for number, photo in enumerate(photos))
        rows = np.flatnonzero(found.readable)
        features = found.gather(rows, self.views)
        logits = self.head.logits(features)
        known = self.probs_of(logits)
        probs = np.full((len(photos), len(self.class_names)), np.nan, np.float32)
        probs[rows] = known
        errors = tuple(found.failures.get(index) for index in range(len(photos)))
        said = judge(caution or Caution(), self.trust, features, logits, known)
        sets = None
        if said.sets is not None:
            sets = np.zeros(probs.shape, np.bool_)
            sets[rows] = said.sets
        return Classifications(
            names,
            self.class_names,
            probs,
            errors,
            self.thresholds,
            doubts=() if said.doubts is None else _spread(said.doubts, rows, len(photos)),
            broader=_spread(said.broader, rows, len(photos)) if said.broader else (),
            sets=sets,
        )

    def probs(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """Probabilities float32 [n, C] from features [n, D]; each row depends on its own photo only.

        A row sums to 1, unless the photo may show any number of classes.
        """
        return self.probs_of(self.head.logits(features))

    def probs_of(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities float32 [n, C] from the head's logits float32 [n, C]."""
        if self.multi_label:
            return sigmoid(logits / np.float32(self.temperature)).astype(np.float32)
        return softmax(logits, self.temperature).astype(np.float32)

    def unknown(self, features: NDArray[np.floating]) -> NDArray[np.bool_] | None:
        """bool [n]: which photos with features [n, D] are turned away as unlike those learnt; None without a gate."""
        if not self.trust.gated:
            return None
        said = self.trust.unknown(features, self.head.logits(features))
        return np.array([reason is not None for reason in said], np.bool_)

    def evaluate(self, photos: Dataset | str | Path, *, settings: Settings | None = None) -> Figures:
        """Measure on labelled photos; those that cannot be read are left out.

        Args:
            photos: A folder per class or a dataset; its classes must all be known to this classifier. Where it has a
                test part, only that is used.
            settings: How to run.

        Raises:
            FovealError: `class-mismatch`, `task-mismatch`, `no-photos`.
        """
        settings = settings or Settings()
        dataset = (photos if isinstance(photos, Dataset) else read(photos)).for_testing()
        self.check(dataset)
        with (
            open_cache(settings) as cache,
            extract(dataset.photos(), self.views, cache, engines=self.engines, progress=settings.progress) as found,
        ):
            rows = readable_rows(dataset, found)
            return self.figures(dataset, rows, self.probs(found.gather(rows, self.views)), protocol="labelled photos")

    def figures(
        self, dataset: Dataset, rows: NDArray[np.intp], probs: NDArray[np.float32], *, protocol: str
    ) -> Figures:
        """Measure what was said of labelled photos.

        Args:
            dataset: Labelled photos that passed `check`.
            rows: int [m], those that were judged, of classes that this classifier knows.
            probs: float32 [m, C], what it says of them.
            protocol: How that came about, for the result.
        """
        if self.thresholds is None:
            return measure(self.labels_of(dataset)[rows], probs, self.class_names, protocol=protocol)
        targets = _targets(dataset, self.class_names)[rows]
        decisions = probs >= self.thresholds
        return measure_multilabel(
            targets, probs, decisions, self.class_names, thresholds=self.thresholds, protocol=protocol
        )

    def labels_of(self, dataset: Dataset) -> NDArray[np.int32]:
        """int32 [n]: labels of a dataset as indices into this classifier's classes; -1 for one it does not know."""
        known = {name: index for index, name in enumerate(self.class_names)}
        table = np.array([*(known.get(name, -1) for name in dataset.class_names), -1], np.int32)
        return table[dataset.labels]

    def check(self, dataset: Dataset) -> None:
        """Refuse labelled photos that this classifier cannot be measured on.

        Raises:
            FovealError: `class-mismatch`: classes it does not know. `task-mismatch`: one label a photo where it gives
                any number, or the other way round.
        """
        check_classes(dataset, self.class_names, multi_label=self.multi_label)


def _spread(said: tuple[str | None, ...], rows: NDArray[np.intp], n: int) -> tuple[str | None, ...]:
    """What is said of some rows among n, with None for the others."""
    by_row = dict(zip(rows.tolist(), said, strict=True))
    return tuple(by_row.get(row) for row in range(n))


def readable_rows(dataset: Dataset, found: Extracted, among: NDArray[np.bool_] | None = None) -> NDArray[np.intp]:
    """int [m]: the photos that could be read, or those `among` them, bool [n].

    Raises:
        FovealError: `no-photos`: none.
    """
    rows = np.flatnonzero(found.readable if among is None else among)
    if not len(rows):
        failures = ((dataset.paths[row], reason) for row, reason in found.failures.items())
        raise none_readable(str(dataset.root), failures)
    return rows


def _targets(dataset: Dataset, class_names: Sequence[str]) -> NDArray[np.bool_]:
    """bool [n, C]: which labels each photo of a dataset has, in the order of other class names."""
    given = dataset.targets()
    column = {name: index for index, name in enumerate(dataset.class_names)}
    nowhere = np.zeros(len(dataset), np.bool_)
    return np.stack([given[:, column[name]] if name in column else nowhere for name in class_names], axis=1)


def check_classes(dataset: Dataset, class_names: Sequence[str], *, multi_label: bool) -> None:
    """Refuse photos that a model of these classes cannot be measured on.

    Args:
        dataset: Labelled photos to measure on.
        class_names: What the model knows, or will know.
        multi_label: Whether it gives, or will give, a photo any number of labels.

    Raises:
        FovealError: `class-mismatch`, `task-mismatch`.
    """
    if dataset.multi_label != multi_label:
        kinds = {True: "any number of labels a photo", False: "one class a photo"}
        raise FovealError(
            "task-mismatch",
            f"{dataset.root}: expected {kinds[multi_label]}, as the model gives, got {kinds[dataset.multi_label]}",
            hint="measure it on photos labelled in the way of those it learnt from",
        )
    known = set(class_names)
    unknown = [name for name in dataset.class_names if name not in known]
    if unknown:
        raise FovealError(
            "class-mismatch",
            f"{dataset.root}: expected classes the model knows, got {listing(unknown)}",
            hint=f"the model knows {listing(tuple(class_names), most=12)}",
        )


def none_readable(where: str, failures: Iterable[tuple[str, str]]) -> FovealError:
    """The error for photos of which none could be read, with the first of them and the reasons."""
    first = [printable(f"{path}: {reason}") for path, reason in itertools.islice(failures, 5)]
    return FovealError(
        "no-photos", f"{where}: expected photos that can be read, got none", hint="\n".join(["the reasons:", *first])
    )
