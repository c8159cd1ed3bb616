"""What a model remembers of how it came about."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

from foveal.backbones.card import Card
from foveal.types.finding import Finding
from foveal.workflows.learnt import Learnt

PACKAGES = ("foveal", "numpy", "openvino", "onnxruntime", "simplejpeg", "opencv-python-headless", "pillow")


def make_record(
    *,
    recipe: Mapping[str, Any],
    cards: Sequence[Card],
    edits: Mapping[str, Any],
    learnt: Learnt,
    metrics: Mapping[str, Any],
    findings: Sequence[Finding],
    seconds: Mapping[str, float],
) -> dict[str, Any]:
    """Everything about a fit besides the model itself, JSON-able; `docs/model-file.md` explains the keys."""
    parts = learnt.record()
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "recipe": dict(recipe),
        "backbones": [card.to_dict() for card in cards],
        "licences": sorted({card.licence.spdx for card in cards}),
        "data": {**parts["data"], "edits": dict(edits)},
        "selection": parts["selection"],
        "split": parts["split"],
        "calibration": parts["calibration"],
        "trust": parts["trust"],
        "learning_curve": parts["learning_curve"],
        "metrics": dict(metrics),
        "findings": [finding.to_dict() for finding in findings],
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "versions": {"python": platform.python_version(), **{name: version_of(name) for name in PACKAGES}},
    }


def version_of(package: str) -> str:
    """The installed version of a package; "absent" without it."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "absent"
