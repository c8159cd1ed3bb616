"""What a model remembers of how it came about."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

import numpy as np

from foveal.backbones.card import Card
from foveal.probes.calibrate import Calibration
from foveal.probes.select import Selection
from foveal.types.finding import Finding
from foveal.workflows.quarantine import Kept

_PACKAGES = ("foveal", "numpy", "openvino", "onnxruntime", "simplejpeg", "opencv-python-headless", "pillow")


def make_record(
    *,
    recipe: Mapping[str, Any],
    cards: Sequence[Card],
    kept: Kept,
    selection: Selection,
    calibration: Calibration,
    metrics: Mapping[str, Any],
    findings: Sequence[Finding],
    seconds: Mapping[str, float],
) -> dict[str, Any]:
    """Everything about a fit besides the model itself, JSON-able; `docs/model-file.md` explains the keys."""
    counts = np.bincount(kept.labels, minlength=len(kept.class_names)).tolist()
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "recipe": dict(recipe),
        "backbones": [card.to_dict() for card in cards],
        "licences": sorted({card.licence.spdx for card in cards}),
        "data": {
            "photos": len(kept.rows),
            "classes": dict(zip(kept.class_names, counts, strict=True)),
            "fingerprint": kept.fingerprint,
        },
        "selection": {
            "features": selection.features,
            "probe": selection.probe,
            "strength": selection.strength,
            "trials": [asdict(trial) for trial in selection.trials],
        },
        "calibration": {"temperature": calibration.temperature, "tau": calibration.tau},
        "metrics": dict(metrics),
        "findings": [finding.to_dict() for finding in findings],
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}},
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "absent"
