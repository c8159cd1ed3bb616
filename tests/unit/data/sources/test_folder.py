from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from foveal.data.dataset import Dataset
from foveal.data.options import ReadOptions
from foveal.data.sources import SOURCES, source
from foveal.data.sources.folder import FolderSource
from foveal.errors import FovealError

Tree = Callable[[str], Path]

posix_names = pytest.mark.skipif(sys.platform != "linux", reason="needs a file system that keeps bytes and letter case")


def labelled(root: Path) -> Dataset:
    return FolderSource().read(root, ReadOptions(labelled=True))


def codes(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    return {finding.code: finding.paths for finding in dataset.findings}


def refusal(root: Path, *, with_labels: bool = True) -> FovealError:
    with pytest.raises(FovealError) as caught:
        FolderSource().read(root, ReadOptions(labelled=with_labels))
    return caught.value


def test_the_table_holds_it(tree: Tree) -> None:
    assert "folder" in SOURCES
    found = source("folder")
    assert isinstance(found, FolderSource)
    root = tree("a.jpg")
    assert found.detect(root)
    assert not found.detect(root / "a.jpg")


def test_class_folders_in_natural_order_with_nested_photos(tree: Tree) -> None:
    dataset = labelled(tree("c10/a.jpg c2/b.PNG c2/deep/er/c.webp C1/x10.jpg C1/x9.jpg"))
    assert dataset.class_names == ("C1", "c2", "c10")
    assert dataset.paths == ("C1/x9.jpg", "C1/x10.jpg", "c2/b.PNG", "c2/deep/er/c.webp", "c10/a.jpg")
    assert dataset.labels.tolist() == [0, 0, 1, 1, 2]
    assert dataset.parts.tolist() == [0] * 5
    assert dataset.findings == ()


def test_hidden_and_system_files_do_not_exist(tree: Tree) -> None:
    ignored = ".git/1.jpg __MACOSX/1.jpg Thumbs.db cat/.hidden.jpg cat/desktop.ini cat/.DS_Store dog/__MACOSX/2.jpg"
    dataset = labelled(tree(f"cat/1.jpg dog/2.jpg {ignored}"))
    assert dataset.paths == ("cat/1.jpg", "dog/2.jpg")
    assert dataset.findings == ()


def test_findings_name_what_was_left_out(tree: Tree) -> None:
    dataset = labelled(tree("cat/1.jpg dog/2.jpg dog/notes.txt README.md loose.jpg empty/ only-text/x.csv"))
    assert codes(dataset) == {
        "empty-class": ("empty", "only-text"),
        "photos-outside-classes": ("loose.jpg",),
        "not-photos": ("README.md", "dog/notes.txt", "only-text/x.csv"),
    }
    assert dataset.class_names == ("cat", "dog")
    assert any("are not photos by their suffix, left out (3)" in finding.message for finding in dataset.findings)


def test_a_finding_stays_short(tree: Tree) -> None:
    dataset = labelled(tree("cat/1.jpg dog/2.jpg " + " ".join(f"cat/{i}.txt" for i in range(50))))
    (finding,) = dataset.findings
    assert len(finding.paths) == 20
    assert "(50)" in finding.message
    assert finding.message.endswith("and 45 more")


@pytest.mark.parametrize("val", ["val", "valid", "Validation"])
def test_parts(tree: Tree, val: str) -> None:
    dataset = labelled(tree(f"TRAIN/cat/1.jpg TRAIN/dog/2.jpg {val}/dog/3.jpg test/cat/4.jpg labels.csv .cache/x.jpg"))
    assert dataset.paths == ("TRAIN/cat/1.jpg", "TRAIN/dog/2.jpg", f"{val}/dog/3.jpg", "test/cat/4.jpg")
    assert dataset.labels.tolist() == [0, 1, 1, 0]
    assert dataset.parts.tolist() == [0, 0, 1, 2]
    assert list(codes(dataset)) == ["not-photos"]


def test_train_alone_is_a_part(tree: Tree) -> None:
    assert labelled(tree("train/cat/1.jpg train/dog/2.jpg")).class_names == ("cat", "dog")


@pytest.mark.parametrize(
    "names",
    ["train/1.jpg bus/2.jpg", "val/1.jpg test/2.jpg", "train/a/1.jpg bus/2.jpg", "train/1.jpg bus/3.jpg empty/"],
)
def test_folders_called_like_parts_can_be_classes(tree: Tree, names: str) -> None:
    assert len(labelled(tree(names)).class_names) == 2


def test_photos_of_a_part_without_class_folders_are_a_finding(tree: Tree) -> None:
    dataset = labelled(tree("train/cat/1.jpg train/dog/2.jpg test/3.jpg"))
    assert codes(dataset) == {"photos-outside-classes": ("test/3.jpg",)}
    assert len(dataset.part("test")) == 0


@pytest.mark.parametrize(
    ("beside", "code"),
    [("notes/readme.txt", "empty-class"), ("unlabelled/9.jpg", "photos-outside-classes")],
)
def test_folders_beside_the_parts(tree: Tree, beside: str, code: str) -> None:
    dataset = labelled(tree(f"train/cat/1.jpg train/dog/2.jpg val/cat/3.jpg val/dog/4.jpg {beside}"))
    assert dataset.class_names == ("cat", "dog")
    assert dataset.parts.tolist() == [0, 0, 1, 1]
    assert code in codes(dataset)


def test_a_class_that_train_lacks(tree: Tree) -> None:
    error = refusal(tree("train/cat/1.jpg train/dog/2.jpg train/owl/ test/owl/3.jpg"))
    assert error.code == "class-mismatch"
    assert "got owl in test only" in error.message


def test_an_empty_class_folder_in_test_is_no_mismatch(tree: Tree) -> None:
    dataset = labelled(tree("train/cat/1.jpg train/dog/2.jpg test/owl/"))
    assert codes(dataset) == {"empty-class": ("test/owl",)}


def test_two_folders_for_one_part(tree: Tree) -> None:
    error = refusal(tree("train/a/1.jpg train/b/1.jpg val/a/1.jpg valid/a/1.jpg"))
    assert error.code == "part-twice"
    assert "val, valid" in error.message


@posix_names
@pytest.mark.parametrize(
    "names", ["Cat/1.jpg cat/2.jpg dog/3.jpg", "train/Cat/1.jpg train/dog/2.jpg test/cat/3.jpg test/dog/4.jpg"]
)
def test_letter_case_alone_does_not_tell_classes_apart(tree: Tree, names: str) -> None:
    error = refusal(tree(names))
    assert error.code == "class-case"
    assert "'Cat' and 'cat'" in error.message


@posix_names
def test_unicode_spellings_become_one_name(tree: Tree) -> None:
    assert labelled(tree("cafe\u0301/1.jpg dog/2.jpg")).class_names == ("café", "dog")
    error = refusal(tree("caf\u00e9/2.jpg"))
    assert error.code == "class-twice"
    assert r"'cafe\u0301'" in error.message


@posix_names
def test_spellings_may_differ_between_parts(tree: Tree) -> None:
    dataset = labelled(tree("train/cafe\u0301/1.jpg train/dog/2.jpg test/caf\u00e9/3.jpg"))
    assert dataset.labels.tolist() == [0, 1, 0]


@posix_names
def test_undecodable_names_survive(tree: Tree) -> None:
    root = tree("dog/2.jpg")
    folder = os.fsencode(root) + b"/caf\xe9"
    os.mkdir(folder)  # noqa: PTH102
    os.close(os.open(folder + b"/\xff.jpg", os.O_CREAT))
    dataset = labelled(root)
    assert dataset.class_names == ("caf\\udce9", "dog")
    assert dataset.photo(0).exists()
    assert list(codes(dataset)) == ["undecodable-name"]
    assert all(finding.message.encode() for finding in dataset.findings)


@pytest.mark.parametrize(
    ("names", "said"),
    [("", "got no files"), ("a/ b/", "got no files"), ("a/x.txt b/y.mp4", r"only files that are not photos.*a/x\.txt")],
)
@pytest.mark.parametrize("with_labels", [True, False])
def test_no_photos_says_what_there_was(tree: Tree, names: str, said: str, with_labels: bool) -> None:
    error = refusal(tree(names), with_labels=with_labels)
    assert error.code == "no-photos"
    assert ("cat/  1.jpg" in error.hint) is with_labels
    with pytest.raises(FovealError, match=said):
        raise error


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("cat/1.jpg", "got only 'cat'"),
        ("cat/1.jpg dog/", "got only 'cat'"),
        ("1.jpg 2.jpg", "got none, and photos outside class folders (2)"),
        ("train/1.jpg test/2.jpg", "train, got none, and photos outside"),
    ],
)
def test_one_class_shows_the_tree(tree: Tree, names: str, said: str) -> None:
    error = refusal(tree(names))
    assert error.code == "one-class"
    assert said in error.message
    assert "cat/  1.jpg" in error.hint
    assert ("--label-from '{label}_{n}.jpg'" in error.hint) == ("outside" in said)


def test_one_class_that_holds_the_classes_is_pointed_at(tree: Tree) -> None:
    error = refusal(tree("dataset/cat/1.jpg dataset/dog/2.jpg"))
    assert error.code == "one-class"
    assert "one level down (cat, dog), name " in error.hint
    assert "dataset instead" in error.hint


def test_unlabelled_takes_every_photo_below(tree: Tree) -> None:
    dataset = FolderSource().read(tree("z.jpg a/2.jpg a/10.jpg train/x/1.jpg n.txt"), ReadOptions(labelled=False))
    assert dataset.paths == ("z.jpg", "a/2.jpg", "a/10.jpg", "train/x/1.jpg")
    assert dataset.labels.tolist() == [-1] * 4
    assert (dataset.class_names, list(codes(dataset))) == ((), ["not-photos"])
