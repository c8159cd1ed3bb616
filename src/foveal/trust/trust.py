"""Everything beside the head that says how far an answer can be trusted, as one part of the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from foveal.trust import PARTS
from foveal.types.checked import bad_value

if TYPE_CHECKING:
    from foveal.trust.abstention import Abstention
    from foveal.trust.arrangement import ArrangementGate
    from foveal.trust.evidence import EvidenceIndex
    from foveal.trust.gate import UnknownGate
    from foveal.trust.sets import PredictionSets
    from foveal.trust.tree import ClassTree

_BETWEEN = "/"


@dataclass(frozen=True)
class Trust:
    """What was learnt from out-of-fold predictions besides the probabilities; None for what was not.

    Args:
        sets: Prediction sets of a coverage.
        abstention: From which confidence on an error rate is kept.
        gate: Which photos are unlike anything learnt from.
        arrangement: Which photos are torn up.
        tree: What each class is a kind of.
        evidence: Some of the photos learnt from, small, where the user allowed it.
    """

    sets: PredictionSets | None = None
    abstention: Abstention | None = None
    gate: UnknownGate | None = None
    arrangement: ArrangementGate | None = None
    tree: ClassTree | None = None
    evidence: EvidenceIndex | None = None

    def check(self, *, columns: int, classes: int) -> None:
        """Refuse parts that were learnt for another model.

        Args:
            columns: Of the features that the model's head gets.
            classes: That it knows.

        Raises:
            FovealError: `bad-value`.
        """
        fits = {
            "gate": self.gate is None or len(self.gate.distance.centre) == columns,
            "arrangement": self.arrangement is None or len(self.arrangement.weights) == columns,
            "tree": self.tree is None or len(self.tree.leaves) == classes,
            "evidence": self.evidence is None
            or (len(self.evidence.centre) == columns and int(self.evidence.labels.max()) < classes),
        }
        for part, fitting in fits.items():
            if not fitting:
                raise bad_value("Trust", f"a part {part} for {columns} columns and {classes} classes", "another")

    @property
    def gated(self) -> bool:
        """Whether some photos are answered "unknown" unasked."""
        return self.gate is not None or self.arrangement is not None

    def unknown(self, features: NDArray[np.floating], logits: NDArray[np.float32]) -> tuple[str | None, ...]:
        """Why each photo is unlike what was learnt from, in words, or None where it is not.

        Args:
            features: [n, D], what the head gets.
            logits: float32 [n, C], what it gives.
        """
        said: list[str | None] = [None] * len(features)
        if self.arrangement is not None:
            for row in np.flatnonzero(self.arrangement.unknown(features)).tolist():
                said[row] = "it looks torn up: parts like those learnt, in no arrangement that was"
        if self.gate is not None:
            for row, rejection in enumerate(self.gate.reasons(features, logits)):
                said[row] = said[row] if rejection is None else rejection.words
        return tuple(said)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything it is, by "part/name"; `from_arrays` takes it back."""
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            f"{part}{_BETWEEN}{name}": array
            for part, value in parts.items()
            if value is not None
            for name, array in value.arrays().items()
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Self:
        """Rebuild it; a missing array is a KeyError. Parts that only a later version knows are passed over.

        Raises:
            FovealError: `bad-value`: arrays that do not fit together.
        """
        split: dict[str, dict[str, NDArray[np.generic]]] = {}
        for key, array in arrays.items():
            part, _, name = key.partition(_BETWEEN)
            if part in PARTS:
                split.setdefault(part, {})[name] = array
        return cls(**{part: _part(part).from_arrays(values) for part, values in split.items()})


def _part(name: str) -> Any:
    module, attribute = PARTS[name].split(":")
    return getattr(import_module(module), attribute)
