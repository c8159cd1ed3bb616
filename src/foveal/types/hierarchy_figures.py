"""What was measured about mistakes where classes are kinds of one another."""

from __future__ import annotations

from typing import TypedDict

from foveal.types.interval import IntervalRecord

_SHOWN_SURE = 0.9


class LevelFigures(TypedDict):
    """How often the group at one depth is right: `depth` 1 is the widest; a class that ends above it counts itself."""

    depth: int
    groups: int
    accuracy: float
    interval: IntervalRecord


class BackOffFigures(TypedDict):
    """Answers with the most exact class or group that is at least `sure` probable.

    `exact`, `broader` and `unknown` are shares of all photos and add up to 1; `error` is the share of answers, exact or
    broader, that the photo is not of, null where nothing is answered.
    """

    sure: float
    exact: float
    broader: float
    unknown: float
    error: float | None


class HierarchyFigures(TypedDict):
    """How far mistakes are off in the tree of classes.

    `mean_distance` is the mean number of steps between true and predicted class, of all photos; `mistake_distance` that
    of the mistakes, and `mistake_height` the mean height of the lowest group that holds both (Bertinetto et al.,
    "Making better mistakes", CVPR 2020); both null where nothing was mistaken. The root counts as a group.
    """

    mean_distance: float
    mistake_distance: float | None
    mistake_height: float | None
    levels: list[LevelFigures]
    back_off: list[BackOffFigures]


def hierarchy_summary(figures: HierarchyFigures) -> str:
    """Two or three lines: how far off mistakes are, and what answering more broadly gives.

    Args:
        figures: As measured.
    """
    wide = figures["levels"][0]
    lines = [f"widest groups      {wide['accuracy']:.1%} right among {wide['groups']:,} groups"]
    if figures["mistake_distance"] is not None:
        lines.append(
            f"mistakes           {figures['mistake_distance']:.1f} steps off in the tree of classes on average"
        )
    for each in figures["back_off"]:
        if each["sure"] == _SHOWN_SURE and each["error"] is not None:
            lines.append(
                f"--sure {each['sure']:g}         {each['exact']:.0%} answered with a class, {each['broader']:.0%} "
                f"with a group, {each['unknown']:.0%} not at all; {each['error']:.1%} of the answers are wrong"
            )
    return "\n".join(lines)
