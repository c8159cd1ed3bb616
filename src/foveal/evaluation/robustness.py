"""How a classifier fares with the fifteen corruptions of ImageNet-C, and with what people holding a camera do."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from foveal.backbones.imagenet import imagenet_labels
from foveal.classifier.classifier import Classifier
from foveal.data.photo import AnyPhoto
from foveal.errors import FovealError, unknown_name
from foveal.evaluation import alexnet
from foveal.evaluation.corrupted import CLEAN, Answers, Condition, answers
from foveal.evaluation.measured import Measured
from foveal.evaluation.sample import stratified
from foveal.features.settings import Settings
from foveal.imaging.corruptions import CAMERA_FAULTS, CORRUPTIONS
from foveal.imaging.corruptions.corrupt import strengths
from foveal.imaging.corruptions.strengths import setting_text
from foveal.metrics.intervals import bootstrap, wilson
from foveal.types.checked import bad_value
from foveal.types.robustness_figures import (
    AlexNetFigures,
    ConditionFigures,
    CorruptionFigures,
    RobustnessFigures,
    StrengthFigures,
)

MOST = 200
"""Photos measured unless told otherwise: with all strengths a mean over 15,000 answers."""

_FROST = "frost is drawn, not photographed as in ImageNet-C: its figures are near those published, not the same"
_SIZE = "the network sees {0} × {1} pixels where ImageNet-C has 224 × 224: lengths in pixels were scaled"


def robustness(
    classifier: Classifier,
    measured: Measured,
    *,
    most: int = MOST,
    corruptions: str | Sequence[str] = "all",
    seed: int = 0,
    settings: Settings | None = None,
) -> RobustnessFigures:
    """Measure on photos as they are and with each corruption and camera fault at each strength.

    Args:
        classifier: For one class a photo; the model that is served.
        measured: Labelled photos that it has not learnt from.
        most: How many of them at most, chosen with the same shares of the classes.
        corruptions: "all", or names in `CORRUPTIONS` and `CAMERA_FAULTS`.
        seed: Chooses the photos. What happens to a photo follows from its content alone.
        settings: Its progress is told how many photos are ready.

    Raises:
        FovealError: `unknown-name`; `task-mismatch` for a classifier that gives any number of labels; `no-photos` where
            none is labelled and can be read; `bad-value` for most below 1.
    """
    if classifier.multi_label:
        raise FovealError(
            "task-mismatch",
            f"robustness: expected a model of one class a photo, got {classifier!r}",
            hint="leave robustness out for models that give any number of labels",
        )
    if most < 1:
        raise bad_value("robustness", "1 or more photos", most)
    names = _names(corruptions)
    usable = np.flatnonzero(measured.labels >= 0)
    chosen = usable[stratified(measured.labels[usable], most, seed=seed)]
    photos: list[AnyPhoto] = [measured.dataset.photo(row) for row in measured.rows[chosen].tolist()]
    conditions = [CLEAN, *((name, each) for name in names for each in range(1, strengths(name) + 1))]
    started = time.perf_counter()
    found = answers(classifier, photos, conditions, progress=(settings or Settings()).progress)
    seconds = time.perf_counter() - started
    read = np.flatnonzero(found.predicted[:, 0] >= 0)
    if not len(read):
        raise FovealError(
            "no-photos",
            f"{measured.dataset.root}: expected labelled photos that can be read, got none of {len(photos)}",
            hint="`foveal check` says which photos cannot be read, and why",
        )
    table = _Table(conditions, measured.labels[chosen][read], found.take(read))
    return _figures(classifier, table, names, of=len(usable), seed=seed, seconds=seconds)


class _Table:
    """Right or wrong, n photos by k conditions."""

    def __init__(self, conditions: Sequence[Condition], labels: NDArray[np.int32], found: Answers) -> None:
        self.conditions, self.labels, self.found = conditions, labels, found
        self.wrong = found.predicted != labels[:, None]

    def columns(self, name: str) -> list[int]:
        """Which conditions are of a corruption."""
        return [at for at, (each, _) in enumerate(self.conditions) if each == name]

    def errors(self, name: str) -> NDArray[np.float64]:
        """float64 [n]: share of a corruption's strengths at which each photo is mistaken."""
        return np.asarray(self.wrong[:, self.columns(name)].mean(axis=1))

    def condition(self, at: int) -> ConditionFigures:
        """The figures of one condition."""
        name, strength = self.conditions[at]
        right = ~self.wrong[:, at]
        accuracy, confidence = float(right.mean()), float(self.found.confidence[:, at].mean())
        turned = None if self.found.unknown is None else self.found.unknown[:, at]
        answered = None if turned is None or turned.all() else float(right[~turned].mean())
        return ConditionFigures(
            strength=strength,
            setting=setting_text(name, strength) if name else "",
            accuracy=accuracy,
            accuracy_interval=wilson(int(right.sum()), len(right)).to_dict(),
            error=1 - accuracy,
            mean_confidence=confidence,
            overconfidence=confidence - accuracy,
            turned_away=None if turned is None else float(turned.mean()),
            answered_accuracy=answered,
        )

    def corruption(self, name: str) -> CorruptionFigures:
        """The figures of one corruption."""
        each = [self.condition(at) for at in self.columns(name)]
        error = float(np.mean([one["error"] for one in each]))
        return CorruptionFigures(
            name=name,
            accuracy=1 - error,
            error=error,
            relative_error=error - float(self.wrong[:, 0].mean()),
            mean_confidence=float(np.mean([one["mean_confidence"] for one in each])),
            strengths=each,
        )


def _names(corruptions: str | Sequence[str]) -> list[str]:
    known = [*CORRUPTIONS, *CAMERA_FAULTS]
    if corruptions == "all":
        return known
    names = [corruptions] if isinstance(corruptions, str) else list(dict.fromkeys(corruptions))
    for name in names:
        if name not in known:
            raise unknown_name("corruption", name, [*known, "all"])
    return [name for name in known if name in names]


def _figures(
    classifier: Classifier, table: _Table, names: Sequence[str], *, of: int, seed: int, seconds: float
) -> RobustnessFigures:
    corruptions = [table.corruption(name) for name in names if name in CORRUPTIONS]
    faults = [table.corruption(name) for name in names if name in CAMERA_FAULTS]
    photos = len(table.labels)
    width, height = classifier.views[0].preprocess.size_wh
    sizes = np.bincount(table.labels)
    present = sizes[sizes > 0]
    per_photo = np.mean([table.errors(each["name"]) for each in corruptions], axis=0) if corruptions else None
    clean = table.condition(0)
    error = None if per_photo is None else float(per_photo.mean())
    return RobustnessFigures(
        photos=photos,
        of=of,
        photos_per_class=[int(present.min()), int(present.max())],
        seed=seed,
        size_wh=[width, height],
        runs=photos * len(table.conditions) * len(classifier.views),
        seconds=round(seconds, 2),
        clean=clean,
        mean_corruption_error=error,
        mean_corruption_error_interval=None if per_photo is None else bootstrap(per_photo).to_dict(),
        relative_mean_corruption_error=None if error is None else error - clean["error"],
        alexnet=_against_alexnet(classifier, table, corruptions),
        worst=[each["name"] for each in sorted(corruptions, key=lambda each: -each["error"])][:3],
        by_strength=_by_strength(corruptions),
        corruptions=corruptions,
        camera_faults=faults,
        notes=_notes(corruptions, (width, height)),
    )


def _by_strength(corruptions: Sequence[CorruptionFigures]) -> list[StrengthFigures]:
    found = []
    for alike in zip(*(each["strengths"] for each in corruptions), strict=True):
        turned = [each["turned_away"] for each in alike if each["turned_away"] is not None]
        found.append(
            StrengthFigures(
                strength=alike[0]["strength"],
                accuracy=float(np.mean([each["accuracy"] for each in alike])),
                mean_confidence=float(np.mean([each["mean_confidence"] for each in alike])),
                overconfidence=float(np.mean([each["overconfidence"] for each in alike])),
                turned_away=float(np.mean(turned)) if turned else None,
            )
        )
    return found


def _against_alexnet(
    classifier: Classifier, table: _Table, corruptions: Sequence[CorruptionFigures]
) -> AlexNetFigures | None:
    """Only where all fifteen were measured on a classifier of the 1,000 ImageNet classes."""
    if len(corruptions) < len(CORRUPTIONS) or classifier.class_names != imagenet_labels():
        return None
    per_photo = np.mean([table.errors(name) / error for name, error in alexnet.ERRORS.items()], axis=0)
    relative = [each["relative_error"] / (alexnet.ERRORS[each["name"]] - alexnet.CLEAN_ERROR) for each in corruptions]
    return AlexNetFigures(
        mean_corruption_error=float(per_photo.mean()),
        mean_corruption_error_interval=bootstrap(per_photo).to_dict(),
        relative_mean_corruption_error=float(np.mean(relative)),
        corruption_errors={each["name"]: each["error"] / alexnet.ERRORS[each["name"]] for each in corruptions},
    )


def _notes(corruptions: Sequence[CorruptionFigures], size_wh: tuple[int, int]) -> list[str]:
    notes = []
    if any(each["name"] == "frost" for each in corruptions):
        notes.append(_FROST)
    if size_wh != (224, 224):
        notes.append(_SIZE.format(*size_wh))
    return notes
