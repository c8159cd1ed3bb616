"""How a model was made, from its record: settings, what was tried, data, weights, versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foveal.classifier.classifier import Classifier
from foveal.reports.pages import Table
from foveal.reports.splitting import told
from foveal.reports.training_section import budget_told
from foveal.reports.training_section import told as training_told


def settings(model: Classifier) -> list[tuple[str, str]]:
    """Each thing that decided about the model with its value; what the record does not say is left out.

    Args:
        model: The model.
    """
    record = model.record
    chosen, calibration, recipe = (record.get(key, {}) for key in ("selection", "calibration", "recipe"))
    found = [
        ("networks", ", ".join(f"{card['title']} ({card['name']})" for card in record.get("backbones", ()))),
        ("preprocessing", "; ".join(str(view.preprocess) for view in model.views if not view.mirrored)),
        ("computed with", ", ".join(dict.fromkeys(str(view.choice) for view in model.views))),
        (
            "head",
            f"{chosen['probe']}, strength {chosen['strength']:g}, on {chosen['features']}" if chosen else "",
        ),
        *training_told(record),
        ("budget", budget_told(record)),
        ("split", told(record.get("split", {}))),
        ("temperature", f"{model.temperature:.3f}"),
        _balance(calibration),
        ("effort", str(recipe.get("effort", ""))),
        ("seed", str(recipe.get("seed", ""))),
        ("made on", str(record.get("created", ""))),
        ("seconds", ", ".join(f"{name} {value:.1f}" for name, value in record.get("seconds", {}).items())),
        ("versions", ", ".join(f"{name} {version}" for name, version in record.get("versions", {}).items())),
    ]
    return [(name, value) for name, value in found if value]


def data(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the model learnt from; nothing for a model that does not say.

    Args:
        record: The model's record.
    """
    known = record.get("data", {})
    if not known:
        return []
    edits = known.get("edits") or {}
    found = [
        ("photos learnt from", f"{known['photos']:,}"),
        ("photos held out", f"{known['held_out']:,}" if "held_out" in known else ""),
        ("classes", f"{len(known['classes']):,}"),
        ("edits by the user", f"{edits['excluded']} left out, {edits['relabelled']} with a new label" if edits else ""),
        ("fingerprint", str(known["fingerprint"])),
    ]
    return [(name, value) for name, value in found if value]


def weights(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each network with the licence of its weights and what it learnt from.

    Args:
        record: The model's record.
    """
    return [
        (
            card["title"],
            f"{card['licence']['spdx']}; learnt from {card['trained_on']}; {card['parameters']:,} parameters",
        )
        for card in record.get("backbones", ())
        if "licence" in card
    ]


def tried(record: Mapping[str, Any]) -> Table | None:
    """What cross-validation chose between; None for a model that does not say.

    Args:
        record: The model's record.
    """
    trials = record.get("selection", {}).get("trials", ())
    if not trials:
        return None
    several = "mean_average_precision" in trials[0]
    rows = [
        (
            trial["features"],
            trial["probe"],
            f"{trial['strength']:g}",
            f"{trial['mean_average_precision']:.4f}" if several else f"{trial['accuracy']:.2%}",
            f"{trial['log_loss']:.4f}",
        )
        for trial in trials
    ]
    columns = ("features", "head", "strength", "mAP" if several else "accuracy", "log loss")
    return Table("What was tried, out of fold and before calibration", columns, rows, words=(1,))


def _balance(calibration: Mapping[str, Any]) -> tuple[str, str]:
    if "tau" in calibration:
        return "help for rare classes", f"{calibration['tau']:g} (0 none, 1 full)"
    if "thresholds" in calibration:
        lowest, highest = min(calibration["thresholds"]), max(calibration["thresholds"])
        return "thresholds", f"from {lowest:.2f} to {highest:.2f}, of each class its own"
    return "", ""
