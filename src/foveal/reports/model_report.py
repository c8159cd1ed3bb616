"""What a report of a model is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from foveal.classifier.classifier import Classifier
from foveal.evaluation.measured import Measured
from foveal.types.evaluation import Evaluation
from foveal.types.finding import Finding
from foveal.types.multilabel_evaluation import Figures


@dataclass(frozen=True)
class ModelReport:
    """A model and what was measured of it.

    Args:
        model: Its `record` says how it came about.
        measured: What was measured, the most telling first; at least one.
        findings: What was noticed about the photos measured now; those of the fit are in the record.
        learning_curve: `measured` and `ahead` of a learning curve, each with sizes, accuracy, low and high; None where
            none was drawn.
        name: What the model is called; empty = after the file that the page is written to.
    """

    model: Classifier
    measured: tuple[Measured, ...]
    findings: tuple[Finding, ...] = ()
    learning_curve: Mapping[str, Any] | None = None
    name: str = ""

    @property
    def main(self) -> Measured:
        """What the page speaks of first."""
        return self.measured[0]

    @property
    def fullest(self) -> Measured:
        """What was measured on most photos: it says most about single classes."""
        return max(self.measured, key=lambda each: each.figures.photos)


def section(figures: Figures, name: str) -> Any:
    """A part of an evaluation that may not have been measured; None then, and for any number of labels a photo.

    Args:
        figures: What was measured.
        name: A field of `Evaluation`.
    """
    return getattr(figures, name) if isinstance(figures, Evaluation) else None
