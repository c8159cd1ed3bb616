"""An evaluation as text: the few lines that matter, and everything else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from foveal.types.text import counted, printable, shortened

if TYPE_CHECKING:
    from foveal.types.evaluation import ClassScore, Evaluation
    from foveal.types.interval import IntervalRecord

_NAME_WIDTH = 24
_FEW_WEAK = 3
_AVERAGED = ("precision", "recall", "specificity", "f1", "roc_auc", "pr_auc")


def summary_text(evaluation: Evaluation) -> str:
    """The figures that matter, in at most 12 lines.

    Args:
        evaluation: What was measured.
    """
    low, high, method = evaluation.accuracy_interval
    size = f"{counted(evaluation.photos, 'photo')}, {counted(len(evaluation.per_class), 'class', 'classes')}"
    lines = [f"accuracy           {evaluation.accuracy:.1%}  ({low:.1%} to {high:.1%}; {method})"]
    if evaluation.top5 is not None:
        lines.append(f"top-5 accuracy     {evaluation.top5:.1%}")
    if evaluation.real_top1 is not None:
        real = f"(on {evaluation.real_photos:,} photos with such labels)"
        lines.append(f"ReaL top-1         {evaluation.real_top1:.1%}  {real}")
    lines += [
        f"balanced accuracy  {evaluation.balanced_accuracy:.1%}{_between(evaluation, 'balanced_accuracy', '.1%')}",
        f"macro F1           {evaluation.macro_f1:.3f}{_between(evaluation, 'macro_f1', '.3f')}",
        f"calibration error  {evaluation.ece:.1%}{_by_chance(evaluation)}",
        f"log loss           {evaluation.log_loss:.3f}  (Brier {evaluation.brier:.3f})",
        f"measured on        {size}; {evaluation.protocol}",
    ]
    if evaluation.worst_classes:
        recalls = {score["name"]: score["recall"] for score in evaluation.per_class}
        weak = (f"{printable(name)} {recalls[name]:.0%}" for name in evaluation.worst_classes[:_FEW_WEAK])
        lines.append(f"weakest classes    {', '.join(weak)}")
    room = 12 - len(lines)
    for entry in evaluation.most_confused[: min(3, room)]:
        pair = f"{printable(entry['true'])} taken for {printable(entry['predicted'])}"
        lines.append(f"confused           {pair}: {entry['photos']:,} ({entry['share']:.0%})")
    return "\n".join(lines)


def detailed_text(evaluation: Evaluation) -> str:
    """The summary, and below it every other figure that was computed, in blocks of lines.

    Args:
        evaluation: What was measured.
    """
    blocks = (_agreement, _averages, _classes, _calibration, _reliability)
    found = ["\n".join(lines) for lines in (list(block(evaluation)) for block in blocks) if lines]
    return "\n\n".join([summary_text(evaluation), *found])


def _agreement(evaluation: Evaluation) -> Iterator[str]:
    if evaluation.top_k:
        yield "top-k              " + ", ".join(f"{k}: {share:.1%}" for k, share in evaluation.top_k.items())
    for name, title in (("kappa", "Cohen's kappa"), ("mcc", "Matthews' corr.")):
        value = getattr(evaluation, name)
        if value is not None:
            yield f"{title:<18} {value:.3f}{_between(evaluation, name, '.3f')}"
    for name, title in (("macro_roc_auc", "ROC-AUC, macro"), ("log_loss", "log loss"), ("brier", "Brier score")):
        if name in evaluation.intervals:
            record = evaluation.intervals[name]
            yield f"{title:<18} {record['low']:.3f} to {record['high']:.3f}  ({record['method']})"


def _averages(evaluation: Evaluation) -> Iterator[str]:
    if evaluation.averages:
        yield "average over classes" + "".join(f"{name.replace('_', '-'):>13}" for name in _AVERAGED)
        for kind, values in evaluation.averages.items():
            yield f"{kind:<20}" + "".join(f"{_number(values[name]):>13}" for name in _AVERAGED)


def _classes(evaluation: Evaluation) -> Iterator[str]:
    names = [shortened(printable(score["name"]), _NAME_WIDTH) for score in evaluation.per_class]
    width = max(5, *map(len, names))
    columns = f"{'photos':>8}{'recall':>20}{'precision':>20}{'specificity':>13}{'F1':>20}{'ROC-AUC':>20}{'PR-AUC':>8}"
    yield f"{'class':<{width}}{columns}"
    for name, score in zip(names, evaluation.per_class, strict=True):
        yield f"{name:<{width}}{_class_line(score)}"


def _class_line(score: ClassScore) -> str:
    return (
        f"{score['photos']:>8,}"
        f"{_with_ends(score['recall'], score['recall_interval']):>20}"
        f"{_with_ends(score['precision'], score['precision_interval']):>20}"
        f"{_number(score['specificity']):>13}"
        f"{_with_ends(score['f1'], score['f1_interval']):>20}"
        f"{_with_ends(score['roc_auc'], score['roc_auc_interval']):>20}"
        f"{_number(score['pr_auc']):>8}"
    )


def _calibration(evaluation: Evaluation) -> Iterator[str]:
    for name, title in (
        ("ece", "calibration error, bins of equal width"),
        ("adaptive_ece", "calibration error, bins of as many photos each"),
        ("classwise_ece", "calibration error, mean over classes"),
        ("max_calibration_error", "calibration error, worst bin"),
    ):
        value = getattr(evaluation, name)
        if value is not None:
            yield f"{title:<47} {value:.2%}"
    for when in ("before", "after"):
        if when in evaluation.calibration:
            values = evaluation.calibration[when]
            figures = f"log loss {values['log_loss']:.3f}, Brier {values['brier']:.3f}, error {values['ece']:.2%}"
            yield f"{when + ' calibration':<47} {figures}"


def _reliability(evaluation: Evaluation) -> Iterator[str]:
    bins = evaluation.reliability.get("equal-mass", [])
    if bins:
        yield "confidence from  to      photos  mean confidence  share right"
    for each in bins:
        ends = each["accuracy_interval"]
        shares = f"{each['confidence']:>15.1%}  {each['accuracy']:>11.1%}  ({ends['low']:.1%} to {ends['high']:.1%})"
        yield f"{each['low']:>15.1%}  {each['high']:>6.1%}  {each['photos']:>6,}  {shares}"


def _between(evaluation: Evaluation, name: str, form: str) -> str:
    record = evaluation.intervals.get(name)
    return f"  ({record['low']:{form}} to {record['high']:{form}})" if record else ""


def _by_chance(evaluation: Evaluation) -> str:
    expected = evaluation.ece_expected
    if expected is None:
        return ""
    return (
        f"  (a perfectly calibrated model would show {expected['low']:.1%} to {expected['high']:.1%}"
        f" on {counted(evaluation.photos, 'photo')})"
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _with_ends(value: float | None, record: IntervalRecord | None) -> str:
    if value is None or record is None:
        return _number(value)
    return f"{value:.3f} ({record['low']:.2f}-{record['high']:.2f})"
