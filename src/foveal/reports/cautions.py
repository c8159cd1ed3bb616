"""When not to trust a model: what its figures say against it, and what no figure says anything about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from foveal.classifier.classifier import Classifier
from foveal.reports.extra_sections import worse
from foveal.reports.model_report import section
from foveal.reports.stress_section import worst_faults
from foveal.reports.words import ends, in_words, joined
from foveal.types.evaluation import Evaluation
from foveal.types.finding import Finding
from foveal.types.multilabel_evaluation import Figures
from foveal.types.text import counted, printable

Point = tuple[str, str]

FEW_PHOTOS = 30
"""Below this the interval of a class spans a quarter of all that is possible, or more."""

_ASKED = (
    ("Groups of photos (slices)", "slices", "foveal evaluate MODEL PHOTOS --slices COLUMN"),
    ("Robustness to blur, noise, weather and bad light", "robustness", "foveal evaluate MODEL PHOTOS --robustness"),
    ("Speed", "speed", "foveal evaluate MODEL PHOTOS --speed"),
)
_TRUST = (
    ("Prediction sets", "sets"),
    ("Answering only the surest", "abstention"),
    ("The gate for the unknown", "gate"),
)
_WEAK_BY = 0.05
_MUCH_CONFUSED = 0.03
_MOST_NAMES = 4


def cautions(model: Classifier, figures: Figures) -> list[Point]:
    """Reasons for care, a few leading words and a sentence each.

    Args:
        model: The model.
        figures: What was measured of it, as far as it is spoken of first.
    """
    found = [*_weak_classes(figures), *_confused(figures), *_few_photos(figures)]
    groups = worse(section(figures, "slices") or ())
    if groups:
        found.append(("Some groups of photos fare worse:", f"{joined(groups, _MOST_NAMES)}."))
    faults = section(figures, "robustness")
    if faults is not None:
        found.append(("Bad photos:", f"the worst faults are {worst_faults(faults)}."))
    found.append(_anything_else(model, figures))
    found += _split(model)
    found.append(
        (
            "Other photos than these:",
            "another camera, place, time of year or way of taking photos was not measured unless such photos were "
            "among these. Measure on some of your own before relying on it.",
        )
    )
    return found


def on_own_photos(findings: Sequence[Finding]) -> list[Point]:
    """That all the photos measured are those learnt from, where they are.

    Args:
        findings: What was noticed about the photos measured.
    """
    own = [finding.message for finding in findings if finding.code == "test-photo-learnt"]
    return [("These figures flatter it:", f"{message}.") for message in own]


def weak_classes(figures: Figures) -> list[Any]:
    """The classes with photos that are recognised markedly less often than the others, weakest first.

    Args:
        figures: What was measured.
    """
    seen = sorted((score for score in figures.per_class if score["photos"]), key=lambda score: score["recall"])
    mean = sum(score["recall"] for score in seen) / max(1, len(seen))
    return [score for score in seen if score["recall"] < mean - _WEAK_BY][:_MOST_NAMES]


def _weak_classes(figures: Figures) -> Iterator[Point]:
    weak = weak_classes(figures)
    if weak:
        said = [
            f"{printable(score['name'])} is found in {in_words(score['recall'])} of its photos "
            f"({ends(score['recall_interval'])})"
            for score in weak
        ]
        yield "Weakest classes:", f"{'; '.join(said)}."


def _confused(figures: Figures) -> Iterator[Point]:
    if isinstance(figures, Evaluation):
        pairs = [pair for pair in figures.most_confused if pair["share"] >= _MUCH_CONFUSED and pair["photos"] > 1][:3]
        if pairs:
            said = [
                f"{printable(pair['true'])} for {printable(pair['predicted'])} ({pair['share']:.0%} of its photos)"
                for pair in pairs
            ]
            yield "It takes one thing for another:", f"{'; '.join(said)}."


def _few_photos(figures: Figures) -> Iterator[Point]:
    few = [score["name"] for score in figures.per_class if score["photos"] < FEW_PHOTOS]
    if few:
        yield (
            "Few photos:",
            f"{joined(few, _MOST_NAMES)} {'was' if len(few) == 1 else 'were'} measured on fewer than {FEW_PHOTOS} "
            f"photos each; a figure for so few is rough.",
        )


def _anything_else(model: Classifier, figures: Figures) -> Point:
    if model.multi_label:
        return "A photo of something else", "should get no label; how often it gets one was not measured."
    if not model.trust.gated:
        classes = counted(len(model.class_names), "class", "classes")
        return (
            "A photo of something else",
            f"gets one of the {classes} all the same: the model has no gate for the unknown.",
        )
    gate = (section(figures, "trust") or {}).get("gate")
    cost = f" It also turned away {gate['share']:.1%} of the photos of known classes here." if gate else ""
    return (
        "A photo of something else",
        "is answered “unknown” where the gate notices that it is unlike anything learnt from; it will not notice all."
        f"{cost}{_tried(model)}",
    )


def _tried(model: Classifier) -> str:
    """What the gate did with images of nothing, where that was tried."""
    tried = model.record.get("trust", {}).get("gate", {}).get("tried", ())
    if not tried:
        return ""
    words = {"noise": "noise", "blank": "blank images", "shuffled": "photos cut up and shuffled"}
    said = [f"{words.get(each['kind'], each['kind'])} {each['turned_away']} of {each['images']}" for each in tried]
    return f" Images of nothing that it turned away: {', '.join(said)}."


def _split(model: Classifier) -> Iterator[Point]:
    split = model.record.get("split", {})
    if split.get("by") == "none" and split.get("groups"):
        yield (
            "Photos of one thing",
            "may have been learnt from and judged at once, since the photos were split without looking for what "
            "belongs together; the figures may then be too good.",
        )


def not_measured(measured: Sequence[Figures]) -> list[Point]:
    """What nobody has measured, and how to.

    Args:
        measured: All evaluations there are.
    """
    found: list[Point] = []
    if not any(not figures.protocol.startswith("out of fold") for figures in measured):
        found.append(("Photos kept apart for testing", "foveal evaluate MODEL PHOTOS"))
    one_class = any(isinstance(figures, Evaluation) for figures in measured)
    for name, field, how in _ASKED:
        if not any(section(figures, field) for figures in measured):
            found.append((name, how if one_class else ""))
    for name, part in _TRUST:
        if not any((section(figures, "trust") or {}).get(part) for figures in measured):
            found.append((name, ""))
    found.append(("Attacks by people who know the model", ""))
    return found
