"""What a fit has learnt before any test photo is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from foveal.classifier.classifier import Classifier
from foveal.evaluation.measured import Measured
from foveal.probes.multilabel_select import MultiLabelSelection
from foveal.probes.select import Selection
from foveal.workflows.quarantine import Kept, KeptLabelSets


@dataclass(frozen=True)
class Learnt:
    """A classifier, and how it came about.

    Args:
        model: The classifier, without its record.
        out_of_fold: What was said and measured of the photos learnt from, out of fold.
        kept: The photos it was learnt from.
        counts: Photos of each class, in class order.
        selection: What won the cross-validation.
        split: How the folds came about, JSON-able.
        calibration: How logits become probabilities and decisions, JSON-able.
        trust: What was learnt besides probabilities, JSON-able.
        learning_curve: How accuracy grows with photos, JSON-able; None where that was not measured.
    """

    model: Classifier
    out_of_fold: Measured
    kept: Kept | KeptLabelSets
    counts: list[int]
    selection: Selection | MultiLabelSelection
    split: Mapping[str, Any]
    calibration: Mapping[str, Any]
    trust: Mapping[str, Any] = field(default_factory=dict)
    learning_curve: Mapping[str, Any] | None = None

    def record(self) -> dict[str, Any]:
        """The parts of the model's record that learning settles, JSON-able."""
        chosen = self.selection
        return {
            "data": {
                "photos": len(self.kept.rows),
                "classes": dict(zip(self.kept.class_names, self.counts, strict=True)),
                "fingerprint": self.kept.fingerprint,
            },
            "selection": {
                "features": chosen.features,
                "probe": chosen.probe,
                "strength": chosen.strength,
                "trials": [asdict(trial) for trial in chosen.trials],
            },
            "split": dict(self.split),
            "calibration": dict(self.calibration),
            "trust": dict(self.trust),
            "learning_curve": None if self.learning_curve is None else dict(self.learning_curve),
        }
