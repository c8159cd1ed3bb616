"""Put what two classifiers say of the same photos side by side."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from foveal.evaluation.measured import Measured
from foveal.metrics.paired import (
    Discordance,
    detectable_difference,
    discordance,
    mcnemar,
    paired_bootstrap,
    paired_difference,
    photos_to_tell,
)
from foveal.types.comparison import Change, Comparison, Verdict
from foveal.types.evaluation import Evaluation

_LEVEL = 0.05
_ORDER = {"second": 0, "first": 1, "neither": 2}


def comparison(names: tuple[str, str], first: Measured, second: Measured) -> Comparison:
    """Compare two measurements of the same photos.

    Args:
        names: What the two classifiers are called.
        first: Of one class a photo.
        second: The same photos of the same dataset, classes possibly in another order.
    """
    said = [np.array(each.class_names, np.object_)[each.probs.argmax(axis=1)] for each in (first, second)]
    true = np.array(first.class_names, np.object_)[first.labels]
    counts = discordance(said[0] == true, said[1] == true)
    figures = [each.figures for each in (first, second) if isinstance(each.figures, Evaluation)]
    p = mcnemar(counts.gained, counts.lost)
    detectable, needed = _power(counts)
    return Comparison(
        names=names,
        first=figures[0],
        second=figures[1],
        gained=counts.gained,
        lost=counts.lost,
        interval=paired_difference(counts),
        p=p,
        log_loss_interval=paired_bootstrap(_losses(first), _losses(second)),
        verdict=_verdict(counts, p),
        detectable=detectable,
        needed=needed,
        changes=_changes(first, true, *said),
    )


def on_rows(measured: Measured, keep: NDArray[np.bool_]) -> Measured:
    """Some of the photos that were measured, bool [m]; the figures stay those of all."""
    return replace(
        measured,
        rows=measured.rows[keep],
        labels=measured.labels[keep],
        probs=measured.probs[keep],
        unknown=None if measured.unknown is None else measured.unknown[keep],
    )


def _verdict(counts: Discordance, p: float) -> Verdict:
    if p >= _LEVEL:
        return "cannot tell"
    return "second" if counts.gained > counts.lost else "first"


def _power(counts: Discordance) -> tuple[float | None, int | None]:
    """The smallest difference that so many photos would show, and the photos that the one seen would need."""
    differing = (counts.gained + counts.lost) / counts.photos
    if not differing:
        return None, None
    smallest = detectable_difference(counts.photos, differing)
    gap = abs(counts.difference)
    return None if math.isinf(smallest) else smallest, photos_to_tell(gap, differing) if gap else None


def _losses(measured: Measured) -> NDArray[np.float64]:
    """float64 [n]: minus log of the probability of the true class, which counts as at least float32's epsilon."""
    own = measured.probs[np.arange(len(measured.labels)), measured.labels].astype(np.float64)
    return np.asarray(-np.log(np.clip(own, np.finfo(np.float32).eps, 1.0)))


def _changes(
    measured: Measured, true: NDArray[np.object_], first: NDArray[np.object_], second: NDArray[np.object_]
) -> tuple[Change, ...]:
    at = np.flatnonzero(first != second).tolist()
    found = (Change(measured.dataset.paths[measured.rows[row]], true[row], first[row], second[row]) for row in at)
    return tuple(sorted(found, key=lambda change: _ORDER[change.side]))
