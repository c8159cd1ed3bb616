"""What every kind of map in `foveal.explainers.EXPLAINERS` promises."""

from __future__ import annotations

from importlib import util

import numpy as np
import pytest
from looking_models import linear_model, logits_model, noise_photo, red_model, red_photo, view

from foveal.errors import FovealError
from foveal.explainers import EXPLAINERS
from foveal.explainers.subject import Subject
from foveal.training.extra import PACKAGES
from foveal.workflows.explain import explainer_named

WITHOUT_TORCH = any(util.find_spec(name) is None for name in PACKAGES)

MODELS = {
    "linear": lambda: linear_model(view()),
    "mirrored": lambda: linear_model(view(), view().mirror()),
    "two networks": lambda: linear_model(view(), view(seed=1)),
    "several labels": lambda: linear_model(view(), multi_label=True),
    "own classes": logits_model,
}


@pytest.fixture(params=EXPLAINERS)
def explainer(request):
    if WITHOUT_TORCH and EXPLAINERS[request.param].startswith("foveal.training."):
        pytest.skip("the extra `train` is not installed")
    return explainer_named(request.param)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("photo", [noise_photo(), noise_photo(height=90, width=30), noise_photo(height=7, width=300)])
def test_a_map_lies_on_the_canvas_and_is_the_same_again(explainer, model, photo):
    subject = Subject.of(model(), photo)
    for column in range(2):
        values = explainer(subject, column)
        assert values.shape == subject.canvas_hw
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
        assert not values[~subject.seen].any()
        np.testing.assert_allclose(explainer(subject, column), values, rtol=1e-4, atol=1e-6)


def test_it_points_at_what_counts(explainer):
    subject = Subject.of(red_model(), red_photo())
    values = explainer(subject, 0)
    y, x = np.unravel_index(values.argmax(), values.shape)
    assert 36 <= y < 52
    assert 60 <= x < 80


@pytest.mark.skipif(not WITHOUT_TORCH, reason="the extra `train` is installed")
@pytest.mark.parametrize("name", [name for name, where in EXPLAINERS.items() if where.startswith("foveal.training.")])
def test_gradients_without_pytorch_name_the_extra(name):
    with pytest.raises(FovealError) as caught:
        explainer_named(name)
    assert caught.value.code == "needs-extra"
    assert "foveal[train]" in caught.value.hint
