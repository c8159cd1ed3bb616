import numpy as np
import pytest
from made_evidence import clouds, evidence

from foveal.checks.learning_curve import _points, _round_number, check


@pytest.fixture(scope="module")
def finding():
    labels = np.repeat([0, 1, 2], [200, 60, 40]).astype(np.int32)
    embeddings = clouds(labels, dimensions=24, apart=0.9)
    (found,) = check(evidence(labels, class_names=["shirt", "skirt", "hat"], embeddings=embeddings))
    return found


def test_the_curve_rises_and_goes_on_beyond_what_there_is(finding):
    measured, ahead = finding.values["measured"], finding.values["ahead"]
    assert measured["sizes"][-1] == 300
    assert ahead["sizes"] == [450, 600, 1200]
    assert measured["accuracy"] == pytest.approx(sorted(measured["accuracy"]), abs=0.05)
    assert ahead["accuracy"] == sorted(ahead["accuracy"])
    for curve in (measured, ahead):
        assert all(low <= high for low, high in zip(curve["low"], curve["high"], strict=True))


def test_every_class_is_described_those_that_gain_most_first(finding):
    classes = finding.values["classes"]
    assert {each["class"] for each in classes} == {"shirt", "skirt", "hat"}
    gains = [each["gain"] for each in classes]
    assert gains == sorted(gains, reverse=True)
    for each in classes:
        assert 0 <= each["low"] <= each["gain"] <= each["high"] <= 1 - each["recall"] + 1e-9
        assert each["text"].startswith((f"{each['more']} more of {each['class']}", f"{each['class']} is saturated"))
    assert classes[0]["text"] in finding.advice


def test_it_is_news_and_not_a_fault(finding):
    assert finding.code == "more-photos"
    assert 0 <= finding.score <= 0.3
    assert len(finding.rows) == 0


@pytest.mark.parametrize("labels", [[0] * 30, [0, 0, 1, 1], [0] * 3 + [1] * 3])
def test_too_few_photos_for_a_curve_are_passed_over(labels):
    assert list(check(evidence(labels))) == []


@pytest.mark.parametrize(
    ("photos", "number"), [(3, 10), (40, 10), (112, 20), (124, 30), (200, 50), (795, 100), (1300, 300), (9000, 2000)]
)
def test_people_name_round_numbers(photos, number):
    assert _round_number(photos) == number


def test_points_have_a_decimal_where_they_are_few():
    assert _points(0.021, 0.004, 0.041) == "about +2 points (0 to 4)"
    assert _points(0.013, 0, 0.034) == "about +1.3 points (0.0 to 3.4)"


def test_what_lies_ahead_is_never_below_what_is_reached(finding):
    now = finding.values["measured"]["accuracy"][-1]
    assert min(finding.values["ahead"]["accuracy"]) >= now
    assert finding.title.startswith("Twice as many photos (600) ")
