"""How a training went, epoch after epoch: on the photos that were trained on, and on those held out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from foveal.reports.drawing import ACCENT, EDGE, SOFT, draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIZE = (380, 270)
_DASHED = (0, (3, 2))


def loss_curve(history: Sequence[Mapping[str, Any]], *, name: str) -> str:
    """Loss per epoch of both parts.

    Args:
        history: Rows with `epochs`, `phase`, `train_loss` and `held_loss`.
        name: What the drawing is called on its page.
    """
    return _curve(history, "loss", name=name, level=None)


def accuracy_curve(history: Sequence[Mapping[str, Any]], *, name: str, probe: float | None) -> str:
    """Accuracy per epoch of both parts.

    Args:
        history: Rows with `epochs`, `phase`, `train_accuracy` and `held_accuracy`.
        name: What the drawing is called on its page.
        probe: Accuracy of the frozen probe, for a line to beat.
    """
    return _curve(history, "accuracy", name=name, level=probe)


def _curve(history: Sequence[Mapping[str, Any]], what: str, *, name: str, level: float | None) -> str:
    epochs = [float(row["epochs"]) for row in history]
    trained, held = (_points(history, f"{part}_{what}") for part in ("train", "held"))
    borders = [
        (first + second) / 2
        for first, second, a, b in zip(epochs, epochs[1:], history, history[1:], strict=False)
        if a["phase"] != b["phase"]
    ]

    def paint(axes: Axes) -> None:
        from matplotlib.ticker import MaxNLocator, PercentFormatter

        for border in borders:
            axes.axvline(border, color=EDGE, linewidth=1)
        if level is not None:
            axes.axhline(level, color=SOFT, linewidth=1, linestyle=_DASHED, label="frozen probe")
        if trained:
            xs, ys = zip(*trained, strict=True)
            axes.plot(xs, ys, color=SOFT, marker="o", markersize=3.5, linewidth=1.4, label="trained on")
        if held:
            axes.plot(*zip(*held, strict=True), color=ACCENT, marker="o", markersize=5, label="held out")
        axes.set_xlabel("epochs")
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=len(epochs) > 1))
        axes.set_xlim(0, 1.03 * max(epochs))
        if what == "accuracy":
            axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
            axes.set_ylim(top=min(1.005, axes.get_ylim()[1]))
        else:
            axes.set_ylim(bottom=0)
        axes.grid(visible=True, axis="y")
        axes.legend(loc="lower right" if what == "accuracy" else "upper right", handlelength=1.4, borderpad=0)

    form = "{:.1%}" if what == "accuracy" else "{:.3f}"
    said = [
        f"on the photos {part} {form.format(line[0][1])} to {form.format(line[-1][1])}"
        for part, line in (("trained on", trained), ("held out", held))
        if line
    ]
    alt = f"Line: {what} over {epochs[-1]:g} epochs; {', '.join(said)}"
    return draw(paint, name=name, alt=alt, size=_SIZE, margins=(58, 16, 12, 48))


def _points(history: Sequence[Mapping[str, Any]], name: str) -> list[tuple[float, float]]:
    """Epochs trained so far, and the figure after them, where there is one."""
    return [(float(row["epochs"]), float(row[name])) for row in history if row[name] is not None]
