"""A frozen probe against a trained network on the same photos, with what each cost; plain values for JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

from foveal.types.interval import IntervalRecord
from foveal.types.text import chance, counted, printable

Payoff = Literal["pays", "too-small-to-tell", "does-not-pay"]


class Side(TypedDict):
    """One of the two: its figures, and what it cost.

    `seconds` is the time until it was learnt, `milliseconds` the median of one photo from file to answer on this
    machine, `megabytes` the size of network and head, `trained` how many of the `parameters` were learnt here.
    """

    title: str
    network: str
    accuracy: float
    interval: IntervalRecord
    log_loss: float
    ece: float
    seconds: float
    milliseconds: float
    megabytes: float
    parameters: int
    trained: int


class BeforeAfter(TypedDict):
    """The comparison: `gained` counts photos that only the trained network gets right, `lost` those only the probe.

    `detectable` and `needed` are as in `Comparison`; `payoff` is the verdict, which `conclusion` and `advice` put in
    words.
    """

    on: str
    photos: int
    before: Side
    after: Side
    difference: float
    interval: IntervalRecord
    gained: int
    lost: int
    p: float
    detectable: float | None
    needed: int | None
    payoff: Payoff
    conclusion: str
    advice: str


def payoff_of(difference: float, p: float, *, level: float = 0.05) -> Payoff:
    """The verdict: a gain that chance does not explain pays; none, or a loss, does not.

    Args:
        difference: Accuracy after less accuracy before.
        p: McNemar's.
        level: From which p on chance is thought to explain it.
    """
    if difference <= 0:
        return "does-not-pay"
    return "pays" if p < level else "too-small-to-tell"


def conclusion_of(found: BeforeAfter) -> str:
    """The verdict in a sentence.

    Args:
        found: With every field but `conclusion` and `advice`.
    """
    size, spent = f"{100 * abs(found['difference']):.1f} points", said_seconds(found["after"]["seconds"])
    if found["payoff"] == "pays":
        return f"training pays here: {size} more accuracy for {spent}, {chance(found['p'])}"
    if found["payoff"] == "does-not-pay":
        if found["difference"] == 0:
            return f"training does not pay here: no more accuracy after {spent}; use `foveal fit`"
        surely = "" if found["p"] < 0.05 else ", which may be chance"
        return f"training does not pay here: {size} less accuracy after {spent}{surely}; use `foveal fit`"
    needed = "" if found["needed"] is None else f"; a gain as large needs about {found['needed']:,} held-out photos"
    return (
        f"too small to tell: {size} more accuracy for {spent}, but chance alone would often show as much "
        f"({chance(found['p'])}){needed}"
    )


def before_after_summary(found: BeforeAfter) -> str:
    """The comparison in a few lines for the terminal.

    Args:
        found: What was measured.
    """
    sides = (found["before"], found["after"])
    width = max(len(printable(each["title"])) for each in sides)
    lines = []
    for each in sides:
        lines += [f"{printable(each['title']):<{width}}  {_figures(each)}", f"{'':<{width}}  {_cost(each)}"]
    lines += [
        f"{'difference':<{width}}  {difference_line(found)}",
        found["conclusion"],
    ]
    return "\n".join([*lines, *([found["advice"]] if found["advice"] else [])])


def difference_line(found: BeforeAfter) -> str:
    """The difference in accuracy with its interval, and the photos that changed.

    Args:
        found: What was measured.
    """
    low, high = 100 * found["interval"]["low"], 100 * found["interval"]["high"]
    return (
        f"{100 * found['difference']:+.1f} points ({low:+.1f} to {high:+.1f}), paired over "
        f"{counted(found['photos'], 'photo')}: {found['gained']} gained, {found['lost']} lost, {chance(found['p'])}"
    )


def main_story(training: Mapping[str, Any]) -> BeforeAfter:
    """The comparison that tells most: over all folds where there are several trainings, else of the held-out photos.

    Args:
        training: The section of that name in a model's record.
    """
    story: BeforeAfter = training.get("before_after_folds") or training["before_after"]
    return story


def fold_line(differences: Sequence[float]) -> str:
    """The difference in accuracy of every training over folds.

    Args:
        differences: Of each fold, the first is that of the training that is kept.
    """
    return f"fold by fold  {', '.join(f'{100 * each:+.1f}' for each in differences)} points; the first network is kept"


def _figures(side: Side) -> str:
    ends = side["interval"]
    return (
        f"accuracy {side['accuracy']:.1%} ({ends['low']:.1%} to {ends['high']:.1%}), log loss {side['log_loss']:.3f}, "
        f"calibration error {side['ece']:.1%}"
    )


def _cost(side: Side) -> str:
    share = side["trained"] / side["parameters"] if side["parameters"] else 0.0
    return (
        f"learnt in {said_seconds(side['seconds'])}; {side['trained']:,} of {side['parameters']:,} parameters "
        f"({share:.2%}); {side['megabytes']:.1f} MB; {side['milliseconds']:.1f} ms a photo"
    )


def said_seconds(seconds: float) -> str:
    """A time as people say it: "12 s", "3.4 min", "2.1 h"."""
    if seconds < 99.5:
        return f"{seconds:.0f} s" if seconds >= 9.5 else f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
