from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foveal.data.options import ReadOptions
from foveal.data.read import read, read_many
from foveal.errors import FovealError

Tree = Callable[[str], Path]


def test_a_folder_of_classes(tree: Tree) -> None:
    root = tree("cat/1.jpg dog/2.jpg")
    dataset = read(root)
    assert dataset.class_names == ("cat", "dog")
    assert dataset.photo(0) == root / "cat/1.jpg"
    assert read(str(root)).paths == dataset.paths


def test_home_is_understood(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree("cat/1.jpg dog/2.jpg")
    monkeypatch.setenv("HOME", str(root.parent))
    monkeypatch.setenv("USERPROFILE", str(root.parent))
    assert len(read("~/photos")) == 2


def test_a_missing_path_names_the_near_ones(tree: Tree) -> None:
    root = tree("cat/1.jpg dog/2.jpg")
    with pytest.raises(FovealError, match=r"did you mean .*photos") as caught:
        read(root.parent / "fotos")
    assert caught.value.code == "not-found"
    with pytest.raises(FovealError, match=r"nothing in .* has a name like it"):
        read(root.parent / "zzzzzzz")
    with pytest.raises(FovealError, match=r"no folder .*nowhere"):
        read(root / "nowhere" / "cat")


@pytest.mark.parametrize("labelled", [True, False])
def test_a_name_that_no_system_allows_is_not_found(labelled: bool) -> None:
    for name in ("a\0b", "x" * 5000):
        with pytest.raises(FovealError) as caught:
            read(name, options=ReadOptions(labelled=labelled))
        assert caught.value.code == "not-found"


def test_a_file_is_no_folder_of_classes_but_a_dataset_of_one(tree: Tree) -> None:
    photo = tree("cat/1.jpg") / "cat/1.jpg"
    with pytest.raises(FovealError, match=r"got the file .*1\.jpg") as caught:
        read(photo)
    assert caught.value.code == "not-a-folder"
    one = read(photo, options=ReadOptions(labelled=False))
    assert (len(one), one.photo(0), one.labels.tolist(), one.class_names) == (1, photo, [-1], ())


def test_a_file_that_is_named_counts_whatever_its_suffix(tree: Tree) -> None:
    assert len(read(tree("upload.tmp") / "upload.tmp", options=ReadOptions(labelled=False))) == 1


@pytest.mark.parametrize(
    ("files", "given", "said"),
    [
        ("cat/1.jpg dog/2.jpg", {"separator": ";"}, "--separator is for tables"),
        ("cat/1.jpg dog/2.jpg", {"columns": {"label": "x"}}, "--columns is for tables, and photos in Parquet"),
        (
            "a_1.jpg b_1.jpg",
            {"label_from": "{label}_{n}", "classes": "top"},
            "--classes is for folders in class folders",
        ),
    ],
)
def test_an_option_without_a_use_says_what_it_is_for(tree: Tree, files: str, given: dict[str, Any], said: str) -> None:
    with pytest.raises(FovealError, match="read as") as caught:
        read(tree(files), options=ReadOptions(**given))
    assert caught.value.code == "bad-option"
    assert said in caught.value.hint


@pytest.mark.parametrize(
    ("given", "said"),
    [({"separator": ""}, r"separator \(--separator\):"), ({"label_from": "{n}.jpg"}, r"label_from \(--label-from\):")],
)
def test_options_are_named_as_in_python_and_on_the_command_line(given: dict[str, str], said: str) -> None:
    with pytest.raises(FovealError, match=said):
        ReadOptions(**given)  # type: ignore[arg-type]


def test_several_keep_their_order_and_count_once(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree("b/2.jpg b/10.jpg a/1.jpg z.jpg")
    monkeypatch.chdir(root)
    dataset = read_many(["z.jpg", "b", "a/1.jpg", "./b/2.jpg", root / "a"])
    assert dataset.paths == ("z.jpg", "b/2.jpg", "b/10.jpg", "a/1.jpg")
    assert all(dataset.photo(i).exists() for i in range(4))
    assert dataset.labels.tolist() == [-1] * 4


def test_several_bring_their_findings_with_usable_paths(tree: Tree) -> None:
    root = tree("a/1.jpg a/n.txt b/2.jpg")
    (finding,) = read_many([root / "a", root / "b"]).findings
    assert finding.code == "not-photos"
    assert [Path(path) for path in finding.paths] == [root / "a/n.txt"]


def test_several_with_missing_ones_name_all_of_them(tree: Tree) -> None:
    root = tree("a/1.jpg")
    with pytest.raises(FovealError, match=r"one\.jpg, .*two\.jpg") as caught:
        read_many([root / "one.jpg", root / "a", root / "two.jpg"])
    assert caught.value.code == "not-found"


def test_several_of_none_and_of_one(tree: Tree) -> None:
    with pytest.raises(FovealError, match="1 or more"):
        read_many([])
    root = tree("a/1.jpg")
    assert read_many([root]).root == root


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may open every folder")
def test_a_folder_on_the_way_that_may_not_be_opened(tree: Tree) -> None:
    root = tree("locked/cat/1.jpg")
    (root / "locked").chmod(0)
    try:
        with pytest.raises(FovealError, match="on the way") as caught:
            read(root / "locked" / "cat")
    finally:
        (root / "locked").chmod(0o700)
    assert caught.value.code == "no-permission"
