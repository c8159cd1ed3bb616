"""Photos that show little: blank, dark, bright, without contrast, blurred.

The limits were set so that hardly any of 6,700 photos from three public sets is named, and nearly all of their copies
made dark, bright or blurred are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.checks.evidence import Evidence
from foveal.checks.wording import percent
from foveal.types.data_finding import DataFinding
from foveal.types.text import counted

# Above this share it is how the whole set was taken, as radiographs are dark, and no fault of single photos.
_HABIT = 0.2
_LEAST_SCORE, _MOST_SCORE, _HABIT_SCORE = 0.15, 0.5, 0.1

Measures = NDArray[np.void]


@dataclass(frozen=True)
class _Fault:
    """One way to show little.

    Args:
        code: Of its finding.
        words: What these photos are.
        badness: float [m] of `MEASURES` [m]: above 0 has the fault, 1 could not be worse.
        note: A few words on one photo's measures.
        why: Why it matters.
    """

    code: str
    words: str
    badness: Callable[[Measures], NDArray[np.floating]]
    note: Callable[[np.void], str]
    why: str


def _below(value: NDArray[np.floating], limit: float) -> NDArray[np.floating]:
    return 1 - value / limit


# In this order, and a photo counts for the first that fits: a black photo is not called blurred as well.
_FAULTS = (
    _Fault(
        "low-information",
        "nearly blank",
        lambda measures: _below(measures["entropy"], 1.5),
        lambda measures: f"{measures['entropy']:.1f} bits a pixel",
        "There is nothing to learn from, and nothing to recognise; often a failed download or a placeholder.",
    ),
    _Fault(
        "dark",
        "very dark",
        lambda measures: np.maximum(_below(measures["light"], 0.3), _below(measures["brightness"], 0.06)),
        lambda measures: f"99 % of it is under {100 * measures['light']:.0f} % of full brightness",
        "What it shows is lost in the dark, and a network sees it as unlike all others.",
    ),
    _Fault(
        "bright",
        "very bright",
        lambda measures: np.maximum(_below(1 - measures["dark"], 0.3), _below(1 - measures["brightness"], 0.06)),
        lambda measures: f"99 % of it is above {100 * measures['dark']:.0f} % of full brightness",
        "What it shows is washed out, and a network sees it as unlike all others.",
    ),
    _Fault(
        "low-contrast",
        "almost without contrast",
        lambda measures: np.minimum(
            _below(measures["light"] - measures["dark"], 0.12), _below(np.ptp(measures["colour"], axis=1), 0.2)
        ),
        lambda measures: f"all within {100 * (measures['light'] - measures['dark']):.0f} % of the range of brightness",
        "Fog, a covered lens or a wrong exposure hide what it shows.",
    ),
    _Fault(
        "blurred",
        "blurred",
        lambda measures: _below(measures["sharpness"], 0.15),
        lambda measures: f"sharpness {measures['sharpness']:.2f}, usual are 0.2 to 1",
        "Detail that tells classes apart is lost; if new photos will be sharp, it teaches the wrong thing.",
    ),
)


def check(evidence: Evidence) -> Iterator[DataFinding]:
    """Photos that are nearly blank, dark, bright, without contrast or blurred, each named for one of these."""
    measures = evidence.pixels["measures"]
    left = np.ones(len(measures), np.bool_)
    for fault in _FAULTS:
        badness = np.clip(fault.badness(measures), 0, 1)
        found = np.flatnonzero(left & (badness > 0))
        left[found] = False
        if len(found):
            yield _finding(fault, found[np.argsort(-badness[found], kind="stable")], badness, evidence)


def _finding(fault: _Fault, at: NDArray[np.intp], badness: NDArray[np.floating], evidence: Evidence) -> DataFinding:
    measures = evidence.pixels["measures"]
    m, share = len(at), len(at) / len(measures)
    title = f"{counted(m, 'photo')} ({percent(share)}) {'is' if m == 1 else 'are'} {fault.words}"
    if share > _HABIT and m > 1:
        return DataFinding(
            code=fault.code,
            title=f"{title}: it seems to be how these photos are",
            score=_HABIT_SCORE,
            why=fault.why,
            advice="Nothing, if the photos to be recognised later are like these; they are too many to be listed.",
            values={"share": share, "listed": False},
        )
    return DataFinding(
        code=fault.code,
        title=title,
        score=_LEAST_SCORE + (_MOST_SCORE - _LEAST_SCORE) * min(1.0, share / _HABIT),
        why=fault.why,
        advice="Look at them, worst first: leave out those in which you could not tell the class yourself.",
        rows=evidence.rows[at].astype(np.int64),
        scores=badness[at].astype(np.float32),
        notes=tuple(fault.note(each) for each in measures[at]),
        values={"share": share, "listed": True},
    )
