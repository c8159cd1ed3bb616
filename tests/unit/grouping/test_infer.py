from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foveal.data.dataset import Dataset
from foveal.data.label_sets import LabelSets
from foveal.errors import FovealError
from foveal.features.pixel_view import PIXELS
from foveal.grouping.infer import KINDS, Grouping, infer_groups, kinds_named
from foveal.grouping.near_duplicates import Pairs

NO_PAIRS = Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.bool_))


def pairs(*both: tuple[int, int]) -> Pairs:
    first, second = np.array(both, np.int64).T
    return Pairs(first, second, np.ones(len(both), np.float32), np.zeros(len(both), np.bool_))


def infer(paths: Sequence[str], labels: Sequence[int], by: str = "auto", **given: Any) -> Grouping:
    """Groups of photos that look all different unless told otherwise."""
    n = len(paths)
    names = tuple(f"class {number}" for number in range(max([*labels, 0]) + 1))
    dataset = given.pop("dataset", None) or Dataset(
        Path("photos"), paths, np.array(labels), names, np.zeros(n, int), groups=given.pop("groups", None)
    )
    pixels = np.zeros(n, PIXELS)
    for name in ("taken", "camera"):
        if name in given:
            pixels["facts"][name] = given.pop(name)
    values: dict[str, Any] = {
        "pixels": pixels,
        "embeddings": np.random.default_rng(0).random((n, 8), np.float32),
        "contents": np.arange(n),
        "pairs": NO_PAIRS,
        **given,
    }
    return infer_groups(dataset, np.arange(n), by=by, **values)


def together(grouping: Grouping) -> list[list[int]]:
    """The groups of several photos, in order."""
    found = [np.flatnonzero(grouping.numbers == number).tolist() for number in np.unique(grouping.numbers)]
    return [group for group in found if len(group) > 1]


def plain(count: int) -> list[str]:
    """Names that say nothing."""
    return [f"{chr(97 + at)}.jpg" for at in range(count)]


def test_kinds_by_name() -> None:
    assert kinds_named("auto") == KINDS
    assert kinds_named("none") == ()
    assert kinds_named("time, group") == ("time", "group")
    for wrong in ("tiem", "group,", "", "group,none", "auto,time"):
        with pytest.raises(FovealError) as caught:
            kinds_named(wrong)
        assert caught.value.code == "unknown-name"


def test_photos_on_their_own() -> None:
    grouping = infer(plain(6), [0, 0, 0, 1, 1, 1])
    assert together(grouping) == []
    assert grouping.grouped == 0
    assert len(np.unique(grouping.numbers)) == 6
    assert grouping.passed_over == ()
    assert dict(grouping.linked) == dict.fromkeys(KINDS, 0)


def test_the_users_groups_and_photos_of_none() -> None:
    groups = np.array([7, -1, 7, -1, 3, 7])
    grouping = infer(plain(6), [0, 0, 0, 1, 1, 1], groups=groups)
    assert together(grouping) == [[0, 2, 5]]
    assert grouping.grouped == 3
    assert grouping.linked["group"] == 3


def test_a_user_may_put_a_whole_class_together() -> None:
    grouping = infer(plain(6), [0, 0, 0, 1, 1, 1], groups=np.array([1, 1, 1, 2, 2, 2]))
    assert together(grouping) == [[0, 1, 2], [3, 4, 5]]
    assert grouping.passed_over == ()


def test_near_duplicates_hang_together_through_others() -> None:
    grouping = infer(plain(6), [0, 0, 0, 1, 1, 1], pairs=pairs((0, 4), (4, 5)))
    assert together(grouping) == [[0, 4, 5]]
    assert grouping.linked["duplicates"] == 3


def test_kinds_add_up() -> None:
    groups = np.array([1, 1, -1, -1, -1, -1])
    grouping = infer(plain(6), [0, 0, 0, 1, 1, 1], groups=groups, pairs=pairs((1, 2)))
    assert together(grouping) == [[0, 1, 2]]
    assert (grouping.linked["group"], grouping.linked["duplicates"]) == (2, 2)


@pytest.mark.parametrize("by", ["none", "group", "auto"])
def test_equal_bytes_stay_together_whatever_was_asked(by: str) -> None:
    grouping = infer(plain(6), [0, 0, 0, 1, 1, 1], by, contents=np.array([9, 4, 9, 2, 1, 0]))
    assert together(grouping) == [[0, 2]]


def test_only_what_was_asked_for_counts() -> None:
    groups = np.array([1, 1, -1, -1, -1, -1])
    grouping = infer(plain(6), [0, 0, 0, 1, 1, 1], "duplicates", groups=groups, pairs=pairs((3, 4)))
    assert together(grouping) == [[3, 4]]
    assert list(grouping.linked) == ["duplicates"]


def test_frames_of_one_video() -> None:
    names = [f"a/clip{video}_frame_{number}.jpg" for video in range(4) for number in (1, 2, 30)]
    grouping = infer(names, [0] * 12)
    assert together(grouping) == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]
    assert grouping.linked["frames"] == 12


def test_a_guess_that_swallows_a_class_is_passed_over() -> None:
    names = [f"cat/frame_{number}.jpg" for number in range(8)] + [f"dog/{name}" for name in plain(8)]
    grouping = infer(names, [0] * 8 + [1] * 8, "frames,duplicates", pairs=pairs((8, 9)))
    assert grouping.passed_over == ("frames",)
    assert together(grouping) == [[8, 9]]
    assert "frames" not in grouping.linked


def test_a_guess_about_very_small_classes_is_kept() -> None:
    grouping = infer(["a/frame_1.jpg", "a/frame_2.jpg", "b/x.jpg", "b/y.jpg"], [0, 0, 1, 1], "frames")
    assert together(grouping) == [[0, 1]]


def test_of_several_labels_a_guess_must_leave_something_to_measure_on() -> None:
    names = [f"photos/frame_{number}.jpg" for number in range(8)]
    sets = LabelSets.of([[0], [1], [0, 1], [0], [1], [0], [1], []])
    dataset = Dataset(Path("x"), names, np.full(8, -1), ("a", "b"), np.zeros(8, int), label_sets=sets)
    grouping = infer(names, [], "frames", dataset=dataset)
    assert grouping.passed_over == ("frames",)
    assert together(grouping) == []


def test_one_camera_within_seconds() -> None:
    taken = np.array([1000, 1002, 1005, 1002, 5000, 0, 0, 9000])
    cameras = np.array([b"A", b"A", b"A", b"B", b"A", b"", b"", b"C"])
    grouping = infer(plain(8), [0] * 8, taken=taken, camera=cameras)
    assert together(grouping) == [[0, 1, 2]]
    assert grouping.linked["time"] == 3


def test_time_that_is_the_same_for_all_says_nothing() -> None:
    grouping = infer(plain(8), [0, 0, 0, 0, 1, 1, 1, 1], taken=np.full(8, 1000), camera=np.full(8, b"A"))
    assert grouping.passed_over == ("time",)
    assert grouping.grouped == 0


def test_bursts_follow_each_other_and_look_alike() -> None:
    rng = np.random.default_rng(1)
    embeddings = rng.random((60, 16), np.float32)
    embeddings[21] = embeddings[20] + rng.normal(0, 0.005, 16)
    embeddings[22] = embeddings[20] + rng.normal(0, 0.005, 16)
    embeddings[40] = embeddings[20]  # alike, but taken at another time
    names = [f"a/IMG_{number:04d}.jpg" for number in range(60)]
    grouping = infer(names, [0] * 60, "bursts", embeddings=embeddings)
    assert [20, 21, 22] in together(grouping)
    assert grouping.numbers[40] != grouping.numbers[20]
    assert grouping.grouped < 8


def test_rows_choose_among_the_photos() -> None:
    names = [f"a/clip_{number // 3}_frame_{number}.jpg" for number in range(9)]
    dataset = Dataset(Path("x"), names, np.zeros(9, int), ("a",), np.zeros(9, int), groups=np.array([5] * 3 + [-1] * 6))
    rows = np.array([1, 2, 5, 8])
    grouping = infer_groups(
        dataset,
        rows,
        pixels=np.zeros(4, PIXELS),
        embeddings=np.zeros((4, 8), np.float32),
        contents=np.arange(4),
        pairs=NO_PAIRS,
        by="group",
    )
    assert together(grouping) == [[0, 1]]
