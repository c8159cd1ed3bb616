"""Everything beside the head that says how far an answer can be trusted, as one part of the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from foveal.trust import PARTS

if TYPE_CHECKING:
    from foveal.trust.abstention import Abstention
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
        tree: What each class is a kind of.
        evidence: Some of the photos learnt from, small, where the user allowed it.
    """

    sets: PredictionSets | None = None
    abstention: Abstention | None = None
    gate: UnknownGate | None = None
    tree: ClassTree | None = None
    evidence: EvidenceIndex | None = None

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
        """Rebuild it; a missing array is a KeyError.

        Raises:
            FovealError: `bad-value`: arrays that do not fit together.
        """
        split: dict[str, dict[str, NDArray[np.generic]]] = {}
        for key, array in arrays.items():
            part, _, name = key.partition(_BETWEEN)
            split.setdefault(part, {})[name] = array
        return cls(**{part: _part(part).from_arrays(values) for part, values in split.items()})


def _part(name: str) -> Any:
    module, attribute = PARTS[name].split(":")
    return getattr(import_module(module), attribute)
