from __future__ import annotations

from typing import Any

import pytest

from foveal.types.before_after import (
    BeforeAfter,
    Side,
    before_after_summary,
    conclusion_of,
    fold_line,
    main_story,
    payoff_of,
    said_seconds,
)


def _side(title: str, accuracy: float, **more: Any) -> Side:
    side: dict[str, Any] = {
        "title": title,
        "network": "EfficientNet-Lite0",
        "accuracy": accuracy,
        "interval": {"low": accuracy - 0.02, "high": accuracy + 0.02, "method": "Wilson score, 95 %"},
        "log_loss": 0.3,
        "ece": 0.02,
        "seconds": 20.0,
        "milliseconds": 12.0,
        "megabytes": 13.5,
        "parameters": 3_000_000,
        "trained": 6_000,
        **more,
    }
    return side  # type: ignore[return-value]


def made(difference: float, p: float, needed: int | None = 900) -> BeforeAfter:
    """A comparison with that outcome."""
    found: dict[str, Any] = {
        "on": "held-out photos",
        "photos": 600,
        "before": _side("frozen probe", 0.9),
        "after": _side("trained", 0.9 + difference, seconds=600.0, trained=3_000_000),
        "difference": difference,
        "interval": {"low": difference - 0.02, "high": difference + 0.02, "method": "Tango score, paired, 95 %"},
        "gained": 20,
        "lost": 10,
        "p": p,
        "detectable": 0.02,
        "needed": needed,
        "payoff": payoff_of(difference, p),
        "conclusion": "",
        "advice": "",
    }
    found["conclusion"] = conclusion_of(found)  # type: ignore[arg-type]
    return found  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("difference", "p", "payoff"),
    [
        (0.02, 0.01, "pays"),
        (0.02, 0.3, "too-small-to-tell"),
        (0.0, 1.0, "does-not-pay"),
        (-0.02, 0.3, "does-not-pay"),
        (-0.02, 0.01, "does-not-pay"),
    ],
)
def test_the_verdict_needs_a_gain_that_chance_does_not_explain(difference: float, p: float, payoff: str) -> None:
    assert payoff_of(difference, p) == payoff


def test_a_gain_is_said_with_its_price() -> None:
    assert made(0.02, 0.01)["conclusion"] == "training pays here: 2.0 points more accuracy for 10.0 min, p = 0.010"


def test_a_loss_sends_to_the_probe_and_says_whether_it_may_be_chance() -> None:
    said = made(-0.02, 0.3)["conclusion"]
    assert said == (
        "training does not pay here: 2.0 points less accuracy after 10.0 min, which may be chance; use `foveal fit`"
    )
    assert "chance" not in made(-0.02, 0.01)["conclusion"]


def test_what_is_too_small_says_how_many_photos_it_would_take() -> None:
    said = made(0.02, 0.3)["conclusion"]
    assert said.startswith("too small to tell: 2.0 points")
    assert said.endswith("needs about 900 held-out photos")
    assert "needs" not in made(0.02, 0.3, needed=None)["conclusion"]


def test_the_summary_has_both_sides_with_intervals_and_cost() -> None:
    lines = before_after_summary(made(0.02, 0.01)).splitlines()
    assert lines[0] == "frozen probe  accuracy 90.0% (88.0% to 92.0%), log loss 0.300, calibration error 2.0%"
    assert lines[1].strip() == "learnt in 20 s; 6,000 of 3,000,000 parameters (0.20%); 13.5 MB; 12.0 ms a photo"
    assert lines[2].startswith("trained       accuracy 92.0%")
    assert "+2.0 points (+0.0 to +4.0), paired over 600 photos: 20 gained, 10 lost, p = 0.010" in lines[4]
    assert len(lines) == 6


def test_advice_comes_last_where_there_is_some() -> None:
    advised: BeforeAfter = {**made(0.02, 0.01), "advice": "use the small one"}
    assert before_after_summary(advised).splitlines()[-1] == "use the small one"


@pytest.mark.parametrize(
    ("seconds", "said"), [(3.21, "3.2 s"), (42, "42 s"), (99, "99 s"), (600, "10.0 min"), (7200, "2.0 h")]
)
def test_times_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert said_seconds(seconds) == said


def test_the_story_over_all_folds_goes_first():
    held, folds = made(0.02, 0.2), made(0.03, 0.01)
    assert main_story({"before_after": held}) is held
    assert main_story({"before_after": held, "before_after_folds": folds}) is folds
    assert fold_line([0.021, -0.004]) == "fold by fold  +2.1, -0.4 points; the first network is kept"
