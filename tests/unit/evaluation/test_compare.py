from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_measured import NAMES, made_measured

from foveal.evaluation.compare import comparison, on_rows
from foveal.types.comparison import Change, Comparison


def compared(gained: int, lost: int, both: int, neither: int = 0) -> Comparison:
    """Photos that only the second, only the first, both and neither of two classifiers get right."""
    labels = np.arange(gained + lost + both + neither) % 3
    right = np.repeat([[False, True], [True, False], [True, True], [False, False]], [gained, lost, both, neither], 0)
    first, second = (np.where(right[:, each], labels, (labels + 1) % 3) for each in (0, 1))
    return comparison(
        ("old.foveal", "new.foveal"),
        made_measured(labels.astype(np.int32), first),
        made_measured(labels.astype(np.int32), second),
    )


def test_gains_losses_and_the_photos_that_changed() -> None:
    found = compared(gained=3, lost=2, both=5, neither=1)
    assert (found.gained, found.lost) == (3, 2)
    assert found.difference == pytest.approx(1 / 11)
    assert [change.side for change in found.changes] == ["second"] * 3 + ["first"] * 2
    assert found.changes[0] == Change("ant/0.jpg", "ant", "bee", "ant")
    assert found.changes[3].path == "ant/3.jpg"
    assert found.interval.low < found.difference < found.interval.high


@pytest.mark.parametrize(
    ("gained", "lost", "verdict"),
    [(40, 5, "second"), (5, 40, "first"), (6, 4, "cannot tell"), (1, 0, "cannot tell"), (0, 0, "cannot tell")],
)
def test_verdicts(gained: int, lost: int, verdict: str) -> None:
    found = compared(gained, lost, both=100)
    assert found.verdict == verdict
    assert (found.p < 0.05) == (verdict != "cannot tell")
    conclusion = found.conclusion()
    if verdict == "second":
        assert conclusion.startswith("new.foveal is better")
    elif verdict == "first":
        assert conclusion.startswith("old.foveal is better")
    elif gained:
        assert conclusion.startswith("the test set is too small to tell")
        assert found.needed is not None
        assert found.needed > 100 + gained + lost
    else:
        assert "no difference in accuracy" in conclusion
        assert (found.detectable, found.needed) == (None, None)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_changing_places_changes_the_sign(rows: list[tuple[int, int, int]]) -> None:
    labels, one, two = (np.array(column) for column in zip(*rows, strict=True))
    first, second = (made_measured(labels.astype(np.int32), each) for each in (one, two))
    there, back = comparison(("a", "b"), first, second), comparison(("b", "a"), second, first)
    assert (there.gained, there.lost, there.p) == (back.lost, back.gained, pytest.approx(back.p))
    assert there.difference == pytest.approx(-back.difference)
    assert (there.interval.low, there.interval.high) == pytest.approx((-back.interval.high, -back.interval.low))
    assert {change.path for change in there.changes} == {change.path for change in back.changes}
    assert len(there.changes) == int((one != two).sum())


def test_classes_may_stand_in_another_order() -> None:
    labels = (np.arange(60) % 3).astype(np.int32)
    predicted = np.where(np.arange(60) < 10, (labels + 1) % 3, labels)
    first = made_measured(labels, predicted)
    for order in ((2, 0, 1), (1, 0, 2)):
        second = made_measured(labels, predicted, tuple(NAMES[each] for each in order))
        found = comparison(("a", "b"), first, second)
        assert (found.gained, found.lost, found.difference, found.changes) == (0, 0, 0, ())
        assert found.second.log_loss == pytest.approx(found.first.log_loss)
        assert found.log_loss_interval.low == pytest.approx(0, abs=1e-6)


def test_photos_that_one_of_them_could_not_read_are_left_out() -> None:
    labels = (np.arange(12) % 3).astype(np.int32)
    whole = replace(made_measured(labels, labels), unknown=labels == 0)
    kept = on_rows(whole, np.arange(12) >= 4)
    assert kept.rows.tolist() == list(range(4, 12))
    assert len(kept.labels) == len(kept.probs) == 8
    assert kept.unknown is not None
    assert kept.unknown.sum() == 2
    wrong = on_rows(made_measured(labels, (labels + 1) % 3), np.arange(12) >= 4)
    assert comparison(("a", "b"), kept, wrong).changes[0].path == "bee/4.jpg"


def test_losses_are_compared_pair_by_pair() -> None:
    labels = (np.arange(200) % 3).astype(np.int32)
    predicted = np.where(np.arange(200) < 30, (labels + 1) % 3, labels)
    found = comparison(("a", "b"), made_measured(labels, predicted), made_measured(labels, predicted, sure=0.7))
    expected = found.second.log_loss - found.first.log_loss
    assert found.log_loss_interval.low < expected < found.log_loss_interval.high
    assert found.verdict == "cannot tell"


def test_plain_values_survive_json() -> None:
    values = compared(gained=3, lost=2, both=5).to_dict()
    assert json.loads(json.dumps(values, allow_nan=False)) == values
    assert values["photos"] == 10
    assert values["names"] == ["old.foveal", "new.foveal"]
    assert [change["right"] for change in values["changes"]] == ["second"] * 3 + ["first"] * 2


def test_text_names_ten_photos_and_counts_the_rest() -> None:
    found = compared(gained=9, lost=4, both=50)
    lines = found.summary().splitlines()
    assert lines[0].startswith("old.foveal  accuracy 85.7%")
    assert lines[2].startswith("difference  +7.9 points")
    assert "paired over 63 photos: 9 gained, 4 lost" in lines[2]
    assert len([line for line in lines if line.startswith("  gained")]) == 9
    assert "ant/0.jpg  ant: bee → ant" in lines[4]
    assert lines[-1] == "  … and 3 more that changed; --json lists all"
    assert str(found) == found.summary()
    assert repr(found).startswith("Comparison('old.foveal', 'new.foveal', +0.0794, ")


def test_chance_is_never_said_to_be_nothing() -> None:
    found = compared(gained=40, lost=0, both=10)
    assert "p < 0.001" in found.summary()
    assert found.conclusion().endswith("chance alone would show this less than 0.1% of the time")


def test_names_that_would_upset_a_terminal_are_shown_plainly() -> None:
    labels = np.zeros(3, np.int32)
    found = comparison(("a\x1b[2J", "b\udce9"), made_measured(labels, labels), made_measured(labels, labels + 1))
    assert "\x1b" not in found.summary()
    assert found.summary().encode()
