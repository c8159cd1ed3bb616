"""What a trained model remembers of its training: recipe, course, before and after, proof of the export."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from foveal.backbones.card import Card
from foveal.types.before_after import BeforeAfter
from foveal.types.finding import Finding
from foveal.workflows.held_out import HeldOut
from foveal.workflows.quarantine import Kept
from foveal.workflows.record import PACKAGES, version_of
from foveal.workflows.teach import Taught
from foveal.workflows.train_parts import Parts
from foveal.workflows.train_wishes import TrainWishes

_TRAIN_PACKAGES = ("torch", "torchvision", "timm")


def training_section(
    taught: Taught,
    wishes: TrainWishes,
    recipe: Any,
    network: str,
    sections: Mapping[str, BeforeAfter],
    *,
    used_for: Sequence[str],
    seconds: Mapping[str, float],
    processes: int,
) -> dict[str, Any]:
    """The section "training" of a model's record, JSON-able; `docs/json.md` explains the keys.

    Args:
        taught: What came of the training.
        wishes: What was asked for.
        recipe: Of `foveal.training.recipes`.
        network: Name of the network that was trained.
        sections: "before_after" on the held-out photos, and "before_after_test" where there were test photos.
        used_for: What the held-out photos decided besides.
        seconds: What each part took.
        processes: How many trained together.
    """
    carried, options = taught.carried, wishes.options()
    outcome = carried.outcome
    return {
        "recipe": recipe.name,
        "network": network,
        "teacher": wishes.teacher,
        "parts": sorted(recipe.on(options)),
        "options": wishes.record(),
        "processes": processes,
        "device": outcome.device.describe(),
        "epochs": float(outcome.history[-1]["epochs"]) if outcome.history else 0.0,
        "best_epoch": None if outcome.best is None else outcome.best + 1,
        "kept_epoch": None if outcome.kept is None else outcome.kept + 1,
        "mixed": None if carried.mixed is None else float(carried.mixed.alpha),
        "history": [{name: plain(value) for name, value in row.items()} for row in outcome.history],
        "trained_parameters": carried.trainable.trained,
        "delta_bytes": carried.trainable.delta_bytes,
        "parameters": taught.parameters,
        "held_out_used_for": list(used_for),
        "notes": list(carried.notes),
        "export": taught.proof,
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
        **sections,
    }


def make_train_record(
    *,
    wishes: TrainWishes,
    card: Card,
    edits: Mapping[str, Any],
    kept: Kept,
    parts: Parts,
    held_out: HeldOut,
    metrics: Mapping[str, Any],
    findings: Sequence[Finding],
    seconds: Mapping[str, float],
    training: Mapping[str, Any],
) -> dict[str, Any]:
    """Everything about a training besides the model itself, JSON-able: the keys of a fit, and `training`."""
    counts = np.bincount(kept.labels[parts.train], minlength=len(kept.class_names)).tolist()
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "recipe": {"name": wishes.recipe, "backbone": wishes.backbone, "seed": wishes.seed, "teacher": wishes.teacher},
        "backbones": [card.to_dict()],
        "licences": [card.licence.spdx],
        "data": {
            "photos": len(parts.train),
            "held_out": len(parts.held),
            "classes": dict(zip(kept.class_names, counts, strict=True)),
            "fingerprint": kept.fingerprint,
            "edits": dict(edits),
        },
        "split": dict(parts.record),
        "calibration": held_out.calibration,
        "trust": held_out.trust,
        "learning_curve": None,
        "metrics": dict(metrics),
        "findings": [finding.to_dict() for finding in findings],
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "versions": {
            "python": platform.python_version(),
            **{name: version_of(name) for name in (*PACKAGES, *_TRAIN_PACKAGES)},
        },
        "training": dict(training),
    }


def plain(value: Any) -> Any:
    """A number of numpy as one of Python's; anything else as it is."""
    return value.item() if isinstance(value, np.generic) else value
