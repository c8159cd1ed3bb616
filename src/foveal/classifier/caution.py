"""When the most probable class is not the answer: unlike anything learnt, or not sure enough; and sets of classes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError
from foveal.trust.sets import HIGHEST, LOWEST
from foveal.trust.trust import Trust

_FIT_AGAIN = "fit the model again with this version of foveal"


@dataclass(frozen=True, kw_only=True)
class Caution:
    """What is asked of answers.

    Args:
        coverage: Give each photo the set of classes that holds the true one at this rate, above 0 and below 1.
        max_error: Answer only where at most this share of the answers is wrong, above 0 and below 1.
        sure: Answer only with a class, or a group of classes, that is at least this probable.
        unknown: "auto" answers `unknown` for photos that the model's gate turns away; "never" does not ask it.

    Raises:
        FovealError: `bad-option`: a value outside its range, or two that say the same thing.
    """

    coverage: float | None = None
    max_error: float | None = None
    sure: float | None = None
    unknown: str = "auto"

    def __post_init__(self) -> None:
        for name in ("coverage", "max_error", "sure"):
            value = getattr(self, name)
            if value is not None and not 0 < value < 1:
                shown = name.replace("_", "-")
                raise FovealError(
                    "bad-option",
                    f"{shown}: expected a share above 0 and below 1, got {value}",
                    hint=f"as in {'0.02' if name == 'max_error' else '0.95'}",
                )
        if self.max_error is not None and self.sure is not None:
            raise FovealError("bad-option", "expected max-error or sure, got both", hint="choose one")
        if self.unknown not in ("auto", "never"):
            raise FovealError("bad-option", f"unknown: expected auto or never, got {self.unknown!r}", hint="choose one")

    @property
    def asks(self) -> bool:
        """Whether anything is asked that needs one class a photo."""
        return any(each is not None for each in (self.coverage, self.max_error, self.sure))


@dataclass(frozen=True)
class Judgement:
    """What caution says of n photos.

    Args:
        doubts: For each photo None, or why its most probable class is not the answer; None = nothing was asked.
        broader: For each photo the group of classes that is answered instead, or None; empty = none is.
        sets: bool [n, C], or None where no sets were asked for.
    """

    doubts: tuple[str | None, ...] | None = None
    broader: tuple[str | None, ...] = ()
    sets: NDArray[np.bool_] | None = None


def check_caution(caution: Caution, trust: Trust, *, multi_label: bool) -> None:
    """Refuse what a model cannot promise, before any photo is looked at.

    Raises:
        FovealError: `bad-option`: of a model of any number of labels, or a coverage that it cannot promise.
            `not-calibrated`: the model has learnt no sets or thresholds.
    """
    if multi_label and caution.asks:
        raise FovealError(
            "bad-option",
            "coverage, max-error and sure: expected a model of one class a photo, got one of any number of labels",
            hint="leave them out; each label has its own threshold",
        )
    sets = trust.sets
    if caution.coverage is not None and sets is not None:
        highest = min(HIGHEST, sets.highest)
        if not LOWEST <= caution.coverage <= highest:
            raise FovealError(
                "bad-option",
                f"coverage: expected {LOWEST:g} to {highest:.4g}, which {sets.photos:,} photos can promise, got "
                f"{caution.coverage:g}",
                hint="choose one in that range",
            )
    check_learnt(caution.coverage, caution.max_error, trust)


def check_learnt(coverage: float | None, max_error: float | None, trust: Trust) -> None:
    """Refuse what a model has not learnt at all.

    Args:
        coverage: Of the sets asked for, or None.
        max_error: Share of wrong answers that is asked for, or None.
        trust: What the model knows of its own limits.

    Raises:
        FovealError: `not-calibrated`: the model has learnt no sets or thresholds.
    """
    for name, value, part in (("coverage", coverage, trust.sets), ("max-error", max_error, trust.abstention)):
        if value is not None and part is None:
            raise FovealError(
                "not-calibrated",
                f"{name}: expected a model fitted on photos of your own by this version, got one that learnt none",
                hint=f"{_FIT_AGAIN}; of the ImageNet classes, --sure asks for a probability",
            )


def judge(
    caution: Caution,
    trust: Trust,
    features: NDArray[np.floating],
    logits: NDArray[np.float32],
    probs: NDArray[np.float32],
) -> Judgement:
    """Doubts, broader answers and sets for n photos; each row depends on its own photo only.

    Args:
        caution: What is asked; `check_caution` must have passed.
        trust: What the model knows of its own limits.
        features: [n, D].
        logits: float32 [n, C].
        probs: float32 [n, C].
    """
    doubts: list[str | None] = [None] * len(probs)
    broader: list[str | None] = [None] * len(probs)
    asked = caution.max_error is not None or caution.sure is not None
    if asked:
        doubts, broader = _unsure(caution, trust, probs)
    gated = trust.gated and caution.unknown == "auto"
    if gated:
        for row, reason in enumerate(trust.unknown(features, logits)):
            if reason is not None:
                doubts[row], broader[row] = reason, None
    sets = None
    if caution.coverage is not None and trust.sets is not None:
        sets = trust.sets.sets(probs, caution.coverage)
    if not (asked or gated):
        return Judgement(sets=sets)
    return Judgement(tuple(doubts), tuple(broader) if any(broader) else (), sets)


def _unsure(caution: Caution, trust: Trust, probs: NDArray[np.float32]) -> tuple[list[str | None], list[str | None]]:
    """Doubts and broader answers where a probability, or an error rate, is asked for."""
    needed = _needed(caution, trust)
    confidences = probs.max(axis=1) if len(probs) else np.zeros(0, np.float32)
    doubts: list[str | None] = [None] * len(probs)
    broader: list[str | None] = [None] * len(probs)
    rows = np.flatnonzero(confidences < needed)
    for row in rows.tolist():
        doubts[row] = (
            "no confidence keeps so few errors: the photos learnt from were too few, or too often mistaken"
            if math.isinf(needed)
            else _not_sure(float(confidences[row]), needed)
        )
    if trust.tree is not None and needed <= 1:
        nodes = trust.tree.back_off(probs[rows], needed)
        for row, node in zip(rows.tolist(), nodes.tolist(), strict=True):
            if node >= 0:
                broader[row] = trust.tree.names[node]
    return doubts, broader


def _not_sure(confidence: float, needed: float) -> str:
    """The doubt in words, with as many digits as it takes to show that the confidence is the lower of the two."""
    digits = next((each for each in range(4) if f"{confidence:.{each}%}" != f"{needed:.{each}%}"), 4)
    return f"not sure enough: {confidence:.{digits}%} where {needed:.{digits}%} is needed"


def _needed(caution: Caution, trust: Trust) -> float:
    """The probability from which on a class is answered."""
    if caution.max_error is not None and trust.abstention is not None:
        return float(trust.abstention.threshold(caution.max_error))
    return 0.0 if caution.sure is None else caution.sure
