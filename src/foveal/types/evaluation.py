"""What was measured about a classifier on photos whose class is known."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields
from typing import Any, TypedDict

from foveal.types.checked import bad_value
from foveal.types.evaluation_text import detailed_text, summary_text
from foveal.types.interval import Interval, IntervalRecord
from foveal.types.text import counted, shortened


class ClassScore(TypedDict):
    """How well one class is recognised.

    Precision, recall and F1 that would be 0/0 are 0; `photos` and the interval tell them apart. The other figures are
    None where they say nothing: `pr_auc` without photos of the class, `specificity` without photos of others, `roc_auc`
    without either. Intervals are None where they were not computed, as in files of an earlier
    version; `f1_interval` and `roc_auc_interval` also where the figure says nothing.
    """

    name: str
    photos: int
    precision: float
    recall: float
    recall_interval: IntervalRecord
    f1: float
    specificity: float | None
    roc_auc: float | None
    pr_auc: float | None
    precision_interval: IntervalRecord | None
    specificity_interval: IntervalRecord | None
    f1_interval: IntervalRecord | None
    roc_auc_interval: IntervalRecord | None


# Figures of a class that files of an earlier version do not have.
_LATER_FIGURES = (
    "specificity",
    "roc_auc",
    "pr_auc",
    "precision_interval",
    "specificity_interval",
    "f1_interval",
    "roc_auc_interval",
)
_SHARES = (
    "accuracy",
    "top5",
    "balanced_accuracy",
    "macro_f1",
    "ece",
    "real_top1",
    "adaptive_ece",
    "classwise_ece",
    "max_calibration_error",
)


class Confusion(TypedDict):
    """How often one class was taken for another: `share` is of the photos of the true class."""

    true: str
    predicted: str
    photos: int
    share: float


class ReliabilityBin(TypedDict):
    """Photos of about the same confidence: `low` < confidence <= `high`; the interval is that of `accuracy`."""

    low: float
    high: float
    photos: int
    confidence: float
    accuracy: float
    accuracy_interval: IntervalRecord


class Expected(TypedDict):
    """What a figure would be by chance alone: its mean, and the range that holds it 95 times in 100."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, repr=False)
class Evaluation:
    """The figures of one classifier on n photos, as plain Python values. The field names are the keys of `to_dict`.

    Args:
        protocol: How the predictions came about: "out of fold, 5 folds" or "test photos, used once".
        photos: How many photos were measured.
        accuracy: Share of photos whose most probable class is the true one.
        accuracy_interval: Its confidence interval.
        top5: Share of photos whose class is among the five most probable; None with five classes or fewer.
        balanced_accuracy: Mean recall of the classes that have photos.
        macro_f1: Mean F1 of the classes that have photos or were predicted.
        log_loss: Mean negative log of the probability of the true class, in nats; lower is better.
        brier: Mean squared distance of the probabilities from the truth, 0..2; lower is better.
        ece: Expected calibration error, 15 bins of equal width, 0..1; lower is better.
        per_class: One entry for each class, in class order.
        confusion: [C][C] counts; row = true class, column = predicted class.
        most_confused: The most frequent confusions, most photos first.
        worst_classes: Names of the classes with the lowest recall below 1, worst first.
        real_top1: Share of ImageNet photos whose most probable class is among their reassessed labels (ReaL); None
            where there are none.
        real_photos: How many photos have reassessed labels.
        top_k: Share of photos whose class is among the k most probable; k as text, those of 1, 2, 3, 5, 10 below C.
        averages: By "macro", "micro" and "weighted": precision, recall, specificity, f1, roc_auc and pr_auc over
            classes; None where no class has the figure.
        intervals: Intervals of balanced_accuracy, macro_f1, kappa, mcc, macro_roc_auc, log_loss and brier, where they
            were computed.
        kappa: Cohen's kappa, agreement with the truth beyond that of chance, -1..1.
        mcc: Matthews' correlation for several classes, -1..1.
        adaptive_ece: Expected calibration error, 15 bins of about as many photos each.
        classwise_ece: Expected calibration error of every class's own probability, mean over classes.
        max_calibration_error: Largest distance between confidence and accuracy over 15 bins of about as many photos.
        ece_expected: The `ece` that perfectly calibrated probabilities of these confidences would show on this many
            photos.
        reliability: By "equal-width" and "equal-mass": the bins of the reliability diagram, empty ones left out.
        calibration: How the probabilities came to be: `before` and `after`, each with log_loss, brier, ece and
            adaptive_ece, where the uncalibrated ones were known, and what the fit recorded.
        trust: Prediction sets, abstention and the unknown gate on these photos; None where not measured.
        hierarchy: Errors by their distance in the tree of classes; None where there is none.
        slices: Figures of groups of photos; None where not asked for.
        robustness: Figures on corrupted photos; None where not asked for.
        speed: Photos a second, latency, size and memory; None where not measured.

    Raises:
        FovealError: `bad-value`: no photos, a share outside 0..1, or a confusion matrix of another size.
    """

    protocol: str
    photos: int
    accuracy: float
    accuracy_interval: Interval
    top5: float | None
    balanced_accuracy: float
    macro_f1: float
    log_loss: float
    brier: float
    ece: float
    per_class: list[ClassScore]
    confusion: list[list[int]]
    most_confused: list[Confusion]
    worst_classes: list[str]
    real_top1: float | None = None
    real_photos: int = 0
    top_k: dict[str, float] = field(default_factory=dict)
    averages: dict[str, dict[str, float | None]] = field(default_factory=dict)
    intervals: dict[str, IntervalRecord] = field(default_factory=dict)
    kappa: float | None = None
    mcc: float | None = None
    adaptive_ece: float | None = None
    classwise_ece: float | None = None
    max_calibration_error: float | None = None
    ece_expected: Expected | None = None
    reliability: dict[str, list[ReliabilityBin]] = field(default_factory=dict)
    calibration: dict[str, Any] = field(default_factory=dict)
    trust: dict[str, Any] | None = None
    hierarchy: dict[str, Any] | None = None
    slices: list[Any] | None = None
    robustness: dict[str, Any] | None = None
    speed: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.photos < 1:
            raise bad_value("Evaluation", "1 or more photos", self.photos)
        for name in _SHARES:
            share = getattr(self, name)
            if share is not None and not 0 <= share <= 1:
                raise bad_value("Evaluation", f"{name} in 0..1", share)
        classes = len(self.per_class)
        if len(self.confusion) != classes or any(len(row) != classes for row in self.confusion):
            raise bad_value("Evaluation", f"confusion [{classes}][{classes}]", f"{len(self.confusion)} rows")

    def to_dict(self) -> dict[str, Any]:
        """Plain values under the names of the fields; `accuracy_interval` has the keys `low`, `high`, `method`."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**values, "accuracy_interval": self.accuracy_interval.to_dict()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Evaluation:
        """The evaluation that `to_dict` wrote, of this version or another: fields with a default may be missing.

        Args:
            values: What `to_dict` returned, possibly after a round trip through JSON.

        Raises:
            FovealError: `bad-value`: a key is missing.
        """
        missing = [
            each.name
            for each in fields(cls)
            if each.name not in values and each.default is MISSING and each.default_factory is MISSING
        ]
        if missing:
            raise bad_value("Evaluation.from_dict", f"the keys {', '.join(missing)}", f"only {', '.join(values)}")
        known = {field.name: values[field.name] for field in fields(cls) if field.name in values}
        known["accuracy_interval"] = Interval(**values["accuracy_interval"])
        known["per_class"] = [
            {**score, **{name: None for name in _LATER_FIGURES if name not in score}} for score in values["per_class"]
        ]
        return cls(**known)

    def summary(self) -> str:
        """The figures that matter in at most 12 lines: accuracy with its interval, calibration, weakest classes."""
        return summary_text(self)

    def detailed(self) -> str:
        """The summary and every other figure: averages, intervals, each class, the reliability diagram in numbers."""
        return detailed_text(self)

    def __repr__(self) -> str:
        photos, protocol = counted(self.photos, "photo"), shortened(self.protocol, 60)
        return f"Evaluation({photos}, accuracy {self.accuracy:.4f}, {protocol})"

    def __str__(self) -> str:
        return self.summary()
