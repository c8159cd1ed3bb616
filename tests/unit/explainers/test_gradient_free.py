"""Occlusion and RISE look at nothing but answers."""

from __future__ import annotations

import numpy as np
import pytest
from looking_models import linear_model, noise_photo, red_model, red_photo, view

from foveal.explainers.occlusion import occlusion
from foveal.explainers.rise import rise
from foveal.explainers.subject import Subject


@pytest.mark.parametrize("explainer", [occlusion, rise])
def test_it_points_at_what_counts(explainer):
    subject = Subject.of(red_model(), red_photo())
    values = explainer(subject, 0)
    assert values.shape == subject.canvas_hw
    assert values.dtype == np.float32
    row, column = np.unravel_index(values.argmax(), values.shape)
    height, width = values.shape
    assert abs((row + 0.5) / height - 44 / 60) < 0.15
    assert abs((column + 0.5) / width - 70 / 90) < 0.15


@pytest.mark.parametrize("explainer", [occlusion, rise])
def test_what_speaks_for_one_of_two_classes_speaks_against_the_other(explainer):
    subject = Subject.of(red_model(), red_photo())
    np.testing.assert_allclose(explainer(subject, 0), -explainer(subject, 1), atol=1e-4)


@pytest.mark.parametrize("explainer", [occlusion, rise])
def test_it_works_without_a_feature_map_and_is_the_same_again(explainer):
    subject = Subject.of(linear_model(view(("embedding",), spatial=False)), noise_photo())
    values = explainer(subject, 1)
    assert np.isfinite(values).all()
    assert np.ptp(values) > 0
    assert (values[~subject.seen] == 0).all()
    np.testing.assert_array_equal(values, explainer(subject, 1))


@pytest.mark.parametrize("explainer", [occlusion, rise])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 200), (200, 3)])
def test_photos_of_odd_shapes(explainer, height, width):
    subject = Subject.of(red_model(), red_photo(height=height, width=width))
    assert np.isfinite(explainer(subject, 0)).all()
