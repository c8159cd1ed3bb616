from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from foveal.errors import FovealError
from foveal.metrics.evaluate import measure
from foveal.types.evaluation import Evaluation


@pytest.fixture
def evaluation() -> Evaluation:
    probs = np.full((4, 7), 0.1)
    probs[np.arange(4), np.arange(4)] = 0.4
    return measure(np.arange(4), probs, list("abcdefg"), protocol="test")


def test_real_top1_stands_in_the_text_where_there_is_one(evaluation: Evaluation) -> None:
    assert (evaluation.real_top1, evaluation.real_photos) == (None, 0)
    assert "ReaL" not in evaluation.summary()
    with_real = replace(evaluation, real_top1=0.75, real_photos=3)
    assert "ReaL top-1         75.0%  (on 3 photos with such labels)" in with_real.summary()
    assert Evaluation.from_dict(with_real.to_dict()) == with_real
    with pytest.raises(FovealError, match="real_top1"):
        replace(evaluation, real_top1=1.5)


def test_models_measured_before_it_was_known_still_load(evaluation: Evaluation) -> None:
    old = evaluation.to_dict()
    del old["real_top1"], old["real_photos"]
    assert Evaluation.from_dict(old) == evaluation
    del old["accuracy"]
    with pytest.raises(FovealError, match="accuracy"):
        Evaluation.from_dict(old)
