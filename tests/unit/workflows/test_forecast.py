from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.workflows.spend import Forecast, NoGainError, expected_loss, is_better


def _probe(accuracy: float = 0.9, log_loss: float = 0.3) -> Any:
    return {"accuracy": accuracy, "log_loss": log_loss}


def _forecast(**probe: float) -> Forecast:
    forecast = Forecast()
    forecast.begin(_probe(**probe))
    return forecast


def test_a_loss_that_halves_its_fall_goes_where_the_series_goes() -> None:
    assert expected_loss([1.0, 0.5, 0.25, 0.125]) == pytest.approx(0.0)
    assert expected_loss([0.5, 0.4]) == pytest.approx(0.3)


def test_a_rising_loss_is_expected_to_stay() -> None:
    assert expected_loss([0.3, 0.4]) == 0.4


@given(st.lists(st.floats(0, 10), min_size=2, max_size=8))
def test_the_expected_loss_is_no_higher_than_the_last_and_never_negative(losses: list[float]) -> None:
    assert 0 <= expected_loss(losses) <= losses[-1]


def test_nothing_is_stopped_on_one_epoch() -> None:
    _forecast().judge(9.0, 0.1)


def test_it_stops_where_neither_loss_nor_accuracy_will_reach_the_probe() -> None:
    forecast = _forecast()
    forecast.judge(0.60, 0.80)
    with pytest.raises(NoGainError, match="stopped after 2 epochs"):
        forecast.judge(0.59, 0.82)
    assert forecast.expected[-1] < 0


def test_it_goes_on_where_a_gain_was_seen_or_is_expected() -> None:
    seen, coming = _forecast(), _forecast()
    seen.judge(0.60, 0.80)
    seen.judge(0.60, 0.91)
    coming.judge(0.60, 0.80)
    coming.judge(0.40, 0.85)
    assert coming.expected[-1] == pytest.approx(0.1 * (1 - 0.2 / 0.3))


def test_a_probe_without_mistakes_is_not_trained_against() -> None:
    with pytest.raises(NoGainError, match="nothing to gain"):
        _forecast(accuracy=1.0, log_loss=0.0)


def test_the_listener_hears_everything() -> None:
    heard: list[Any] = []
    forecast = Forecast(heard.append)
    forecast("note")
    assert heard == ["note"]


@pytest.mark.parametrize(
    ("difference", "payoff", "after", "better"),
    [
        (0.02, "pays", 0.4, True),
        (0.01, "too-small-to-tell", 0.25, True),
        (0.01, "too-small-to-tell", 0.35, False),
        (0.0, "does-not-pay", 0.2, False),
        (-0.01, "does-not-pay", 0.2, False),
    ],
)
def test_a_gain_that_may_be_chance_must_lower_the_log_loss_too(
    difference: float, payoff: str, after: float, better: bool
) -> None:
    story: Any = {"difference": difference, "payoff": payoff, "before": {"log_loss": 0.3}, "after": {"log_loss": after}}
    assert is_better(story) is better


def test_a_training_that_does_not_keep_to_its_time_is_given_up() -> None:
    with pytest.raises(NoGainError, match="time was up"):
        Forecast(until=0.0)("step")
