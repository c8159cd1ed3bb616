from __future__ import annotations

from typing import Any

import pytest

from foveal.errors import FovealError
from foveal.workflows.train_wishes import TrainWishes


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"amp": "maybe"}, "unknown-name"),
        ({"compile": "maybe"}, "unknown-name"),
        ({"parallel": "dp"}, "unknown-name"),
        ({"epochs": 2.0, "budget_s": 60.0}, "bad-option"),
        ({"resume": True}, "bad-option"),
    ],
)
def test_what_cannot_be_is_refused_before_any_photo_is_looked_at(given: dict[str, Any], code: str) -> None:
    with pytest.raises(FovealError) as caught:
        TrainWishes(**given)
    assert caught.value.code == code
    assert caught.value.hint


def test_where_and_on_what_it_runs_decides_nothing_about_the_model() -> None:
    assert TrainWishes(device="cuda", compile="on", tensorboard=True).record() == TrainWishes().record()
