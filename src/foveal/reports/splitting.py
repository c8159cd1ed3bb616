"""How photos were split, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def told(record: Mapping[str, Any]) -> str:
    """How the photos were split, in a sentence, from a model's record; empty for a model that does not say.

    Args:
        record: The `split` of the record.
    """
    if not record:
        return ""
    if "held_out" in record:
        return _held_out(record)
    grouped, folds = record["grouped_photos"], record["folds"]
    if not grouped:
        return f"{folds} folds; no photos were found that belong together"
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in record["linked"].items() if count)
    text = f"{folds} folds; {grouped:,} photos stayed together with others{f' ({kinds})' if kinds else ''}"
    score = next((name for name in ("accuracy", "mean_average_precision") if f"{name}_ungrouped" in record), None)
    if score is None:
        return text
    change = record[f"{score}_ungrouped"] - record[score]
    size = f"{abs(100 * change):.1f} points"
    reads = "the same" if size == "0.0 points" else f"{size} {'higher' if change > 0 else 'lower'}"
    # Only photos kept together can be known from others: what they cannot explain comes of other folds.
    by_chance = reads != "the same" and not 0 < change <= grouped / record["groups"]
    return f"{text}; split without regard to that, the score would read {reads}{', by chance' if by_chance else ''}"


def _held_out(record: Mapping[str, Any]) -> str:
    text = f"{record['trained']:,} photos trained on, {record['held_out']:,} held out"
    grouped = record.get("grouped_photos", 0)
    return f"{text}; {grouped:,} photos stayed together with others" if grouped else text
