from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from foveal.errors import FovealError
from foveal.trust.set_scores import SetRule, label_places, ordered

RULES = (SetRule("lac"), SetRule("aps"), SetRule("raps", 0.05, 2))

probabilities = hnp.arrays(
    np.float32, st.tuples(st.integers(1, 6), st.integers(1, 7)), elements=st.sampled_from([0.0, 0.125, 0.25, 0.5, 1.0])
)


def test_scores_worked_out_by_hand():
    probs = np.array([[0.2, 0.5, 0.3]], np.float32)
    np.testing.assert_allclose(SetRule("lac").class_scores(probs), [[-0.2, -0.5, -0.3]], rtol=1e-6)
    np.testing.assert_allclose(SetRule("aps").class_scores(probs), [[0.9, 0.25, 0.65]], rtol=1e-6)
    # Ranks 3, 1, 2; those beyond 1 cost 0.1 each.
    np.testing.assert_allclose(SetRule("raps", 0.1, 1).class_scores(probs), [[1.1, 0.25, 0.75]], rtol=1e-6)


@given(probabilities, st.sampled_from(RULES), st.data())
def test_a_label_scores_alike_by_itself_and_among_all(probs, rule, data):
    labels = data.draw(hnp.arrays(np.int32, len(probs), elements=st.integers(0, probs.shape[1] - 1)))
    alone = rule.scores(label_places(probs, labels))
    among = rule.class_scores(probs)[np.arange(len(labels)), labels]
    np.testing.assert_array_equal(alone, among)


@given(probabilities, st.sampled_from(RULES))
def test_scores_never_fall_along_the_ranks(probs, rule):
    scores = rule.scores(ordered(probs))
    assert (np.diff(scores, axis=1) >= 0).all()
    np.testing.assert_array_equal(np.sort(rule.class_scores(probs), axis=1), scores)


def test_of_equal_classes_the_earlier_ranks_first():
    places = label_places(np.array([[0.5, 0.5], [0.5, 0.5]], np.float32), np.array([0, 1]))
    assert places.rank.tolist() == [0, 1]
    assert places.before.tolist() == [0.0, 0.5]


@pytest.mark.parametrize(
    ("name", "penalty", "free"), [("best", 0, 0), ("raps", -1, 0), ("raps", np.nan, 1), ("aps", 0, -1)]
)
def test_rules_that_cannot_be(name, penalty, free):
    with pytest.raises(FovealError) as caught:
        SetRule(name, penalty, free)
    assert caught.value.code == "bad-value"
    assert "damaged" in caught.value.hint


def test_titles():
    assert [rule.title for rule in RULES] == ["LAC", "APS", "RAPS (0.05 a rank beyond 2)"]
