from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from foveal.errors import FovealError
from foveal.types.classifications import UNKNOWN, Classifications

NAN = float("nan")


def three() -> Classifications:
    return Classifications(
        paths=("a.jpg", "b.jpg", "c.jpg"),
        class_names=("cat", "dog", "owl"),
        probs=np.array([[0.2, 0.7, 0.1], [NAN, NAN, NAN], [0.4, 0.4, 0.2]], dtype=np.float32),
        errors=(None, "b.jpg: is empty", None),
    )


def test_labels_and_confidences() -> None:
    answers = three()
    assert answers.labels == ("dog", None, "cat")
    np.testing.assert_allclose(answers.confidences, [0.7, NAN, 0.4], rtol=1e-6)
    assert answers.confidences.dtype == np.float32


def test_top_is_sorted_keeps_column_order_on_ties_and_is_empty_for_an_error() -> None:
    names = [[name for name, _ in row] for row in three().top(2)]
    assert names == [["dog", "cat"], [], ["cat", "dog"]]
    assert [len(row) for row in three().top(99)] == [3, 0, 3]


def test_records_have_stable_keys_and_survive_json() -> None:
    records = json.loads(json.dumps(three().to_records(top=1), allow_nan=False))
    assert list(records[0]) == ["path", "label", "confidence", "top", "error"]
    assert records[0]["top"] == [{"label": "dog", "prob": pytest.approx(0.7)}]
    assert records[1] == {"path": "b.jpg", "label": None, "confidence": None, "top": [], "error": "b.jpg: is empty"}


@pytest.mark.parametrize(
    ("which", "paths"),
    [(0, ("a.jpg",)), (-1, ("c.jpg",)), (slice(1, 3), ("b.jpg", "c.jpg")), (slice(9, 9), ())],
)
def test_selecting(which: slice | int, paths: tuple[str, ...]) -> None:
    chosen = three()[which]
    assert chosen.paths == paths
    assert len(chosen) == len(chosen.errors) == len(chosen.probs) == len(paths)


def test_selecting_a_photo_that_is_not_there() -> None:
    with pytest.raises(IndexError):
        three()[3]


def test_text_shows_ten_and_counts_the_rest() -> None:
    many = Classifications(
        tuple(f"{i}.jpg" for i in range(12)), ("x",), np.ones((12, 1), dtype=np.float32), (None,) * 12
    )
    assert len(str(many).splitlines()) == 11
    assert str(many).endswith("… and 2 more")
    assert "not read: b.jpg: is empty" in str(three())
    assert repr(three()).startswith("Classifications(3 photos, 3 classes, 1 unreadable)")


def test_text_of_an_undecodable_name_can_be_encoded() -> None:
    odd = Classifications(("caf\udce9.jpg",), ("x",), np.ones((1, 1), dtype=np.float32), (None,))
    assert "caf\\udce9.jpg" in str(odd)
    assert str(odd).encode()


def test_none_at_all() -> None:
    none = Classifications((), ("x",), np.zeros((0, 1), dtype=np.float32), ())
    assert (none.labels, none.top(1), none.to_records(top=1), str(none)) == ((), [], [], "")


def test_probs_are_read_only_and_the_callers_array_is_not() -> None:
    own = np.ones((1, 1), dtype=np.float32)
    answers = Classifications(("a",), ("x",), own, (None,))
    with pytest.raises(ValueError, match="read-only"):
        answers.probs[0, 0] = 0.5
    own[0, 0] = 1.0


@pytest.mark.parametrize(
    ("paths", "names", "probs", "errors", "said"),
    [
        (("a",), (), np.zeros((1, 0)), (None,), "class_names"),
        (("a",), ("x", "x"), np.full((1, 2), 0.5), (None,), "class_names"),
        (("a",), ("x", "y"), np.ones((1, 1)), (None,), r"probs \[1, 2\]"),
        (("a",), ("x",), np.ones((1, 1)), (), "1 errors"),
        (("a",), ("x", "y"), np.array([[0.5, 0.6]]), (None,), "sum to 1"),
        (("a",), ("x", "y"), np.array([[-0.5, 1.5]]), (None,), "sum to 1"),
        (("a",), ("x", "y"), np.array([[NAN, NAN]]), (None,), "sum to 1"),
        (("a",), ("x", "y"), np.array([[0.5, 0.5]]), ("broken",), "row of NaN"),
    ],
)
def test_refusals(
    paths: tuple[str, ...], names: tuple[str, ...], probs: np.ndarray, errors: tuple[str | None, ...], said: str
) -> None:
    with pytest.raises(FovealError, match=said) as caught:
        Classifications(paths, names, probs, errors)
    assert caught.value.code == "bad-value"


def test_top_of_none_is_refused() -> None:
    with pytest.raises(FovealError, match="at least 1"):
        three().top(0)


def several() -> Classifications:
    return Classifications(
        paths=("a.jpg", "b.jpg", "c.jpg"),
        class_names=("cat", "dog", "owl"),
        probs=np.array([[0.4, 0.9, 0.2], [NAN, NAN, NAN], [0.1, 0.4, 0.25]], dtype=np.float32),
        errors=(None, "b.jpg: is empty", None),
        thresholds=np.array([0.3, 0.5, 0.3], dtype=np.float32),
    )


def test_any_number_of_labels() -> None:
    answers = several()
    assert answers.multi_label
    assert answers.label_sets == (("dog", "cat"), None, ())
    assert answers.labels == ("dog", None, "dog")
    assert answers[2].label_sets == ((),)
    assert answers[2].multi_label


def test_of_one_label_the_set_is_the_most_probable_class() -> None:
    assert not three().multi_label
    assert three().label_sets == (("dog",), None, ("cat",))


def test_a_threshold_that_is_just_reached_counts() -> None:
    answers = Classifications(("a",), ("x", "y"), np.array([[0.3, 0.29]], np.float32), (None,), np.float32([0.3, 0.3]))
    assert answers.label_sets == (("x",),)


def test_records_of_several_labels_have_one_key_more() -> None:
    first, second, third = json.loads(json.dumps(several().to_records(top=1), allow_nan=False))
    assert list(first) == ["path", "label", "confidence", "top", "error", "labels"]
    assert first["labels"] == [
        {"label": "dog", "prob": pytest.approx(0.9)},
        {"label": "cat", "prob": pytest.approx(0.4)},
    ]
    assert first["top"] == first["labels"][:1]
    assert (second["labels"], second["label"]) == ([], None)
    assert (third["labels"], third["label"]) == ([], "dog")


def test_text_of_several_labels() -> None:
    lines = str(several()).splitlines()
    assert lines[0].endswith("dog 90.0%, cat 40.0%")
    assert "not read" in lines[1]
    assert lines[2].endswith("none of the classes")


@pytest.mark.parametrize("thresholds", [np.zeros(2), np.array([0, 0, 2.0]), np.array([0, 0, NAN])])
def test_thresholds_that_do_not_fit_are_refused(thresholds: np.ndarray) -> None:
    one = several()
    with pytest.raises(FovealError, match=r"thresholds \[3\] in 0..1"):
        Classifications(one.paths, one.class_names, one.probs, one.errors, thresholds)


def test_probabilities_of_several_labels_stay_between_0_and_1() -> None:
    with pytest.raises(FovealError, match=r"expected probs in 0\.\.1"):
        Classifications(("a",), ("x",), np.array([[1.2]], np.float32), (None,), np.float32([0.5]))


def cautious() -> Classifications:
    one = three()
    return replace(
        one,
        doubts=("not sure enough: 70% where 90% is needed", None, None),
        broader=("pet", None, None),
        sets=np.array([[True, True, False], [False] * 3, [True, True, True]]),
    )


def test_answers_are_classes_groups_or_unknown() -> None:
    assert three().answers == three().labels
    assert cautious().answers == ("pet", None, "cat")
    assert replace(cautious(), broader=()).answers == (UNKNOWN, None, "cat")
    assert cautious().labels == three().labels


def test_records_with_answers_reasons_and_sets() -> None:
    first, second, third = json.loads(json.dumps(cautious().to_records(top=1), allow_nan=False))
    assert list(first) == ["path", "label", "confidence", "top", "error", "answer", "reason", "set"]
    assert (first["label"], first["answer"]) == ("dog", "pet")
    assert first["reason"] == "not sure enough: 70% where 90% is needed"
    assert [each["label"] for each in first["set"]] == ["dog", "cat"]
    assert [each["prob"] for each in first["set"]] == pytest.approx([0.7, 0.2])
    assert (second["answer"], second["reason"], second["set"]) == (None, None, [])
    assert (third["answer"], third["reason"]) == ("cat", None)
    assert [each["label"] for each in third["set"]] == ["cat", "dog", "owl"]


def test_records_have_only_what_was_asked_for() -> None:
    assert "set" not in replace(cautious(), sets=None).to_records(top=1)[0]
    assert {"answer", "reason"}.isdisjoint(replace(cautious(), doubts=(), broader=()).to_records(top=1)[0])


@pytest.mark.parametrize("which", [0, 2, slice(0, 1), slice(2, None), slice(None, None, -1), slice(9, 9)])
def test_doubts_and_sets_are_selected_with_their_photos(which: slice | int) -> None:
    rows = [range(3)[which]] if isinstance(which, int) else list(range(3)[which])
    chosen = cautious()[which]
    assert chosen.answers == tuple(cautious().answers[row] for row in rows)
    assert chosen.doubts == tuple(cautious().doubts[row] for row in rows)
    assert chosen.sets is not None
    assert chosen.sets.tolist() == [cautious().sets[row].tolist() for row in rows]  # type: ignore[index]


def test_text_says_why_there_is_no_class() -> None:
    lines = str(cautious()).splitlines()
    assert lines[0].split()[1:] == ["pet", "(not", "sure", "enough:", "70%", "where", "90%", "is", "needed)"]
    assert lines[2].endswith("40.0%  cat")
    assert "unknown (not sure enough" in str(replace(cautious(), broader=()))
    assert repr(cautious()).startswith("Classifications(3 photos, 3 classes, 1 unreadable)")


def test_sets_are_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        cautious().sets[0, 0] = False  # type: ignore[index]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"doubts": ("x",)}, "3 doubts, or none"),
        ({"broader": (None,) * 4}, "3 broader, or none"),
        ({"sets": np.ones((3, 2), np.bool_)}, r"sets bool \[3, 3\]"),
        ({"sets": np.ones((3, 3), np.uint8)}, r"sets bool \[3, 3\], got uint8"),
    ],
)
def test_what_caution_says_must_fit_the_photos(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(FovealError, match=said) as caught:
        replace(cautious(), **changed)
    assert caught.value.code == "bad-value"
