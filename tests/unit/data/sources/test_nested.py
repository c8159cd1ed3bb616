from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from foveal.data.dataset import Dataset
from foveal.data.options import ReadOptions
from foveal.data.read import read
from foveal.errors import FovealError

Tree = Callable[[str], Path]

HIERARCHY = "animal/cat/1.jpg animal/dog/2.jpg plant/rose/3.jpg vehicle/road/car/4.jpg"


def codes(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    return {finding.code: finding.paths for finding in dataset.findings}


def test_a_hierarchy(tree: Tree) -> None:
    dataset = read(tree(HIERARCHY))
    assert dataset.class_names == ("animal/cat", "animal/dog", "plant/rose", "vehicle/road/car")
    assert dataset.labels.tolist() == [0, 1, 2, 3]
    assert dataset.hierarchy["vehicle/road/car"] == ("vehicle", "vehicle/road")
    assert codes(dataset) == {"nested-classes": dataset.class_names}
    assert "--classes top" in dataset.findings[0].message


def test_a_hierarchy_in_parts(tree: Tree) -> None:
    files = HIERARCHY.split()
    dataset = read(tree(" ".join([f"train/{name}" for name in files] + [f"test/{name}" for name in files[:2]])))
    assert dataset.class_names == ("animal/cat", "animal/dog", "plant/rose", "vehicle/road/car")
    assert dataset.parts.tolist() == [0, 0, 0, 0, 2, 2]
    assert dataset.labels.tolist() == [0, 1, 2, 3, 0, 1]


def test_what_the_user_says_counts(tree: Tree) -> None:
    root = tree(HIERARCHY)
    top = read(root, options=ReadOptions(classes="top"))
    assert top.class_names == ("animal", "plant", "vehicle")
    assert top.findings == ()
    other = tree("more/1.jpg more/again/2.jpg")
    nested = read(other, options=ReadOptions(classes="nested"))
    assert {"more", "more/again", "animal/cat"} <= set(nested.class_names)
    assert nested.findings == ()


@pytest.mark.parametrize(
    "files",
    [
        "a/1.jpg a/x/2.jpg a/y/3.jpg b/z/4.jpg",  # a class folder holds photos itself
        "a/x/1.jpg b/y/2.jpg",  # no class folder holds two folders
        "a/left/1.jpg a/right/2.jpg b/left/3.jpg b/right/4.jpg",  # the same names in both
        "a/x/1.jpg a/x/y/2.jpg b/z/3.jpg",  # photos above photos
    ],
)
def test_what_is_no_hierarchy(tree: Tree, files: str) -> None:
    dataset = read(tree(files))
    assert dataset.class_names == ("a", "b")
    assert dataset.groups is None
    assert set(codes(dataset)) <= {"subfolders-joined"}


def test_folders_of_no_importance_are_named(tree: Tree) -> None:
    dataset = read(tree("a/left/1.jpg a/right/2.jpg b/left/3.jpg"))
    assert codes(dataset) == {"subfolders-joined": ("a/left", "a/right")}
    assert "--classes nested" in dataset.findings[0].message


@pytest.mark.parametrize("names", ["patient_001 patient_002", "2019-01-05 2019-01-06", "7 9"])
def test_numbered_folders_are_groups(tree: Tree, names: str) -> None:
    one, two = names.split()
    files = f"bad/{one}/visit1/1.jpg bad/{one}/visit2/2.jpg bad/{two}/3.jpg bad/4.jpg good/a1/5.jpg good/a1/6.jpg"
    dataset = read(tree(files))
    assert dataset.class_names == ("bad", "good")
    by_path = dict(zip(dataset.paths, [] if dataset.groups is None else dataset.groups.tolist(), strict=True))
    assert by_path[f"bad/{one}/visit1/1.jpg"] == by_path[f"bad/{one}/visit2/2.jpg"] != by_path[f"bad/{two}/3.jpg"]
    assert [by_path[path] for path in ("bad/4.jpg", "good/a1/5.jpg", "good/a1/6.jpg")] == [-1, -1, -1]
    assert codes(dataset) == {"subfolder-groups": (f"bad/{one}", f"bad/{two}")}


def test_numbered_folders_become_classes_when_asked(tree: Tree) -> None:
    dataset = read(tree("a/t1/1.jpg a/t2/2.jpg"), options=ReadOptions(classes="nested"))
    assert dataset.class_names == ("a/t1", "a/t2")
    assert dataset.groups is None


def test_one_folder_with_the_classes_in_it_is_named(tree: Tree) -> None:
    with pytest.raises(FovealError) as caught:
        read(tree("photos/cat/1.jpg photos/dog/2.jpg"))
    assert caught.value.code == "one-class"
    assert "one level down" in caught.value.hint
