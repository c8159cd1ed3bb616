"""What to do next, in concrete sentences that follow from the figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

from foveal.reports.cautions import Point, weak_classes
from foveal.reports.mistakes import Mistakes
from foveal.reports.model_report import ModelReport
from foveal.reports.trust_section import asked_row
from foveal.reports.words import joined
from foveal.types.evaluation import Evaluation
from foveal.types.multilabel_evaluation import Figures
from foveal.types.text import counted, printable

_SURE = 0.9
_WIDE = 0.1
_SATURATED = 0.005


def next_steps(report: ModelReport, mistakes: Mistakes) -> list[Point]:
    """A few leading words and a sentence each, the most worthwhile first.

    Args:
        report: The model and its measurements.
        mistakes: Of the measurement on most photos.
    """
    figures = report.fullest.figures
    return [
        *_more_photos(report, figures),
        *_labels(figures, mistakes),
        *_surest_only(figures),
        *_sets(figures),
        *_learn_more(report.learning_curve),
        *_measure(report, figures),
    ]


def _more_photos(report: ModelReport, figures: Figures) -> Iterator[Point]:
    learnt: Mapping[str, int] = report.model.record.get("data", {}).get("classes", {})
    weak = [score["name"] for score in weak_classes(figures)]
    middle = median(learnt.values()) if learnt else 0
    small = [name for name in weak if learnt.get(name, middle) < middle / 2]
    if small:
        names = joined([f"{name} ({learnt[name]:,})" for name in small])
        yield "Add photos of", f"{names}: weak, and learnt from few beside the {middle:,.0f} of a middling class."
    others = [name for name in weak if name not in small]
    if others:
        yield "Look at the mistakes of", f"{joined(others)} below: what they show is the kind of photo to add."


def _labels(figures: Figures, mistakes: Mistakes) -> Iterator[Point]:
    sure = mistakes.confident(_SURE)
    if sure:
        yield (
            "Check labels:",
            f"{counted(sure, 'photo')} contradict{'s' if sure == 1 else ''} the label at {_SURE:.0%} or more. "
            f"{'It comes' if sure == 1 else 'They come'} first among the mistakes below; foveal check PHOTOS "
            "proposes which labels to mend.",
        )
    if isinstance(figures, Evaluation) and figures.most_confused:
        pair = figures.most_confused[0]
        if pair["photos"] > 2:
            true, said = printable(pair["true"]), printable(pair["predicted"])
            yield (
                f"Compare {true} and {said}:",
                f"{counted(pair['photos'], 'photo')} of {true} {'was' if pair['photos'] == 1 else 'were'} taken for "
                f"{said}. Where people cannot tell them apart in a photo either, make them one class.",
            )


def _surest_only(figures: Figures) -> Iterator[Point]:
    abstention = _trust(figures).get("abstention")
    if abstention is None:
        return
    row = asked_row(abstention)
    if row["promised"] and row["error"] is not None:
        yield (
            "Where a mistake is dear,",
            f"use --max-error {row['max_error']:g}: it then answers {row['share']:.0%} of the photos, of which "
            f"{row['error']:.1%} were wrong here, and gives no answer to the rest.",
        )
    else:
        best = next((each for each in abstention["rows"] if each["promised"] and each["error"] is not None), None)
        if best is not None:
            yield (
                "Where a mistake is dear,",
                f"use --max-error {best['max_error']:g}: it then answers {best['share']:.0%} of the photos. The least "
                f"that so many photos allow to promise is {abstention['lowest']:g}.",
            )


def _sets(figures: Figures) -> Iterator[Point]:
    sets = _trust(figures).get("sets")
    # A coverage that so few photos cannot promise is refused by `predict`.
    if sets is not None and sets["promised"]:
        yield (
            "Where the true class must be among the answers,",
            f"use --coverage {sets['asked']:g}: sets of {sets['mean_size']:.1f} classes on average, which held the "
            f"true one for {sets['coverage']:.1%} of the photos here.",
        )


def _learn_more(curve: Mapping[str, Mapping[str, list[float]]] | None) -> Iterator[Point]:
    if curve is None:
        return
    now, size = curve["measured"]["accuracy"][-1], curve["measured"]["sizes"][-1]
    at = min(range(len(curve["ahead"]["sizes"])), key=lambda each: abs(curve["ahead"]["sizes"][each] - 2 * size))
    then, photos = curve["ahead"]["accuracy"][at], curve["ahead"]["sizes"][at]
    if then - now >= _SATURATED:
        yield "More photos of every kind:", f"{photos:,.0f} would bring about {100 * (then - now):+.1f} points."
    else:
        yield "More photos of the same kind", "would hardly help: the learning curve is flat."


def _measure(report: ModelReport, figures: Figures) -> Iterator[Point]:
    if isinstance(figures, Evaluation):
        low, high, _ = figures.accuracy_interval
        if high - low > _WIDE:
            yield (
                "Measure on more photos:",
                f"the interval is {100 * (high - low):.0f} points wide; {4 * figures.photos:,} photos would halve it.",
            )
    if len(report.measured) == 1 and report.main.figures.protocol.startswith("out of fold"):
        yield (
            "Measure on photos from where it will be used:",
            "foveal evaluate MODEL PHOTOS --html page.html; those that it learnt from are all from one collection.",
        )


def _trust(figures: Figures) -> dict[str, Any]:
    return (figures.trust or {}) if isinstance(figures, Evaluation) else {}
