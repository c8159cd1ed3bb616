"""How far a classifier's answers can be trusted, measured on photos whose class is known; plain values for JSON."""

from __future__ import annotations

from typing import TypedDict

from foveal.types.interval import IntervalRecord
from foveal.types.text import counted, listing, printable


class SizeFigures(TypedDict):
    """The photos whose prediction set names that many classes."""

    size: int
    photos: int
    share: float
    coverage: float


class ClassSetFigures(TypedDict):
    """The photos of one class; coverage and mean size are None for a class without photos."""

    name: str
    photos: int
    coverage: float | None
    coverage_interval: IntervalRecord
    mean_size: float | None


class RuleFigures(TypedDict):
    """What one rule for prediction sets gave in cross-validation, before one was chosen."""

    title: str
    coverage: float
    mean_size: float
    worst_class: float


class SetFigures(TypedDict):
    """Prediction sets: how often they hold the true class, and how many classes they name.

    `worst_class` is the class of the lowest coverage among those with ten photos or more; `undercovered` names those
    that are covered less often than was asked beyond what chance explains (95 %, for all classes together). `plain` is
    the rule LAC on the same photos.
    """

    rule: str
    asked: float
    highest: float
    promised: bool
    coverage: float
    coverage_interval: IntervalRecord
    mean_size: float
    singletons: float
    sizes: list[SizeFigures]
    per_class: list[ClassSetFigures]
    worst_class: str | None
    undercovered: list[str]
    plain_coverage: float
    plain_mean_size: float
    tried: list[RuleFigures]


class CurveFigures(TypedDict):
    """The risk–coverage curve, thinned: lists of one length, from the surest photos to all."""

    answered: list[float]
    error: list[float]
    confidence: list[float]
    area: float
    excess_area: float


class AnswerFigures(TypedDict):
    """What is answered when at most `max_error` of the answers may be wrong.

    Nothing is answered where that cannot be promised: the threshold is then None. Error is None where no photo was
    answered.
    """

    max_error: float
    promised: bool
    threshold: float | None
    answered: int
    share: float
    share_interval: IntervalRecord
    wrong: int
    error: float | None
    error_interval: IntervalRecord


class AbstentionFigures(TypedDict):
    """Abstaining at several errors; `asked` is the one the user chose, and among the rows.

    `confidence` is how sure each promise is; `lowest` is the smallest error that can be promised, None where none can.
    """

    confidence: float
    asked: float
    lowest: float | None
    rows: list[AnswerFigures]


class GateFigures(TypedDict):
    """Photos turned away as unlike anything learnt; here all are of known classes, so each is a false alarm."""

    turned_away: int
    share: float
    share_interval: IntervalRecord
    accuracy_accepted: float | None
    accuracy_accepted_interval: IntervalRecord
    accuracy_turned_away: float | None
    accuracy_turned_away_interval: IntervalRecord


class TrustFigures(TypedDict):
    """Everything measured about trust; a part is None where the classifier has no such part."""

    photos: int
    sets: SetFigures | None
    curve: CurveFigures
    abstention: AbstentionFigures | None
    gate: GateFigures | None


def trust_summary(figures: TrustFigures) -> str:
    """The figures in one to five lines of text, in the columns of an evaluation's summary.

    Args:
        figures: What was measured.
    """
    lines = [] if figures["sets"] is None else _set_lines(figures["sets"])
    if figures["abstention"] is not None:
        lines.append(_answer_line(figures["abstention"]))
    curve = figures["curve"]
    lines.append(_line("surest first", f"{curve['area']:.2%} wrong, averaged over every share answered"))
    if figures["gate"] is not None:
        lines.append(_gate_line(figures["gate"]))
    return "\n".join(lines)


def _set_lines(sets: SetFigures) -> list[str]:
    title = f"{_percent(sets['asked'])} sets"
    if not sets["promised"]:
        needed = f"too few photos to promise that; at most {_percent(sets['highest'])}"
        return [_line(title, f"name every class: {needed}")]
    said = f"hold the true class for {sets['coverage']:.1%}  ({_span(sets['coverage_interval'])})"
    lines = [_line(title, f"{said}; {sets['mean_size']:.2f} classes on average, {sets['singletons']:.0%} name one")]
    shares = {each["name"]: each["coverage"] or 0.0 for each in sets["per_class"]}
    less = [f"{printable(name)} {shares[name]:.0%}" for name in sets["undercovered"]]
    return [*lines, _line("less often for", listing(less, most=3))] if less else lines


def _answer_line(abstention: AbstentionFigures) -> str:
    row = next(each for each in abstention["rows"] if each["max_error"] == abstention["asked"])
    title = f"at most {_percent(row['max_error'])} wrong"
    if row["error"] is None:
        least = "no error can be promised"
        if abstention["lowest"] is not None:
            least = f"the smallest error that can be promised is {_percent(abstention['lowest'])}"
        return _line(title, f"nothing answered: {'no photo was sure enough' if row['promised'] else least}")
    said = f"{row['share']:.1%} of photos answered, {row['error']:.1%} of those wrong"
    return _line(title, f"{said}  ({_span(row['error_interval'])})")


def _gate_line(gate: GateFigures) -> str:
    said = f"{counted(gate['turned_away'], 'photo')}, {gate['share']:.1%}  ({_span(gate['share_interval'])})"
    if gate["accuracy_turned_away"] is None:
        return _line("turned away", said)
    inside = "" if gate["accuracy_accepted"] is None else f", the others {gate['accuracy_accepted']:.1%}"
    return _line("turned away", f"{said}; {gate['accuracy_turned_away']:.1%} of them would have been right{inside}")


def _line(title: str, text: str) -> str:
    return f"{title:18} {text}"


def _span(interval: IntervalRecord) -> str:
    return f"{interval['low']:.1%} to {interval['high']:.1%}"


def _percent(share: float) -> str:
    return f"{100 * share:.4g}%"
