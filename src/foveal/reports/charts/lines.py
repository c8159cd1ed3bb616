"""One figure against another: learning curve, reliability, risk against coverage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from foveal.reports.drawing import ACCENT, BAD, EDGE, INK, SOFT, draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIZE = (380, 260)
# Below this range of shares whole per cents are too coarse.
_FINE = 0.045
_SQUARE = (380, 340)


def learning_curve(measured: Mapping[str, Sequence[float]], ahead: Mapping[str, Sequence[float]], *, name: str) -> str:
    """Accuracy against photos learnt from, with its interval; the part that is extrapolated is dashed.

    Args:
        measured: `sizes`, `accuracy`, `low` and `high` of what was learnt from.
        ahead: The same of what would be.
        name: What the drawing is called on its page.
    """
    sizes, middle, low, high = ([*measured[each], *ahead[each]] for each in ("sizes", "accuracy", "low", "high"))
    known = len(measured["sizes"])

    def paint(axes: Axes) -> None:
        axes.fill_between(sizes, low, high, color=ACCENT, alpha=0.16)
        axes.plot(sizes[:known], middle[:known], color=ACCENT, marker="o", markersize=5)
        axes.plot(sizes[known - 1 :], middle[known - 1 :], color=ACCENT, linestyle=(0, (3, 2)))
        axes.set(xlim=(0, 1.02 * sizes[-1]), ylim=(max(0.0, min(low) - 0.03), min(1.0, max(high) + 0.03)))
        axes.set_xlabel("photos to learn from")
        marks = [sizes[0], sizes[known - 1], sizes[-1]]
        if marks[1] - marks[0] < 0.15 * sizes[-1]:
            del marks[0]
        axes.set_xticks(list(dict.fromkeys(marks)), [f"{size:,.0f}" for size in dict.fromkeys(marks)])
        _percent(axes.yaxis)

    now, then = f"{middle[known - 1]:.1%} from {sizes[known - 1]:,.0f}", f"{middle[-1]:.1%} from {sizes[-1]:,.0f}"
    alt = f"Line: accuracy against number of photos; {now}, about {then} expected"
    return draw(paint, name=name, alt=alt, size=_SIZE, margins=(54, 26, 12, 48))


def reliability(after: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]] = (), *, name: str) -> str:
    """How often it is right when it says so and so many per cent; on the diagonal the two agree.

    Args:
        after: Bins with `confidence`, `accuracy`, `accuracy_interval` and `photos`.
        before: The same before calibration, where it is known.
        name: What the drawing is called on its page.
    """

    def paint(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=SOFT, linewidth=1, linestyle=(0, (3, 3)))
        if before:
            xs, ys = ([each[key] for each in before] for key in ("confidence", "accuracy"))
            axes.plot(xs, ys, color=BAD, marker="o", markersize=3.5, linewidth=1.3, label="before calibration")
        xs, ys = ([each[key] for each in after] for key in ("confidence", "accuracy"))
        ends = [each["accuracy_interval"] for each in after]
        axes.vlines(xs, [end["low"] for end in ends], [end["high"] for end in ends], color=ACCENT, linewidth=1.4)
        axes.plot(xs, ys, color=ACCENT, marker="o", markersize=5, label="as it answers")
        lowest = min([*xs, *ys, *(end["low"] for end in ends)], default=0.0)
        bottom = 0.5 if lowest > 0.55 else 0.0
        axes.set(xlim=(bottom, 1.005), ylim=(bottom, 1.005), xlabel="what it says", ylabel="how often it is right")
        _percent(axes.xaxis, grid=False)
        _percent(axes.yaxis)
        if before:
            axes.legend(loc="upper left", handlelength=1.4, borderpad=0)

    gap = max((abs(each["confidence"] - each["accuracy"]) for each in after), default=0.0)
    alt = f"Reliability diagram, {len(after)} bins; largest distance from the diagonal {gap:.1%}"
    return draw(paint, name=name, alt=alt, size=_SQUARE, margins=(68, 16, 12, 48))


def risk_coverage(
    coverage: Sequence[float], risk: Sequence[float], *, name: str, mark: tuple[float, float] | None = None
) -> str:
    """Share of wrong answers against the share of photos that are answered, surest first.

    Args:
        coverage: Shares answered, rising.
        risk: Share of wrong ones among them.
        name: What the drawing is called on its page.
        mark: A point to point out: the default threshold.
    """

    def paint(axes: Axes) -> None:
        axes.fill_between(coverage, risk, color=ACCENT, alpha=0.16)
        axes.plot(coverage, risk, color=ACCENT)
        axes.set(xlim=(0, 1.01), ylim=(0, 1.15 * max([*risk, 0.01])), xlabel="share of photos answered")
        axes.set_ylabel("wrong answers")
        _percent(axes.xaxis, grid=False)
        _percent(axes.yaxis)
        if mark is not None:
            axes.plot(*mark, color=INK, marker="o", markersize=7, linestyle="none")
            axes.axvline(mark[0], color=EDGE, linewidth=1)

    said = f"{risk[-1]:.1%} wrong when all are answered" if len(risk) else ""
    if mark is not None:
        said += f", {mark[1]:.1%} when the surest {mark[0]:.0%} are"
    return draw(paint, name=name, alt=f"Line: {said}", size=_SIZE, margins=(68, 16, 12, 48))


def _percent(axis: Any, *, grid: bool = True) -> None:
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    low, high = axis.get_view_interval()
    axis.set_major_formatter(PercentFormatter(1.0, decimals=0 if high - low > _FINE else 1))
    axis.grid(grid)
