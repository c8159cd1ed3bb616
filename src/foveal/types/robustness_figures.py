"""What was measured on photos with something gone wrong, as plain values."""

from __future__ import annotations

from typing import TypedDict

from foveal.types.interval import IntervalRecord


class ConditionFigures(TypedDict):
    """One corruption at one strength, or the photos as they are.

    `setting` is the strength in the corruption's own terms, such as degrees; `overconfidence` is mean confidence less
    accuracy; `turned_away` and `answered_accuracy` (of the photos not turned away) are None without a gate, the latter
    also where nothing was answered.
    """

    strength: int
    setting: str
    accuracy: float
    accuracy_interval: IntervalRecord
    error: float
    mean_confidence: float
    overconfidence: float
    turned_away: float | None
    answered_accuracy: float | None


class CorruptionFigures(TypedDict):
    """One corruption: means over its strengths; `relative_error` is `error` less that of the photos as they are."""

    name: str
    accuracy: float
    error: float
    relative_error: float
    mean_confidence: float
    strengths: list[ConditionFigures]


class StrengthFigures(TypedDict):
    """Means over the corruptions at one strength."""

    strength: int
    accuracy: float
    mean_confidence: float
    overconfidence: float
    turned_away: float | None


class AlexNetFigures(TypedDict):
    """Mean corruption error as published: each corruption's error over AlexNet's, 1.0 = as bad as AlexNet."""

    mean_corruption_error: float
    mean_corruption_error_interval: IntervalRecord
    relative_mean_corruption_error: float
    corruption_errors: dict[str, float]


class RobustnessFigures(TypedDict):
    """Everything measured on n photos.

    `mean_corruption_error` is the mean over corruptions of the mean error over strengths, not divided by AlexNet's, and
    `relative_mean_corruption_error` the same less the error on the photos as they are; they and `by_strength` are None
    and empty without corruptions. `worst` names the corruptions with the largest error, worst first. `photos` were
    measured `of` so many, `runs` times through the network in all; `photos_per_class` is the smallest and largest.
    """

    photos: int
    of: int
    photos_per_class: list[int]
    seed: int
    size_wh: list[int]
    runs: int
    seconds: float
    clean: ConditionFigures
    mean_corruption_error: float | None
    mean_corruption_error_interval: IntervalRecord | None
    relative_mean_corruption_error: float | None
    alexnet: AlexNetFigures | None
    worst: list[str]
    by_strength: list[StrengthFigures]
    corruptions: list[CorruptionFigures]
    camera_faults: list[CorruptionFigures]
    notes: list[str]
