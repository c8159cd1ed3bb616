"""The figures of one measurement as tables and pictures: all photos together, each class, what is taken for what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from foveal.reports.charts.matrix import confusion
from foveal.reports.charts.spans import MOST, Span, spans
from foveal.reports.pages import Table
from foveal.reports.words import ends, figure, percent, with_ends
from foveal.types.evaluation import Evaluation
from foveal.types.multilabel_evaluation import MultiLabelEvaluation
from foveal.types.text import counted, printable

_MOST_CLASSES = 1000
_MOST_NUMBERS = 30

# With so few classes the table has room beside the picture.
_FEW = 14
_AVERAGED = ("precision", "recall", "specificity", "f1", "roc_auc", "pr_auc")
_TITLES = ("precision", "recall", "specificity", "F1", "ROC-AUC", "PR-AUC")


def class_figures(figures: Evaluation, name: str) -> dict[str, Any]:
    """Tables and pictures of a measurement of one class a photo, for a template.

    Args:
        figures: What was measured.
        name: What its drawings begin with.
    """
    names, counts = _seen(figures)
    return {
        "few": len(names) <= _FEW,
        "all": Table("All classes together, with 95 % intervals", ("figure", "value", "interval"), [*_all(figures)]),
        "averages": _averages(figures),
        "classes_chart": _class_chart(figures, f"{name}-classes"),
        "classes": _classes(figures),
        "confusion_chart": confusion(counts, names, name=f"{name}-confusion"),
        "confusion": _numbers(counts, names) if len(names) <= _MOST_NUMBERS else None,
        "confused": _confused(figures),
    }


def label_figures(figures: MultiLabelEvaluation, name: str) -> dict[str, Any]:
    """The same of a measurement of any number of labels a photo.

    Args:
        figures: What was measured.
        name: What its drawings begin with.
    """
    return {
        "few": False,
        "all": Table(
            "All labels together, with 95 % intervals", ("figure", "value", "interval"), [*_all_labels(figures)]
        ),
        "averages": None,
        "classes_chart": _class_chart(figures, f"{name}-classes"),
        "classes": _labels(figures),
        "confusion_chart": "",
        "confusion": None,
        "confused": None,
    }


def _all(figures: Evaluation) -> Iterator[tuple[str, str, str]]:
    between = figures.intervals

    def line(title: str, key: str, *, share: bool = False) -> tuple[str, str, str]:
        value = getattr(figures, key)
        said = percent(value) if share else figure(value)
        return title, said, ends(between.get(key), digits=1 if share else 3, share=share)

    yield "accuracy (top-1)", percent(figures.accuracy), ends(figures.accuracy_interval.to_dict(), digits=1)
    for k, share in figures.top_k.items():
        if k != "1":
            yield f"among the {k} most probable (top-{k})", percent(share), "-"
    if figures.real_top1 is not None:
        yield f"ReaL top-1, {counted(figures.real_photos, 'photo')}", percent(figures.real_top1), "-"
    yield line("balanced accuracy", "balanced_accuracy", share=True)
    yield line("macro F1", "macro_f1")
    if figures.kappa is not None:
        yield line("Cohen's kappa", "kappa")
    if figures.mcc is not None:
        yield line("Matthews' correlation", "mcc")
    area = figures.averages.get("macro", {}).get("roc_auc")
    if area is not None:
        yield "ROC-AUC, macro", figure(area), ends(between.get("macro_roc_auc"), digits=3, share=False)
    yield line("log loss", "log_loss")
    yield line("Brier score", "brier")


def _averages(figures: Evaluation) -> Table | None:
    if not figures.averages:
        return None
    rows = [(kind, *(figure(values.get(each)) for each in _AVERAGED)) for kind, values in figures.averages.items()]
    return Table("Averages over classes", ("average", *_TITLES), rows)


def _classes(figures: Evaluation) -> Table:
    rows = [
        (
            score["name"],
            f"{score['photos']:,}",
            with_ends(score["recall"] if score["photos"] else None, score["recall_interval"]),
            with_ends(score["precision"], score["precision_interval"]),
            percent(score["specificity"]),
            with_ends(score["f1"], score["f1_interval"], digits=3, share=False),
            figure(score["roc_auc"]),
            figure(score["pr_auc"]),
        )
        for score in figures.per_class[:_MOST_CLASSES]
    ]
    columns = ("class", "photos", "recall", "precision", "specificity", "F1", "ROC-AUC", "PR-AUC")
    return Table("Each class, with 95 % intervals", columns, rows)


def _class_chart(figures: Evaluation | MultiLabelEvaluation, name: str) -> str:
    """Recall of each class, the weakest first; those surely below the mean are marked."""
    seen = [score for score in figures.per_class if score["photos"]]
    if isinstance(figures, Evaluation):
        middle = figures.accuracy
    else:
        middle = sum(score["recall"] for score in seen) / max(1, len(seen))
    lines = [
        Span(
            score["name"],
            score["recall"],
            score["recall_interval"]["low"],
            score["recall_interval"]["high"],
            marked=score["recall_interval"]["high"] < middle,
        )
        for score in sorted(seen, key=lambda score: score["recall"])
    ]
    if not lines:
        return ""
    weakest = f"weakest {printable(lines[0].name)} {lines[0].value:.0%}"
    shown = (
        f"the {MOST} weakest of {len(lines)} classes" if len(lines) > MOST else counted(len(lines), "class", "classes")
    )
    return spans(lines, name=name, alt=f"Recall with 95 % intervals, {shown}; {weakest}", middle=middle)


def _numbers(counts: list[list[int]], names: list[str]) -> Table:
    rows = [(name, *(f"{count:,}" if count else "·" for count in row)) for name, row in zip(names, counts, strict=True)]
    return Table("Photos by true class (rows) and predicted class (columns)", ("true class", *names), rows)


def _seen(figures: Evaluation) -> tuple[list[str], list[list[int]]]:
    """Names and confusion counts of the classes that were there or were said to be."""
    counts = np.asarray(figures.confusion)
    shown = np.flatnonzero(counts.sum(axis=0) + counts.sum(axis=1))
    return [figures.per_class[at]["name"] for at in shown], counts[np.ix_(shown, shown)].tolist()


def _confused(figures: Evaluation) -> Table | None:
    if not figures.most_confused:
        return None
    rows = [
        (pair["true"], pair["predicted"], f"{pair['photos']:,}", f"{pair['share']:.1%}")
        for pair in figures.most_confused
    ]
    return Table("Most frequent confusions", ("true class", "taken for", "photos", "of the class"), rows, words=(1,))


def _all_labels(figures: MultiLabelEvaluation) -> Iterator[tuple[str, str, str]]:
    interval = figures.mean_average_precision_interval.to_dict()
    precision = figure(figures.mean_average_precision)
    yield "mean average precision (mAP)", precision, ends(interval, digits=3, share=False)
    yield "F1, all decisions together (micro)", figure(figures.micro_f1), "-"
    yield "F1, mean of classes (macro)", figure(figures.macro_f1), "-"
    yield "photos with exactly the right labels", percent(figures.subset_accuracy), "-"
    yield "wrong decisions (Hamming loss)", percent(figures.hamming_loss), "-"
    yield "coverage error", figure(figures.coverage_error), "-"
    yield "labels a photo", figure(figures.labels_per_photo, 2), "-"
    yield "log loss", figure(figures.log_loss), "-"
    yield "calibration error (ECE, 15 bins of equal width)", percent(figures.ece, 2), "-"


def _labels(figures: MultiLabelEvaluation) -> Table:
    rows = [
        (
            score["name"],
            f"{score['photos']:,}",
            figure(score["average_precision"]),
            f"{score['threshold']:.2f}",
            with_ends(score["recall"], score["recall_interval"]),
            percent(score["precision"]),
            figure(score["f1"]),
        )
        for score in figures.per_class[:_MOST_CLASSES]
    ]
    columns = ("label", "photos", "average precision", "threshold", "recall", "precision", "F1")
    return Table("Each label, with the 95 % interval of recall", columns, rows)
