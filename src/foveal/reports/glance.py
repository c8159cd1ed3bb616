"""The top of a report, for people who never heard of any figure: what it is, how good, how far to trust it."""

from __future__ import annotations

from foveal.evaluation.measured import Measured
from foveal.reports.model_report import ModelReport
from foveal.reports.words import about, joined, percent
from foveal.types.evaluation import Evaluation
from foveal.types.multilabel_evaluation import MultiLabelEvaluation
from foveal.types.text import counted, printable

# Percentages this far off on average may be taken at their word.
_LITERAL = 0.03

Fact = tuple[str, str, str]


def facts(report: ModelReport) -> list[Fact]:
    """The few figures to see at once: value, what of, and its interval or nothing.

    Args:
        report: The model and its measurements.
    """
    found: list[Fact] = []
    for measured in report.measured:
        figures = measured.figures
        if isinstance(figures, Evaluation):
            low, high, _ = figures.accuracy_interval
            found.append((percent(figures.accuracy), f"right, {measured.title}", f"{low:.1%} to {high:.1%}"))
        else:
            low, high, _ = figures.mean_average_precision_interval
            found.append(
                (f"{figures.mean_average_precision:.3f}", f"mAP, {measured.title}", f"{low:.3f} to {high:.3f}")
            )
    found.append((f"{len(report.model.class_names):,}", "classes", ""))
    learnt = report.model.record.get("data", {}).get("photos")
    if learnt:
        found.append((f"{learnt:,}", "photos learnt from", ""))
    return found


def what(report: ModelReport) -> list[str]:
    """What the model is, in two sentences.

    Args:
        report: The model and its measurements.
    """
    model = report.model
    names = joined(model.class_names, 12)
    if model.multi_label:
        first = f"It says which of {len(model.class_names):,} things a photo shows, none or several: {names}."
    else:
        first = f"It says which of {len(model.class_names):,} classes a photo shows: {names}."
    learnt = model.record.get("data", {}).get("photos")
    networks = joined([card["title"] for card in model.record.get("backbones", ())])
    if not learnt:
        return [first, f"It is {networks} as published."] if networks else [first]
    return [first, f"It has learnt them from {counted(learnt, 'labelled photo')}, seen through {networks}."]


def how_good(report: ModelReport) -> list[str]:
    """How often it is right and what that means, a paragraph each.

    Args:
        report: The model and its measurements.
    """
    found = [_headline(report.main)]
    found += [_also(measured) for measured in report.measured[1:]]
    figures = report.main.figures
    if isinstance(figures, Evaluation):
        found.append(_percentages(figures))
    photos = counted(figures.photos, "photo")
    if figures.protocol.startswith("out of fold"):
        found.append(f"Measured on {photos}, each judged by a model that had learnt from the others only.")
    else:
        found.append(f"Measured on {photos} ({printable(figures.protocol)}).")
    return found


def _headline(measured: Measured) -> str:
    figures = measured.figures
    if isinstance(figures, MultiLabelEvaluation):
        return (
            f"It gives exactly the right labels to {about(figures.subset_accuracy)} photos; of its single decisions "
            f"{1 - figures.hamming_loss:.1%} are right. The mean average precision is "
            f"{figures.mean_average_precision:.3f} (1 would be perfect)."
        )
    low, high, _ = figures.accuracy_interval
    return (
        f"It recognises {about(figures.accuracy)} photos rightly: {figures.accuracy:.1%}, and on other photos "
        f"like these between {low:.1%} and {high:.1%}. Guessing the most frequent class would be right for "
        f"{_most_frequent(figures):.0%}."
    )


def _most_frequent(figures: Evaluation) -> float:
    return max(score["photos"] for score in figures.per_class) / figures.photos


def _also(measured: Measured) -> str:
    figures = measured.figures
    if isinstance(figures, MultiLabelEvaluation):
        return f"{_sentence(measured.title)}: mean average precision {figures.mean_average_precision:.3f}."
    low, high, _ = figures.accuracy_interval
    return f"{_sentence(measured.title)}: {figures.accuracy:.1%} right, between {low:.1%} and {high:.1%}."


def _sentence(title: str) -> str:
    return title[:1].upper() + title[1:]


def _percentages(figures: Evaluation) -> str:
    off = 100 * figures.ece
    by_chance = figures.ece_expected["high"] if figures.ece_expected else 0.0
    if _LITERAL < figures.ece <= by_chance:
        return (
            f"Whether its percentages can be taken literally, so few photos cannot tell: they are off by {off:.1f} "
            f"points on average, and chance alone would make that up to {100 * by_chance:.1f}."
        )
    if figures.ece <= _LITERAL:
        said = "When it says 80%, it is right about 80 times in 100: its percentages are off by"
        return f"{said} {off:.1f} points on average."
    return f"Its percentages are not to be taken literally: they are off by {off:.1f} points on average."
