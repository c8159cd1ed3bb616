"""Robustness in a few lines of text."""

from __future__ import annotations

from collections.abc import Sequence

from foveal.types.robustness_figures import CorruptionFigures, RobustnessFigures, StrengthFigures
from foveal.types.text import listing


def robustness_summary(found: RobustnessFigures) -> str:
    """What was measured, in a few lines of text for the terminal."""
    clean = found["clean"]
    lines = [f"as they are        {clean['accuracy']:.1%} right  ({found['photos']:,} of {found['of']:,} photos)"]
    interval = found["mean_corruption_error_interval"]
    if found["mean_corruption_error"] is not None and interval is not None:
        shown = f"{found['mean_corruption_error']:.1%}  ({interval['low']:.1%} to {interval['high']:.1%})"
        lines.append(f"corrupted          mean error {shown}; as they are {clean['error']:.1%}")
    if found["alexnet"] is not None:
        lines.append(
            f"against AlexNet    mCE {found['alexnet']['mean_corruption_error']:.1%}; 100 % = as bad as AlexNet"
        )
    if found["by_strength"]:
        first, last = found["by_strength"][0], found["by_strength"][-1]
        right = f"{first['accuracy']:.1%} right at {first['strength']}, {last['accuracy']:.1%} at {last['strength']}"
        lines.append(f"by strength        {right}; there {last['mean_confidence']:.0%} confident{_turned(last)}")
        lines.append(f"worst corruptions  {_each(found['corruptions'])}")
    if found["camera_faults"]:
        lines.append(f"worst faults       {_each(found['camera_faults'])}")
    return "\n".join(lines)


def _turned(found: StrengthFigures) -> str:
    return "" if found["turned_away"] is None else f", {found['turned_away']:.0%} turned away"


def _each(figures: Sequence[CorruptionFigures]) -> str:
    worst = sorted(figures, key=lambda each: -each["error"])[:3]
    return listing([f"{each['name'].replace('_', ' ')} {each['accuracy']:.0%} right" for each in worst])
