"""What was measured about a classifier on photos whose class is known."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from typing import Any, TypedDict

from foveal.types.checked import bad_value
from foveal.types.interval import Interval, IntervalRecord
from foveal.types.text import counted, printable, shortened


class ClassScore(TypedDict):
    """How well one class is recognised. Figures that would be 0/0 are 0; `photos` and the interval tell them apart."""

    name: str
    photos: int
    precision: float
    recall: float
    recall_interval: IntervalRecord
    f1: float


class Confusion(TypedDict):
    """How often one class was taken for another: `share` is of the photos of the true class."""

    true: str
    predicted: str
    photos: int
    share: float


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

    def __post_init__(self) -> None:
        if self.photos < 1:
            raise bad_value("Evaluation", "1 or more photos", self.photos)
        for name in ("accuracy", "top5", "balanced_accuracy", "macro_f1", "ece", "real_top1"):
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
        missing = [each.name for each in fields(cls) if each.name not in values and each.default is MISSING]
        if missing:
            raise bad_value("Evaluation.from_dict", f"the keys {', '.join(missing)}", f"only {', '.join(values)}")
        known = {field.name: values[field.name] for field in fields(cls) if field.name in values}
        return cls(**{**known, "accuracy_interval": Interval(**values["accuracy_interval"])})

    def summary(self) -> str:
        """The figures in a few lines of text: accuracy with its interval, calibration, weakest classes, confusions."""
        low, high, method = self.accuracy_interval
        size = f"{counted(self.photos, 'photo')}, {counted(len(self.per_class), 'class', 'classes')}"
        lines = [
            f"accuracy           {self.accuracy:.1%}  ({low:.1%} to {high:.1%}; {method})",
            f"balanced accuracy  {self.balanced_accuracy:.1%}",
            f"macro F1           {self.macro_f1:.3f}",
            f"calibration error  {self.ece:.1%}  (log loss {self.log_loss:.3f}, Brier {self.brier:.3f})",
            f"measured on        {size}; {self.protocol}",
        ]
        if self.top5 is not None:
            lines.insert(1, f"top-5 accuracy     {self.top5:.1%}")
        if self.real_top1 is not None:
            lines.insert(
                2, f"ReaL top-1         {self.real_top1:.1%}  (on {self.real_photos:,} photos with such labels)"
            )
        if self.worst_classes:
            lines.append(f"weakest classes    {', '.join(map(self._weak, self.worst_classes[:3]))}")
        for entry in self.most_confused[:3]:
            pair = f"{printable(entry['true'])} taken for {printable(entry['predicted'])}"
            lines.append(f"confused           {pair}: {entry['photos']:,} ({entry['share']:.0%})")
        return "\n".join(lines)

    def __repr__(self) -> str:
        photos, protocol = counted(self.photos, "photo"), shortened(self.protocol, 60)
        return f"Evaluation({photos}, accuracy {self.accuracy:.4f}, {protocol})"

    def __str__(self) -> str:
        return self.summary()

    def _weak(self, name: str) -> str:
        recall = next(score["recall"] for score in self.per_class if score["name"] == name)
        return f"{printable(name)} {recall:.0%}"
