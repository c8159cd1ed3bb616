from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from foveal.data.dataset import Dataset
from foveal.data.options import ReadOptions
from foveal.data.read import read
from foveal.data.sources.name_pattern import NamePattern
from foveal.errors import FovealError

Tree = Callable[[str], Path]


def named(root: Path, pattern: str, *, labelled: bool = True) -> Dataset:
    return read(root, options=ReadOptions(label_from=pattern, labelled=labelled))


@pytest.mark.parametrize(
    ("pattern", "path", "said"),
    [
        ("{label}_{n}.jpg", "golden_retriever_7.jpg", {"label": "golden_retriever"}),
        ("{label}_{n}.jpg", "deep/er/cat_7.JPG", {"label": "cat"}),
        ("{n}-{label}.jpg", "7-a-b.jpg", {"label": "a-b"}),
        ("{label}_{group}_{n}", "a_b_p1_3.png", {"label": "a_b", "group": "p1"}),
        ("{label}{n}", "cat.001.png", {"label": "cat.00"}),
        ("{label}/{n}", "a/b/1.jpg", None),
        ("{label}/{label}_{n}", "a/a_1.jpg", {"label": "a"}),
        ("{label}/{label}_{n}", "a/b_1.jpg", None),
        ("{label}_{n}.jpg", "cat_1.png", None),
        ("IMG({label})", "img(a.b).jpg", {"label": "a.b"}),
        ("{label}", ".jpg", None),
    ],
)
def test_what_a_name_says(pattern: str, path: str, said: dict[str, str] | None) -> None:
    assert NamePattern(pattern).match(path) == said


def test_labels_parts_and_groups(tree: Tree) -> None:
    root = tree("train/b10/p1_1.png train/b10/p2_2.png train/b2/p1_3.png Valid/b2/p9_4.png")
    dataset = named(root, "{split}/{label}/{group}_{n}.png")
    assert dataset.class_names == ("b2", "b10")
    assert dataset.paths == ("train/b2/p1_3.png", "train/b10/p1_1.png", "train/b10/p2_2.png", "Valid/b2/p9_4.png")
    assert dataset.labels.tolist() == [0, 1, 1, 0]
    assert dataset.parts.tolist() == [0, 0, 0, 1]
    assert dataset.groups is not None
    assert dataset.groups.tolist() == [0, 0, 1, 2]
    assert dataset.findings == ()


def test_names_that_do_not_match_are_left_out_and_named(tree: Tree) -> None:
    dataset = named(tree("cat_1.jpg dog_2.jpg readme.jpg notes.txt"), "{label}_{n}")
    assert dataset.class_names == ("cat", "dog")
    found = {finding.code: finding.paths for finding in dataset.findings}
    assert found == {"name-not-matched": ("readme.jpg",), "not-photos": ("notes.txt",)}
    assert dataset.groups is None


def test_unlabelled_with_groups(tree: Tree) -> None:
    dataset = named(tree("p1_1.jpg p1_2.jpg p2_1.jpg"), "{group}_{n}", labelled=False)
    assert (dataset.class_names, dataset.labels.tolist()) == ((), [-1] * 3)
    assert dataset.groups is not None
    assert dataset.groups.tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("files", "pattern", "code", "said"),
    [
        ("a1.jpg a2.jpg a3.jpg a4.jpg", "{label}-{n}", "no-match", r"a1\.jpg, a2\.jpg, a3\.jpg and 1 more"),
        ("a-1.jpg", "{label}-{n", "bad-option", "in braces"),
        ("a-1.jpg a-2.jpg", "{label}-{n}", "one-class", "only 'a'"),
        ("x-a-1.jpg train-b-2.jpg", "{split}-{label}-{n}", "unknown-part", "got x"),
        ("train-a-1.jpg train-b-1.jpg test-c-2.jpg", "{split}-{label}-{n}", "class-mismatch", "c in test only"),
        ("notes.txt", "{label}-{n}", "no-photos", "suffix"),
    ],
)
def test_refusals(tree: Tree, files: str, pattern: str, code: str, said: str) -> None:
    root = tree(files)
    with pytest.raises(FovealError, match=said) as caught:
        named(root, pattern)
    assert caught.value.code == code


def test_the_form_by_name_needs_a_pattern(tree: Tree) -> None:
    with pytest.raises(FovealError, match="--label-from") as caught:
        read(tree("a_1.jpg"), source="names")
    assert caught.value.code == "bad-option"
