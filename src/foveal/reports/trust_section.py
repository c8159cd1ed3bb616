"""How far the answers can be trusted: calibration, prediction sets, answering only the surest, the gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foveal.reports.charts.bars import set_sizes
from foveal.reports.charts.lines import reliability, risk_coverage
from foveal.reports.pages import Table
from foveal.reports.words import figure, percent, with_ends
from foveal.types.evaluation import Evaluation

_MOST_CLASSES = 1000
_SCHEME = "equal-width"


def calibration(figures: Evaluation, name: str) -> dict[str, Any] | None:
    """Reliability diagram, calibration errors before and after; None for a measurement that has no bins.

    Args:
        figures: What was measured.
        name: What its drawings begin with.
    """
    bins = figures.reliability.get(_SCHEME, [])
    if not bins:
        return None
    before = figures.calibration.get("before", {})
    bins_before = before.get("reliability", {}).get(_SCHEME, []) if before else []
    return {
        "chart": reliability(bins, bins_before, name=f"{name}-reliability"),
        "errors": _errors(figures, before),
        "bins": _bins(bins),
        "expected": figures.ece_expected,
        "ece": figures.ece,
        "how": _how(figures.calibration),
    }


def trust(figures: Evaluation, name: str) -> dict[str, Any]:
    """Sets, abstention and gate for a template; each None where it was not measured.

    Args:
        figures: What was measured.
        name: What its drawings begin with.
    """
    found = figures.trust or {}
    sets, abstention, gate = (found.get(each) for each in ("sets", "abstention", "gate"))
    return {
        "sets": None if sets is None else _sets(sets, found["photos"], name),
        "abstention": None if abstention is None else _abstention(abstention, found["curve"], name),
        "gate": None if gate is None else _gate(gate),
    }


def _errors(figures: Evaluation, before: Mapping[str, Any]) -> Table:
    lines: list[tuple[str, Any, float | None, bool]] = [
        ("error, 15 bins of equal width (ECE)", before.get("ece"), figures.ece, True),
        ("error, 15 bins of as many photos each", before.get("adaptive_ece"), figures.adaptive_ece, True),
        ("error of every class's probability, mean", None, figures.classwise_ece, True),
        ("error of the worst bin", None, figures.max_calibration_error, True),
        ("log loss", before.get("log_loss"), figures.log_loss, False),
        ("Brier score", before.get("brier"), figures.brier, False),
    ]
    rows = []
    for title, old, new, share in lines:
        if new is not None:
            shown = [percent(each, 2) if share else figure(each) for each in (old, new)]
            rows.append((title, *(shown if before else shown[1:])))
    columns = ("figure", "before calibration", "as it answers") if before else ("figure", "as it answers")
    return Table("How far its percentages are from the truth; lower is better", columns, rows)


def _bins(bins: list[Any]) -> Table:
    rows = [
        (
            f"{each['low']:.1%} to {each['high']:.1%}",
            f"{each['photos']:,}",
            percent(each["confidence"]),
            with_ends(each["accuracy"], each["accuracy_interval"]),
        )
        for each in bins
    ]
    columns = ("confidence", "photos", "mean confidence", "share right")
    return Table("Reliability in numbers, 15 bins of equal width, empty ones left out", columns, rows)


def _how(calibration: Mapping[str, Any]) -> str:
    """What the fit recorded of its calibration, as far as it is plain words and numbers."""
    said = {key: value for key, value in calibration.items() if isinstance(value, str | int | float)}
    return ", ".join(
        f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}" for key, value in said.items()
    )


def _sets(sets: Mapping[str, Any], photos: int, name: str) -> dict[str, Any]:
    counts = {each["size"]: each["photos"] for each in sets["sizes"]}
    rows = [
        (
            each["name"],
            f"{each['photos']:,}",
            with_ends(each["coverage"], each["coverage_interval"]),
            figure(each["mean_size"], 2),
        )
        for each in sets["per_class"][:_MOST_CLASSES]
    ]
    tried = [
        (each["title"], percent(each["coverage"]), figure(each["mean_size"], 2), percent(each["worst_class"]))
        for each in sets["tried"]
    ]
    return {
        **{
            key: sets[key] for key in ("rule", "asked", "promised", "highest", "mean_size", "singletons", "worst_class")
        },
        "coverage": with_ends(sets["coverage"], sets["coverage_interval"]),
        "plain_coverage": sets["plain_coverage"],
        "plain_mean_size": sets["plain_mean_size"],
        "chart": set_sizes([counts.get(size, 0) for size in range(1, max(counts, default=1) + 1)], name=f"{name}-sets"),
        "classes": Table(
            "Sets of each class", ("class", "photos", "holds the true class", "mean classes in a set"), rows
        ),
        "tried": Table("Rules compared in cross-validation", ("rule", "coverage", "mean classes", "worst class"), tried)
        if tried
        else None,
    }


def _abstention(abstention: Mapping[str, Any], curve: Mapping[str, Any], name: str) -> dict[str, Any]:
    chosen = asked_row(abstention)
    mark = (chosen["share"], chosen["error"]) if chosen["error"] is not None else None
    rows = [
        (
            f"{each['max_error']:.1%}",
            "-" if each["threshold"] is None else percent(each["threshold"]),
            with_ends(each["share"], each["share_interval"]) if each["promised"] else "cannot be promised",
            with_ends(each["error"], each["error_interval"]),
            f"{each['wrong']:,}",
        )
        for each in abstention["rows"]
    ]
    columns = ("--max-error", "answers from", "photos answered", "wrong among them", "photos wrong")
    return {
        "chart": risk_coverage(curve["answered"], curve["error"], name=f"{name}-risk", mark=mark),
        "table": Table(
            f"Answering only the surest; promised with {abstention['confidence']:.0%} confidence", columns, rows
        ),
        "asked": f"{chosen['max_error']:g}",
        "marked": mark is not None,
        "area": curve["area"],
        "excess": curve["excess_area"],
    }


def asked_row(abstention: Mapping[str, Any]) -> Mapping[str, Any]:
    """The line of the error that was asked for.

    Args:
        abstention: Of `TrustFigures`.
    """
    row: Mapping[str, Any] = next(row for row in abstention["rows"] if row["max_error"] == abstention["asked"])
    return row


def _gate(gate: Mapping[str, Any]) -> dict[str, Any]:
    rows = [
        ("photos of known classes turned away (false alarms)", with_ends(gate["share"], gate["share_interval"])),
        (
            "right among those let through",
            with_ends(gate["accuracy_accepted"], gate["accuracy_accepted_interval"]),
        ),
        (
            "right among those turned away",
            with_ends(gate["accuracy_turned_away"], gate["accuracy_turned_away_interval"]),
        ),
    ]
    return {"table": Table("The gate on photos of known classes", ("figure", "value"), rows), "share": gate["share"]}
