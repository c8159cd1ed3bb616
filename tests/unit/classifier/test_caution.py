from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from foveal.classifier.caution import Caution, check_caution, judge
from foveal.errors import FovealError
from foveal.trust.tree import ClassTree
from foveal.trust.trust import Trust

PROBS = np.array([[0.97, 0.02, 0.01], [0.50, 0.45, 0.05], [0.40, 0.25, 0.35]], np.float32)
FEATURES, LOGITS = np.zeros((3, 4), np.float16), np.log(PROBS)
TREE = ClassTree.of_paths([("dog", "terrier"), ("dog", "poodle"), ("cat",)])


def gate(*reasons: str | None) -> Any:
    said = [None if each is None else SimpleNamespace(words=each) for each in reasons]
    return SimpleNamespace(reasons=lambda features, logits: said)


def test_nothing_asked_nothing_doubted() -> None:
    said = judge(Caution(), Trust(tree=TREE), FEATURES, LOGITS, PROBS)
    assert (said.doubts, said.broader, said.sets) == (None, (), None)


def test_sure_backs_off_to_a_group_where_one_is_sure() -> None:
    said = judge(Caution(sure=0.9), Trust(tree=TREE), FEATURES, LOGITS, PROBS)
    assert said.doubts[0] is None
    assert said.doubts[1] == "not sure enough: 50% where 90% is needed"
    assert said.broader == (None, "dog", None)


def test_a_confidence_just_too_low_is_told_with_more_digits() -> None:
    probs = np.array([[0.946, 0.054]], np.float32)
    said = judge(Caution(sure=0.949), Trust(), FEATURES[:1], np.log(probs), probs)
    assert said.doubts == ("not sure enough: 94.6% where 94.9% is needed",)


@pytest.mark.parametrize(("name", "example"), [("max_error", "as in 0.02"), ("coverage", "as in 0.95")])
def test_the_hint_is_an_example_of_the_same_option(name: str, example: str) -> None:
    with pytest.raises(FovealError) as caught:
        Caution(**{name: 95.0})  # type: ignore[arg-type]
    assert caught.value.hint == example


def test_the_gate_has_the_last_word_and_can_be_left_out() -> None:
    trust = Trust(gate=gate("unlike anything", None, None), tree=TREE)
    said = judge(Caution(sure=0.9), trust, FEATURES, LOGITS, PROBS)
    assert said.doubts[0] == "unlike anything"
    assert said.broader[1] == "dog"
    assert judge(Caution(unknown="never"), trust, FEATURES, LOGITS, PROBS).doubts is None


def test_max_error_asks_the_thresholds_that_were_learnt() -> None:
    trust = Trust(abstention=SimpleNamespace(threshold=lambda error: {0.02: 0.96, 0.001: np.inf}[error]))  # type: ignore[arg-type]
    assert [doubt is None for doubt in judge(Caution(max_error=0.02), trust, FEATURES, LOGITS, PROBS).doubts] == [
        True,
        False,
        False,
    ]
    assert all(judge(Caution(max_error=0.001), trust, FEATURES, LOGITS, PROBS).doubts)


@pytest.mark.parametrize(
    "values", [{"coverage": 1.0}, {"max_error": 0}, {"sure": -1}, {"sure": 0.9, "max_error": 0.1}, {"unknown": "x"}]
)
def test_nonsense_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(FovealError) as caught:
        Caution(**values)
    assert caught.value.code == "bad-option"


@pytest.mark.parametrize("values", [{"coverage": 0.9}, {"max_error": 0.1}])
def test_what_was_not_learnt_cannot_be_promised(values: dict[str, Any]) -> None:
    with pytest.raises(FovealError) as caught:
        check_caution(Caution(**values), Trust(), multi_label=False)
    assert caught.value.code == "not-calibrated"


def test_models_of_several_labels_take_none_of_it() -> None:
    with pytest.raises(FovealError) as caught:
        check_caution(Caution(sure=0.9), Trust(), multi_label=True)
    assert caught.value.code == "bad-option"
    check_caution(Caution(), Trust(), multi_label=True)
