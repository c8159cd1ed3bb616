"""How far the answers can be trusted: prediction sets, answering only the surest, and turning the unknown away.

Two doors: `trust_figures` measures what is served on photos nothing was learnt from, `trust_figures_out_of_fold` the
photos learnt from, each by sets and thresholds that were learnt from the other folds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.assurance.conformal import learn_sets
from foveal.assurance.selective import learn_abstention
from foveal.metrics import prediction_sets, selective
from foveal.metrics.inputs import labelled_scores
from foveal.metrics.intervals import wilson
from foveal.trust.abstention import Abstention
from foveal.trust.sets import PredictionSets
from foveal.types.checked import bad_value, integers
from foveal.types.trust_figures import (
    AbstentionFigures,
    AnswerFigures,
    ClassSetFigures,
    CurveFigures,
    GateFigures,
    RuleFigures,
    SetFigures,
    SizeFigures,
    TrustFigures,
)

COVERAGE = 0.95
MAX_ERROR = 0.02
MAX_ERRORS = (0.005, 0.01, 0.02, 0.05, 0.1)

# A class is named as the worst covered one from this many photos on.
_ENOUGH_PHOTOS = 10

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class _Told:
    """What the photos were told: their sets (bool [n, C]), sizes of plain sets, and who is answered at each error."""

    sets: Bools
    plain_sizes: NDArray[np.int64]
    plain_covered: Bools
    answered: Mapping[float, Bools]


def trust_figures(
    labels: NDArray[np.integer[Any]],
    probs: NDArray[np.floating[Any]],
    class_names: Sequence[str],
    *,
    sets: PredictionSets | None,
    abstention: Abstention | None,
    unknown: Bools | None,
    coverage: float = COVERAGE,
    max_error: float = MAX_ERROR,
) -> TrustFigures:
    """Measure what is served on photos that nothing was learnt from.

    Args:
        labels: int [n], true classes.
        probs: float [n, C], as the classifier gives them; photos that could not be read must be left out.
        class_names: Names of the C classes.
        sets: Prediction sets; None to leave them out.
        abstention: Thresholds of confidence; None to leave them out.
        unknown: bool [n], which photos the gate turns away; None to leave it out.
        coverage: How often the sets shall hold the true class.
        max_error: Largest share of wrong answers; it joins the table's 0.005, 0.01, 0.02, 0.05, 0.1.

    Raises:
        FovealError: `bad-value`: no photos, arrays that do not fit together, or a coverage or error out of range.
    """
    true, scores = _checked(labels, probs, class_names, unknown)
    told = _tell(true, scores, sets, abstention, coverage, max_error)
    return _figures(true, scores, class_names, told, sets, abstention, unknown, coverage, max_error)


def trust_figures_out_of_fold(
    labels: NDArray[np.integer[Any]],
    probs: NDArray[np.floating[Any]],
    folds: NDArray[np.int8],
    class_names: Sequence[str],
    *,
    sets: PredictionSets | None = None,
    abstention: Abstention | None = None,
    unknown: Bools | None = None,
    coverage: float = COVERAGE,
    max_error: float = MAX_ERROR,
) -> TrustFigures:
    """Measure the photos learnt from, each by sets and thresholds learnt from the other folds alone.

    Args:
        labels: int [n], true classes.
        probs: float [n, C], out of fold and calibrated.
        folds: int8 [n], two or more.
        class_names: Names of the C classes.
        sets: What is served, for its rule and limits; None to learn it here.
        abstention: What is served, for its thresholds; None to learn it here.
        unknown: bool [n], which photos the gate turns away, each judged out of fold; None to leave it out.
        coverage: How often the sets shall hold the true class.
        max_error: Largest share of wrong answers; it joins the table's 0.005, 0.01, 0.02, 0.05, 0.1.

    Raises:
        FovealError: `bad-value`: no photos, a single fold, arrays that do not fit together, or a coverage or error out
            of range.
    """
    true, scores = _checked(labels, probs, class_names, unknown)
    numbers = integers("trust_figures_out_of_fold", "folds", folds, length=len(true)).astype(np.int8)
    different = np.unique(numbers)
    if len(different) < 2:
        raise bad_value("trust_figures_out_of_fold", "2 or more folds", len(different))
    targets = true.astype(np.int32)
    whole = _Told(
        np.zeros(scores.shape, np.bool_),
        np.zeros(len(true), np.int64),
        np.zeros(len(true), np.bool_),
        {error: np.zeros(len(true), np.bool_) for error in _errors(max_error)},
    )
    for fold in different:
        held, other = numbers == fold, numbers != fold
        known = scores[other], targets[other], numbers[other]
        told = _tell(true[held], scores[held], learn_sets(*known), learn_abstention(*known), coverage, max_error)
        whole.sets[held] = told.sets
        whole.plain_sizes[held], whole.plain_covered[held] = told.plain_sizes, told.plain_covered
        for error, each in told.answered.items():
            whole.answered[error][held] = each
    sets = sets or learn_sets(scores, targets, numbers)
    abstention = abstention or learn_abstention(scores, targets, numbers)
    return _figures(true, scores, class_names, whole, sets, abstention, unknown, coverage, max_error)


def _errors(max_error: float) -> list[float]:
    return sorted({*MAX_ERRORS, float(max_error)})


def _checked(
    labels: Any, probs: Any, class_names: Sequence[str], unknown: Bools | None
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    true, scores = labelled_scores("trust_figures", labels, probs)
    if len(class_names) != scores.shape[1]:
        raise bad_value("trust_figures", f"{scores.shape[1]} class_names", len(class_names))
    if unknown is not None and (unknown.dtype != np.bool_ or unknown.shape != true.shape):
        raise bad_value("trust_figures", f"unknown as bool [{len(true)}]", f"{unknown.dtype} {list(unknown.shape)}")
    return true, scores


def _tell(
    labels: NDArray[np.int64],
    probs: NDArray[Any],
    sets: PredictionSets | None,
    abstention: Abstention | None,
    coverage: float,
    max_error: float,
) -> _Told:
    rows = np.arange(len(labels))
    plain = sets.as_plain().sets(probs, coverage) if sets else np.ones(probs.shape, np.bool_)
    return _Told(
        sets.sets(probs, coverage) if sets else plain,
        np.count_nonzero(plain, axis=1),
        plain[rows, labels],
        {error: abstention.answered(probs, error) for error in _errors(max_error)} if abstention else {},
    )


def _figures(
    labels: NDArray[np.int64],
    probs: NDArray[Any],
    class_names: Sequence[str],
    told: _Told,
    sets: PredictionSets | None,
    abstention: Abstention | None,
    unknown: Bools | None,
    coverage: float,
    max_error: float,
) -> TrustFigures:
    right = probs.argmax(axis=1) == labels
    return TrustFigures(
        photos=len(labels),
        sets=None if sets is None else _sets(labels, class_names, told, sets, coverage),
        curve=_curve(labels, probs),
        abstention=None if abstention is None else _abstention(abstention, told, right, max_error),
        gate=None if unknown is None else _gate(unknown, right),
    )


def _sets(
    labels: NDArray[np.int64], class_names: Sequence[str], told: _Told, sets: PredictionSets, coverage: float
) -> SetFigures:
    covered = prediction_sets.covered(labels, told.sets)
    classes = prediction_sets.class_coverage(labels, told.sets)
    sizes = prediction_sets.size_coverage(labels, told.sets)
    enough = np.flatnonzero(classes.photos >= _ENOUGH_PHOTOS)
    worst = str(class_names[enough[classes.coverage[enough].argmin()]]) if len(enough) else None
    by_size = zip(*(each.tolist() for each in sizes), strict=True)
    return SetFigures(
        rule=sets.rule.title,
        asked=float(coverage),
        highest=sets.highest,
        promised=coverage <= sets.highest,
        coverage=float(covered.mean()),
        coverage_interval=wilson(int(covered.sum()), len(labels)).to_dict(),
        mean_size=prediction_sets.mean_set_size(told.sets),
        singletons=prediction_sets.singleton_share(told.sets),
        sizes=[
            SizeFigures(size=size, photos=photos, share=photos / len(labels), coverage=share)
            for size, photos, _, share in by_size
        ],
        per_class=[_class_sets(str(name), classes, row) for row, name in enumerate(class_names)],
        worst_class=worst,
        undercovered=[str(class_names[row]) for row in _undercovered(classes, coverage)],
        plain_coverage=float(told.plain_covered.mean()),
        plain_mean_size=float(told.plain_sizes.mean()),
        tried=[RuleFigures(title=t, coverage=c, mean_size=s, worst_class=w) for t, c, s, w in sets.trials],
    )


def _undercovered(classes: prediction_sets.ClassCoverage, coverage: float) -> list[int]:
    """Classes that are surely covered less often than was asked, worst first."""
    # Of many classes some look bad by chance; each is given its share of the 5 % (Bonferroni).
    confidence = 1 - 0.05 / np.count_nonzero(classes.photos)
    found = [
        row
        for row in np.flatnonzero((classes.photos > 0) & (classes.coverage < coverage)).tolist()
        if wilson(int(classes.covered[row]), int(classes.photos[row]), confidence).high < coverage
    ]
    return sorted(found, key=lambda row: float(classes.coverage[row]))


def _class_sets(name: str, classes: prediction_sets.ClassCoverage, row: int) -> ClassSetFigures:
    photos = int(classes.photos[row])
    return ClassSetFigures(
        name=name,
        photos=photos,
        coverage=float(classes.coverage[row]) if photos else None,
        coverage_interval=wilson(int(classes.covered[row]), photos).to_dict(),
        mean_size=float(classes.mean_size[row]) if photos else None,
    )


def _curve(labels: NDArray[np.int64], probs: NDArray[Any]) -> CurveFigures:
    curve = selective.thinned(selective.risk_coverage(labels, probs))
    return CurveFigures(
        answered=curve.answered.tolist(),
        error=curve.error.tolist(),
        confidence=curve.confidence.tolist(),
        area=selective.area_under_risk_coverage(labels, probs),
        excess_area=selective.excess_area(labels, probs),
    )


def _abstention(abstention: Abstention, told: _Told, right: Bools, max_error: float) -> AbstentionFigures:
    return AbstentionFigures(
        confidence=abstention.confidence,
        asked=float(max_error),
        lowest=abstention.lowest if math.isfinite(abstention.lowest) else None,
        rows=[_answers(error, abstention, answered, right) for error, answered in told.answered.items()],
    )


def _answers(max_error: float, abstention: Abstention, answered: Bools, right: Bools) -> AnswerFigures:
    threshold = abstention.threshold(max_error)
    count, wrong = int(answered.sum()), int((answered & ~right).sum())
    return AnswerFigures(
        max_error=max_error,
        promised=math.isfinite(threshold),
        threshold=threshold if math.isfinite(threshold) else None,
        answered=count,
        share=count / len(right),
        share_interval=wilson(count, len(right)).to_dict(),
        wrong=wrong,
        error=wrong / count if count else None,
        error_interval=wilson(wrong, count).to_dict(),
    )


def _gate(unknown: Bools, right: Bools) -> GateFigures:
    away, hits = int(unknown.sum()), int((right & unknown).sum())
    stayed, others = len(right) - away, int((right & ~unknown).sum())
    return GateFigures(
        turned_away=away,
        share=away / len(right),
        share_interval=wilson(away, len(right)).to_dict(),
        accuracy_accepted=others / stayed if stayed else None,
        accuracy_accepted_interval=wilson(others, stayed).to_dict(),
        accuracy_turned_away=hits / away if away else None,
        accuracy_turned_away_interval=wilson(hits, away).to_dict(),
    )
