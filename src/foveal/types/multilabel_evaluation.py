"""What was measured about a classifier that gives each photo any number of labels."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, TypedDict

from foveal.types.checked import bad_value
from foveal.types.evaluation import Evaluation
from foveal.types.interval import Interval, IntervalRecord
from foveal.types.text import counted, printable, shortened

_MOST_SHOWN = 20
_NAME_WIDTH = 30


class LabelScore(TypedDict):
    """How well one class is recognised; `average_precision` is None for a class without photos.

    Precision, recall and F1 are those of the decisions; figures that would be 0/0 are 0. A photo is said to show the
    class from the probability `threshold` on; out of fold, the decisions about a fold follow thresholds chosen on the
    other folds, and `threshold` is the one chosen on all of them.
    """

    name: str
    photos: int
    average_precision: float | None
    threshold: float
    precision: float
    recall: float
    recall_interval: IntervalRecord
    f1: float


@dataclass(frozen=True, repr=False)
class MultiLabelEvaluation:
    """The figures of one classifier on n photos, as plain Python values. The field names are the keys of `to_dict`.

    Args:
        protocol: How the predictions came about: "out of fold, 5 folds" or "labelled photos".
        photos: How many photos were measured.
        labels_per_photo: Mean number of labels that a photo has.
        mean_average_precision: Mean of the average precision over the classes that have photos (mAP).
        mean_average_precision_interval: Its confidence interval.
        micro_f1: F1 of all decisions of all classes taken together.
        macro_f1: Mean F1 of the classes that have photos or were predicted.
        subset_accuracy: Share of photos whose set of labels is exactly right.
        hamming_loss: Share of wrong decisions among all photos and classes; lower is better.
        coverage_error: How far down its ranking one must go on average to find all labels of a photo; lower is better.
        log_loss: Mean over photos and classes, in nats; lower is better.
        ece: Expected calibration error over photos and classes, 15 bins of equal width, 0..1; lower is better.
        per_class: One entry for each class, in class order.
        worst_classes: Names of the classes with the lowest average precision below 1, worst first.

    Raises:
        FovealError: `bad-value`: no photos or classes, or a share outside 0..1.
    """

    protocol: str
    photos: int
    labels_per_photo: float
    mean_average_precision: float
    mean_average_precision_interval: Interval
    micro_f1: float
    macro_f1: float
    subset_accuracy: float
    hamming_loss: float
    coverage_error: float
    log_loss: float
    ece: float
    per_class: list[LabelScore]
    worst_classes: list[str]

    def __post_init__(self) -> None:
        if self.photos < 1 or not self.per_class:
            got = f"{self.photos} photos, {len(self.per_class)} classes"
            raise bad_value("MultiLabelEvaluation", "1 or more photos and classes", got)
        for name in ("mean_average_precision", "micro_f1", "macro_f1", "subset_accuracy", "hamming_loss", "ece"):
            if not 0 <= getattr(self, name) <= 1:
                raise bad_value("MultiLabelEvaluation", f"{name} in 0..1", getattr(self, name))

    def to_dict(self) -> dict[str, Any]:
        """Plain values under the names of the fields; the interval has the keys `low`, `high`, `method`."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**values, "mean_average_precision_interval": self.mean_average_precision_interval.to_dict()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> MultiLabelEvaluation:
        """The evaluation that `to_dict` wrote; keys of a later version are passed over.

        Args:
            values: What `to_dict` returned, possibly after a round trip through JSON.

        Raises:
            FovealError: `bad-value`: a key is missing.
        """
        missing = [field.name for field in fields(cls) if field.name not in values]
        if missing:
            expected, got = f"the keys {', '.join(missing)}", f"only {', '.join(values)}"
            raise bad_value("MultiLabelEvaluation.from_dict", expected, got)
        known = {field.name: values[field.name] for field in fields(cls)}
        known["mean_average_precision_interval"] = Interval(**values["mean_average_precision_interval"])
        return cls(**known)

    def overview(self) -> str:
        """The figures of all classes together in a few lines of text: mAP with its interval, F1, calibration."""
        low, high, method = self.mean_average_precision_interval
        lines = [
            f"mAP                {self.mean_average_precision:.3f}  ({low:.3f} to {high:.3f}; {method})",
            f"F1                 {self.micro_f1:.3f} micro, {self.macro_f1:.3f} macro",
            f"exactly right      {self.subset_accuracy:.1%} of the photos; {self.hamming_loss:.1%} of decisions wrong",
            f"calibration error  {self.ece:.1%}  (log loss {self.log_loss:.3f})",
            f"measured on        {counted(self.photos, 'photo')}, {self.labels_per_photo:.2f} labels each, "
            f"{counted(len(self.per_class), 'class', 'classes')}; {self.protocol}",
        ]
        if self.worst_classes:
            lines.append(f"weakest classes    {', '.join(map(self._weak, self.worst_classes[:3]))}")
        return "\n".join(lines)

    def summary(self) -> str:
        """The overview, and below it the figures of each class where there are 20 or fewer."""
        if len(self.per_class) > _MOST_SHOWN:
            return self.overview()
        names = [shortened(printable(score["name"]), _NAME_WIDTH) for score in self.per_class]
        width = max(len(name) for name in names)
        header = f"{'':<{width}}  photos     AP  precision  recall     F1  yes from"
        lines = [_line(f"{name:<{width}}", score) for name, score in zip(names, self.per_class, strict=True)]
        return "\n".join([self.overview(), "", header, *lines])

    def __repr__(self) -> str:
        photos, protocol = counted(self.photos, "photo"), shortened(self.protocol, 60)
        return f"MultiLabelEvaluation({photos}, mAP {self.mean_average_precision:.4f}, {protocol})"

    def __str__(self) -> str:
        return self.summary()

    def _weak(self, name: str) -> str:
        score = next(score for score in self.per_class if score["name"] == name)
        return f"{printable(name)} {score['average_precision'] or 0:.3f} AP"


def _line(name: str, score: LabelScore) -> str:
    area = "-" if score["average_precision"] is None else f"{score['average_precision']:.3f}"
    shares = f"{score['precision']:9.1%}  {score['recall']:6.1%}  {score['f1']:5.3f}"
    return f"{name}  {score['photos']:6,}  {area:>5}  {shares}  {score['threshold']:8.0%}"


Figures = Evaluation | MultiLabelEvaluation


def figures_from_dict(values: dict[str, Any]) -> Figures:
    """The evaluation that `to_dict` of either kind wrote.

    Raises:
        FovealError: `bad-value`: a key is missing.
    """
    kind = MultiLabelEvaluation if "mean_average_precision" in values else Evaluation
    return kind.from_dict(values)
