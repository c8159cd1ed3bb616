"""Draw the picture of docs/what-the-number-means.md from a model's own figures out of fold.

Command: python docs/images/trust.py MODEL.foveal
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

import foveal

HERE = Path(__file__).parent
BLUE, GREY, RED = "#1f5fa8", "#777777", "#b3401f"


def reliability(axes: Axes, evaluation: foveal.Evaluation) -> None:
    """Share right against confidence, with the interval of each bin."""
    bins = evaluation.reliability["equal-mass"]
    said, right = [each["confidence"] for each in bins], [each["accuracy"] for each in bins]
    ends = [each["accuracy_interval"] for each in bins]
    below = [share - end["low"] for share, end in zip(right, ends, strict=True)]
    above = [end["high"] - share for share, end in zip(right, ends, strict=True)]
    axes.plot([0.4, 1], [0.4, 1], color=GREY, linewidth=1, linestyle="--")
    axes.errorbar(said, right, yerr=[below, above], color=BLUE, fmt="o", markersize=4, linewidth=1.2)
    axes.set(title="Reliability", xlabel="mean confidence", ylabel="share right", xlim=(0.4, 1.02), ylim=(0.4, 1.02))


def risk_coverage(axes: Axes, evaluation: foveal.Evaluation) -> None:
    """Share wrong among the surest photos, and where the promises of `--max-error` stop."""
    trust = evaluation.trust or {}
    curve, promises = trust["curve"], [row for row in trust["abstention"]["rows"] if row["error"] is not None]
    axes.plot(curve["answered"], curve["error"], color=BLUE, linewidth=1.5)
    for row in promises:
        axes.plot([row["share"]], [row["error"]], color=RED, marker="o", markersize=5)
        axes.annotate(
            f"--max-error {row['max_error']:g}",
            (row["share"], row["error"]),
            textcoords="offset points",
            xytext=(-6, 6),
            ha="right",
            fontsize=8,
        )
    axes.set(title="Risk and coverage", xlabel="photos answered, the surest first", ylabel="wrong among them")
    axes.set(xlim=(0, 1.02), ylim=(0, 0.11))


def main() -> None:
    """Draw both side by side."""
    evaluation = foveal.load(sys.argv[1]).evaluation
    if not isinstance(evaluation, foveal.Evaluation):
        raise SystemExit("expected a model of one class a photo")
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "foveal", "font.family": "sans-serif", "font.size": 9})
    figure = Figure(figsize=(8, 3.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    reliability(left, evaluation)
    risk_coverage(right, evaluation)
    for axes in (left, right):
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(HERE / "trust.svg", metadata={"Date": None}, facecolor="white")


if __name__ == "__main__":
    main()
