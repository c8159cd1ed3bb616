"""How many more photos would help, and of which classes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.checks.evidence import Evidence, Judged
from foveal.checks.wording import percent
from foveal.probes.class_gains import ClassGains, class_gains
from foveal.probes.learning_curve import GROWTH, Curve, LearningCurve, learning_curve
from foveal.probes.refit import Refit
from foveal.types.data_finding import DataFinding

_TWICE = GROWTH.index(2.0)
# A gain below it, in points of accuracy or recall, is not worth going out for.
_SATURATED = 0.005
_ROUND = (10, 20, 30, 50)
_SHOWN = 3


def check(evidence: Evidence) -> Iterator[DataFinding]:
    """The learning curve, and what more photos of each class are worth; nothing for too few photos, or equal ones."""
    judged = evidence.judged
    if judged is None or not judged.problem.variances.any():
        return
    refit = Refit.of(judged.problem, judged.strength)
    whole = refit.learn(np.arange(len(judged.labels)))
    right = judged.probs.argmax(axis=1) == judged.labels
    curve = learning_curve(refit, whole, right, judged.groups)
    if curve is None:
        return
    sizes = np.bincount(judged.labels, minlength=len(judged.class_names))
    more = np.array([_round_number(size) for size in sizes.tolist()])
    classes = _describe(judged, sizes, more, class_gains(refit, whole, more))
    gain, low, high = curve.gain[_TWICE].tolist()
    now, twice = float(curve.measured.accuracy[-1]), int(curve.ahead.sizes[_TWICE])
    worth = f"are worth {_points(gain, low, high)}" if gain >= _SATURATED else "would change little"
    hint = "; ".join(each["text"] for each in [*classes[:_SHOWN], *classes[_SHOWN:][-1:]])
    yield DataFinding(
        code="more-photos",
        title=f"Twice as many photos ({twice:,}) {worth}; {percent(now)} now",
        score=float(min(0.3, 0.05 + 4 * max(gain, 0.0))),
        why="Learning from part of the photos shows how accuracy grows with their number, and where that leads.",
        advice=f"{hint}. Points are of a class's own photos; those it is mistaken for may lose a little."
        if hint
        else "Add photos of every class alike.",
        values={
            "measured": _curve(curve.measured),
            "ahead": _curve(curve.ahead),
            "gains": _gains(curve),
            "classes": classes,
        },
    )


def _describe(
    judged: Judged, sizes: NDArray[np.intp], more: NDArray[np.intp], gains: ClassGains | None
) -> list[dict[str, Any]]:
    """Each class with what more photos of it bring, most first."""
    if gains is None:
        return []
    described = []
    for number in np.argsort(-gains.gain[:, 0], kind="stable").tolist():
        name, k = judged.class_names[number], int(more[number])
        gain, low, high = gains.gain[number].tolist()
        net, net_low, net_high = gains.net[number].tolist()
        saturated = gain < _SATURATED
        text = f"{name} is saturated" if saturated else f"{k} more of {name} are worth {_points(gain, low, high)}"
        described.append(
            {
                "class": name,
                "photos": int(sizes[number]),
                "recall": float(gains.recall[number]),
                "more": k,
                "gain": gain,
                "low": low,
                "high": high,
                "net": net,
                "net_low": net_low,
                "net_high": net_high,
                "saturated": saturated,
                "tried": bool(gains.tried[number]),
                "text": text,
            }
        )
    return described


def _round_number(photos: int) -> int:
    """About a quarter of a class as a number people would name: 10, 20, 30, 50, 100, 200, …; at least 10."""
    power = 1
    while power * _ROUND[-1] * 2 <= photos / 4:
        power *= 10
    return power * max((step for step in _ROUND if power * step <= max(photos / 4, _ROUND[0])), default=_ROUND[0])


def _points(gain: float, low: float, high: float) -> str:
    """A gain as "about +2 points (0 to 4)", with one decimal where it is below two."""
    digits = 1 if gain < 0.0195 else 0
    return f"about +{100 * gain:.{digits}f} points ({100 * low:.{digits}f} to {100 * high:.{digits}f})"


def _curve(curve: Curve) -> dict[str, list[float]]:
    return {name: getattr(curve, name).tolist() for name in ("sizes", "accuracy", "low", "high")}


def _gains(curve: LearningCurve) -> list[dict[str, float]]:
    return [
        {"photos": int(size), "gain": gain, "low": low, "high": high}
        for size, (gain, low, high) in zip(curve.ahead.sizes, curve.gain.tolist(), strict=True)
    ]
