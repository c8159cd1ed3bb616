"""Groups of photos and the tree of classes, for a template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from foveal.reports.charts.spans import Span, spans
from foveal.reports.pages import Table
from foveal.reports.words import figure, percent, points, with_ends
from foveal.types.slice_figures import SliceFigures, largest
from foveal.types.text import chance, counted, printable

_MOST_OF_A_COLUMN = 200


def slices(found: Sequence[SliceFigures], accuracy: float, name: str) -> dict[str, Any]:
    """Groups of photos for a template.

    Args:
        found: `SliceFigures`.
        accuracy: Of all photos.
        name: What its drawing begins with.
    """
    shown = largest(found, _MOST_OF_A_COLUMN)
    left_out = f", without {len(found) - len(shown):,} smaller ones" if len(shown) < len(found) else ""
    rows = [
        (
            f"{each['column']}: {each['value']}",
            f"{each['photos']:,}",
            with_ends(each["accuracy"], each["interval"]),
            "-" if each["gap"] is None else points(each["gap"]),
            percent(each["expected"]) if "expected" in each else "-",
            "-" if each["p_adjusted"] is None else chance(each["p_adjusted"]).removeprefix("p ").removeprefix("= "),
            each["verdict"],
        )
        for each in shown
    ]
    enough = [each for each in shown if each["verdict"] != "too few"]
    lines = [
        Span(
            f"{each['column']}: {each['value']}",
            each["accuracy"],
            each["interval"]["low"],
            each["interval"]["high"],
            marked=each["verdict"] == "worse",
        )
        for each in enough
    ]
    columns = (
        "group",
        "photos",
        "accuracy",
        "against the others",
        "expected of its classes",
        "p, corrected",
        "verdict",
    )
    return {
        "chart": spans(lines, name=f"{name}-slices", alt="Accuracy of groups of photos", middle=accuracy)
        if lines
        else "",
        "table": Table(f"Groups of photos, with 95 % intervals{left_out}", columns, rows, words=(6,)),
    }


def hierarchy(found: Mapping[str, Any]) -> dict[str, Any]:
    """Mistakes in the tree of classes for a template.

    Args:
        found: `HierarchyFigures`.
    """
    summary = [
        ("mean distance of the mistakes, in steps", figure(found.get("mistake_distance"), 2)),
        ("mean height of the group they share", figure(found.get("mistake_height"), 2)),
        ("mean distance, all photos", figure(found.get("mean_distance"), 2)),
    ]
    levels = [
        (str(each["depth"]), f"{each['groups']:,}", with_ends(each["accuracy"], each["interval"]))
        for each in found.get("levels", ())
    ]
    backed = [
        (
            percent(each["sure"], 0),
            percent(each["exact"]),
            percent(each["broader"]),
            percent(each["unknown"]),
            percent(each["error"]),
        )
        for each in found.get("back_off", ())
    ]
    return {
        "summary": Table("How far mistakes are off in the tree of classes", ("figure", "value"), summary),
        "levels": Table("Accuracy by depth, the widest groups first", ("depth", "groups", "accuracy"), levels),
        "back_off": Table(
            "Answers that are less exact but sure",
            ("--sure", "exact class", "broader group", "no answer", "wrong answers"),
            backed,
        ),
    }


def worse(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """The groups that are surely worse, in words.

    Args:
        found: `SliceFigures`.
    """
    return [
        f"{printable(str(each['column']))} {printable(str(each['value']))} "
        f"({each['accuracy']:.0%}, {counted(each['photos'], 'photo')})"
        for each in found
        if each["verdict"] == "worse"
    ]
