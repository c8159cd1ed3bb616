"""Faults of photos and speed, for a template."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from foveal.reports.charts.matrix import grades
from foveal.reports.pages import Table
from foveal.reports.words import figure, joined, percent, with_ends
from foveal.types.robustness_figures import ConditionFigures, CorruptionFigures, RobustnessFigures
from foveal.types.speed_figures import SpeedFigures

_WORST = 3


def robustness(found: RobustnessFigures, name: str) -> dict[str, Any]:
    """Pictures and tables of what each fault of a photo costs.

    Args:
        found: What was measured.
        name: What its drawings begin with.
    """
    return {
        "summary": Table("Photos with something gone wrong", ("figure", "value"), [*_summary(found)]),
        "corruptions": _picture(found["corruptions"], f"{name}-corruptions"),
        "faults": _picture(found["camera_faults"], f"{name}-faults"),
        "by_strength": _by_strength(found),
        "all": _all([*found["corruptions"], *found["camera_faults"]]),
        "notes": found["notes"],
    }


def worst_faults(found: RobustnessFigures) -> str:
    """The faults that cost most, in words; empty where none was measured.

    Args:
        found: What was measured.
    """
    every = sorted([*found["corruptions"], *found["camera_faults"]], key=lambda each: each["accuracy"])
    return joined([f"{spaced(each['name'])} ({each['accuracy']:.0%} right)" for each in every[:_WORST]])


def spaced(name: str) -> str:
    """The name of a corruption as words."""
    return name.replace("_", " ")


def speed(found: SpeedFigures) -> dict[str, Any]:
    """A table of speed, size and memory, and the machine they are of.

    Args:
        found: What was measured.
    """
    machine = found["machine"]
    memory = "" if machine["memory_gb"] is None else f", {machine['memory_gb']:.0f} GB"
    return {
        "table": Table("Speed, size and memory", ("figure", "value"), [*_speed(found)]),
        "machine": f"{machine['processor']}, {machine['threads']} threads{memory}, {machine['system']}",
        "notes": found["notes"],
    }


def _summary(found: RobustnessFigures) -> Iterator[tuple[str, str]]:
    clean = found["clean"]
    yield "photos as they are, right", with_ends(clean["accuracy"], clean["accuracy_interval"])
    if found["mean_corruption_error"] is not None:
        error = with_ends(found["mean_corruption_error"], found["mean_corruption_error_interval"])
        yield "mean error over corruptions and strengths", error
        yield "the same beyond that of photos as they are", percent(found["relative_mean_corruption_error"])
    if found["alexnet"] is not None:
        alexnet = found["alexnet"]
        against = with_ends(alexnet["mean_corruption_error"], alexnet["mean_corruption_error_interval"])
        yield "mean corruption error against AlexNet (mCE)", against
    yield "photos measured", f"{found['photos']:,} of {found['of']:,}"


def _picture(every: Sequence[CorruptionFigures], name: str) -> str:
    """Share of wrong answers by corruption and strength, worst first; empty for none."""
    if not every:
        return ""
    ordered = sorted(every, key=lambda each: -each["error"])
    most = max(len(each["strengths"]) for each in ordered)
    values = [
        [one["error"] for one in each["strengths"]] + [float("nan")] * (most - len(each["strengths"]))
        for each in ordered
    ]
    alt = f"Wrong answers by fault and strength; most with {spaced(ordered[0]['name'])}, {ordered[0]['error']:.0%}"
    columns = [str(strength) for strength in range(1, most + 1)]
    return grades(values, [spaced(each["name"]) for each in ordered], columns, name=name, alt=alt)


def _by_strength(found: RobustnessFigures) -> Table | None:
    if not found["by_strength"]:
        return None
    rows = [
        (
            str(each["strength"]),
            percent(each["accuracy"]),
            percent(each["mean_confidence"]),
            f"{100 * each['overconfidence']:+.1f} points",
            percent(each["turned_away"]),
        )
        for each in found["by_strength"]
    ]
    columns = ("strength", "right", "mean confidence", "too sure by", "turned away as unknown")
    return Table("All corruptions together, by strength", columns, rows)


def _all(every: Sequence[CorruptionFigures]) -> Table:
    rows = [_condition(each["name"], one) for each in every for one in each["strengths"]]
    columns = ("fault, strength", "setting", "right", "mean confidence", "turned away", "right of those answered")
    return Table("Every fault at every strength, with 95 % intervals", columns, rows, words=(1,))


def _condition(name: str, one: ConditionFigures) -> tuple[str, ...]:
    return (
        f"{spaced(name)} {one['strength']}",
        one["setting"],
        with_ends(one["accuracy"], one["accuracy_interval"]),
        percent(one["mean_confidence"]),
        percent(one["turned_away"]),
        percent(one["answered_accuracy"]),
    )


def _speed(found: SpeedFigures) -> Iterator[tuple[str, str]]:
    folder, latency, cold = found["folder"], found["latency"], found["cold_start"]
    yield "photos a second, on every processor", figure(folder["per_second"], 0)
    yield "one photo, median", f"{latency['p50_ms']:.1f} ms"
    yield "one photo, 95 of 100 within", f"{latency['p95_ms']:.1f} ms"
    yield "one photo, 99 of 100 within", f"{latency['p99_ms']:.1f} ms"
    if cold is not None:
        yield "from a standing start to the first answer", f"{cold['seconds']:.2f} s"
        if cold["peak_memory_mb"] is not None:
            yield "most memory held", f"{cold['peak_memory_mb']:.0f} MB"
    if found["model_file_mb"] is not None:
        yield "model file", f"{found['model_file_mb']:.1f} MB"
    for network in found["networks"]:
        width, height = network["input_wh"]
        how = f"{network['file_mb']:.1f} MB, {width}×{height}, {network['runtime']}/{network['precision']}"
        yield f"network {network['backbone']}", how
