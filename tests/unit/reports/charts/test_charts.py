from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import pytest

from foveal.reports.charts.bars import class_counts, set_sizes
from foveal.reports.charts.lines import learning_curve, reliability, risk_coverage
from foveal.reports.charts.matrix import confusion, grades
from foveal.reports.charts.names import short
from foveal.reports.charts.spans import Span, spans

MEASURED = {"sizes": [10, 50, 100], "accuracy": [0.5, 0.7, 0.8], "low": [0.4, 0.6, 0.7], "high": [0.6, 0.8, 0.9]}
AHEAD = {"sizes": [200], "accuracy": [0.85], "low": [0.8], "high": [0.9]}
BINS = [
    {"confidence": x, "accuracy": x, "accuracy_interval": {"low": x - 0.1, "high": min(1, x + 0.1)}, "photos": 9}
    for x in (0.2, 0.5, 0.9)
]
MANY = np.random.default_rng(0).integers(0, 5, (1000, 1000))

DRAWINGS: dict[str, Callable[[], str]] = {
    "class counts": lambda: class_counts({"cat": 3, "a\nb<c>": 0, "dog": 1200}, name="d"),
    "class counts, many": lambda: class_counts({f"class {each}": each for each in range(60)}, name="d"),
    "class counts, empty": lambda: class_counts({"cat": 0}, name="d"),
    "set sizes": lambda: set_sizes([90, 5, 1], name="d"),
    "set sizes, many": lambda: set_sizes([1] * 30, name="d"),
    "learning curve": lambda: learning_curve(MEASURED, AHEAD, name="d"),
    "learning curve, flat": lambda: learning_curve(
        {"sizes": [1, 2, 3], "accuracy": [0.5] * 3, "low": [0.5] * 3, "high": [0.5] * 3}, AHEAD, name="d"
    ),
    "reliability": lambda: reliability(BINS, BINS, name="d"),
    "reliability, one bin": lambda: reliability(BINS[-1:], name="d"),
    "risk": lambda: risk_coverage([0.1, 0.5, 1.0], [0.0, 0.01, 0.1], mark=(0.5, 0.01), name="d"),
    "risk, no errors": lambda: risk_coverage([1.0], [0.0], name="d"),
    "confusion": lambda: confusion([[90, 3], [0, 12345]], ["cat", "a name that is far too long"], name="d"),
    "confusion, 30": lambda: confusion(MANY[:30, :30] // 3 * 99, [f"class {each}" for each in range(30)], name="d"),
    "confusion, 1000": lambda: confusion(
        np.eye(1000, dtype=int) * 9 + (MANY > 3), [str(each) for each in range(1000)], name="d"
    ),
    "grades": lambda: grades([[0.1, 0.5], [1.0, float("nan")]], ["fog", "snow"], ["1", "2"], name="d", alt="x"),
    "spans": lambda: spans(
        [Span("cat", 0.5, 0.4, 0.6, marked=True), Span("dog", 0.9, 0.8, 1.0)], name="d", alt="x", middle=0.8
    ),
    "spans, many": lambda: spans([Span(str(each), 0.5, 0.4, 0.6) for each in range(99)], name="d", alt="x"),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_it_is_small_and_stays_in_its_frame(name: str) -> None:
    drawn = DRAWINGS[name]()
    assert len(drawn) < 40_000
    root = ElementTree.fromstring(drawn)  # noqa: S314
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    words = [each for each in root.iter() if each.tag == "text"]
    assert all(-1 <= float(each.get("x", 0)) <= width + 1 for each in words)
    assert all(-1 <= float(each.get("y", 0)) <= height + 1 for each in words)
    assert root.get("aria-label")


def test_bars_say_their_counts_and_what_is_left_out() -> None:
    drawn = DRAWINGS["class counts, many"]()
    assert "and 20 more classes" in drawn
    assert "1,200" in DRAWINGS["class counts"]()


def test_the_curve_beyond_what_was_measured_is_dashed() -> None:
    drawn = learning_curve(MEASURED, AHEAD, name="d")
    assert drawn.count("stroke-dasharray") == 1
    assert "80.0% from 100" in drawn


def test_numbers_stand_in_a_small_confusion_matrix_and_not_in_a_large_one() -> None:
    assert "12345" in DRAWINGS["confusion"]()
    assert not re.search(r"<text[^>]*>\d+</text>", DRAWINGS["confusion, 1000"]())


def test_names_are_cut_at_their_end() -> None:
    assert short("a name that is far too long") == "a name that is fa…"
    assert short("tops/warm/longsleeve") == "…s/warm/longsleeve"
    assert short("tops/warm") == "tops/warm"
    assert short("a\nb") == r"a\nb"
