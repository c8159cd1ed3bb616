"""What a fit has learnt before any test photo is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from foveal.classifier.classifier import Classifier
from foveal.probes.multilabel_select import MultiLabelSelection
from foveal.probes.select import Selection
from foveal.types.multilabel_evaluation import Figures
from foveal.workflows.quarantine import Kept, KeptLabelSets


@dataclass(frozen=True)
class Learnt:
    """A classifier, and how it came about.

    Args:
        model: The classifier, without its record.
        out_of_fold: What was measured out of fold.
        kept: The photos it was learnt from.
        counts: Photos of each class, in class order.
        selection: What won the cross-validation.
        split: How the folds came about, JSON-able.
        calibration: How logits become probabilities and decisions, JSON-able.
    """

    model: Classifier
    out_of_fold: Figures
    kept: Kept | KeptLabelSets
    counts: list[int]
    selection: Selection | MultiLabelSelection
    split: Mapping[str, Any]
    calibration: Mapping[str, Any]

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
        }
