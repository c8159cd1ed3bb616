from __future__ import annotations

import numpy as np
import pytest
from looking_models import linear_model, logits_model, noise_photo, red_model, red_photo, view

from foveal.errors import FovealError
from foveal.explainers.subject import Subject, blurred


@pytest.mark.parametrize(
    "model",
    [
        linear_model(view()),
        linear_model(view(), view().mirror()),
        linear_model(view(), view().mirror(), view(seed=1)),
        linear_model(view(), multi_label=True),
        logits_model(),
    ],
    ids=["plain", "mirrored", "two networks", "any number", "logits"],
)
def test_it_says_exactly_what_predict_says(model):
    photo = noise_photo()
    np.testing.assert_array_equal(Subject.of(model, photo).probs(), model.predict(photo).probs[0])


def test_everything_kept_is_the_photo_and_nothing_kept_is_not():
    subject = Subject.of(red_model(), red_photo())
    everything = np.ones(subject.canvas_hw, np.float32)
    whole, none = subject.with_hidden([everything, 0 * everything])
    np.testing.assert_array_equal(whole, subject.probs())
    assert whole[0] > 0.9
    assert none[0] < 0.1


def test_hiding_the_evidence_hides_it():
    subject = Subject.of(red_model(), red_photo())
    width = subject.canvas_hw[1]
    left = np.zeros(subject.canvas_hw, np.float32)
    left[:, : width // 2] = 1
    shown_left, shown_right = subject.with_hidden([left, 1 - left])
    assert shown_left[0] < shown_right[0] - 0.3


def test_a_broken_photo_is_refused(tmp_path):
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"\xff\xd8\xff not a photo")
    with pytest.raises(FovealError, match="image-"):
        Subject.of(red_model(), path)


def test_a_blurred_photo_keeps_its_light():
    photo = noise_photo()
    flat = blurred(photo)
    assert flat.mean() == pytest.approx(photo.mean(), abs=6)
    assert flat.std() < 0.6 * photo.std()


@pytest.mark.parametrize("multi_label", [False, True])
def test_log_odds_are_those_of_the_probability(multi_label):
    subject = Subject.of(linear_model(view(), multi_label=multi_label), noise_photo())
    logits = subject.logits()[None]
    probs = subject.probs_of(logits).astype(np.float64)
    for column in range(3):
        p = probs[0, column]
        assert subject.log_odds(logits, column)[0] == pytest.approx(np.log(p / (1 - p)), rel=1e-3, abs=1e-3)


def test_log_odds_do_not_stick_where_probabilities_do():
    subject = Subject.of(linear_model(view()), noise_photo())
    logits = np.array([[200, 0, 0], [300, 0, 0]], np.float32)
    first, second = subject.log_odds(logits, 0)
    assert second - first == pytest.approx(100 / 1.5)
