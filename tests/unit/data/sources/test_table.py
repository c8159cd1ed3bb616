from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foveal.data.dataset import Dataset
from foveal.data.options import ReadOptions
from foveal.data.read import read
from foveal.data.sources import source
from foveal.errors import FovealError

Tree = Callable[[str], Path]


def table(folder: Path, text: str, name: str = "labels.csv", *, encoding: str = "utf-8") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def codes(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    return {finding.code: finding.paths for finding in dataset.findings}


def refusal(path: Path, **options: Any) -> FovealError:
    with pytest.raises(FovealError) as caught:
        read(path, options=ReadOptions(**options))
    assert caught.value.hint
    return caught.value


def labels_of(dataset: Dataset) -> dict[str, str | None]:
    names = [*dataset.class_names, None]
    return {path: names[label] for path, label in zip(dataset.paths, dataset.labels.tolist(), strict=True)}


def test_paths_labels_parts_and_groups(tree: Tree) -> None:
    root = tree("a/1.jpg a/2.jpg b/3.jpg")
    text = "file,species,split,patient,note\na/1.jpg,cat,Train,p1,x\n./a/2.jpg,dog,training,p2,\nb/3.jpg,cat,DEV,p1,\n"
    dataset = read(table(root, text, "all.csv"))
    assert dataset.root == root
    assert dataset.paths == ("a/1.jpg", "a/2.jpg", "b/3.jpg")
    assert dataset.class_names == ("cat", "dog")
    assert dataset.labels.tolist() == [0, 1, 0]
    assert dataset.parts.tolist() == [0, 0, 1]
    assert dataset.groups is not None
    assert dataset.groups.tolist() == [0, 1, 0]
    assert dataset.findings == ()
    assert dataset.photo(2) == root / "b/3.jpg"


def test_unlabelled_needs_a_path_only(tree: Tree) -> None:
    path = table(tree("1.jpg"), "photo,class,species\n1.jpg,a,b\n")
    dataset = read(path, options=ReadOptions(labelled=False))
    assert (dataset.paths, dataset.labels.tolist(), dataset.class_names) == (("1.jpg",), [-1], ())


@pytest.mark.parametrize(
    ("name", "text", "encoding"),
    [
        ("t.csv", "path,label\n1.jpg,é\n2.jpg,b\n", "utf-8-sig"),
        ("t.csv", "path;label\r\n1.jpg;é\r\n2.jpg;b\r\n", "utf-16"),
        ("t.csv", "path\tlabel\r1.jpg\té\r2.jpg\tb\r", "utf-8"),
        ("t.csv", "sep=;\r\npath;label\r\n1.jpg;é\r\n2.jpg;b\r\n", "utf-8-sig"),
        ("t.csv", "sep=|\npath|label\n1.jpg|é\n2.jpg|b\n", "utf-8"),
        ("t.tsv", "path\tlabel\n1.jpg\té\n\n2.jpg\tb", "utf-8"),
        ("t.CSV", '"path", "label"\n1.jpg, é\n"2.jpg","b"\n', "utf-8"),
        ("t.jsonl", '{"path": "1.jpg", "label": "é"}\n\n{"label": "b", "path": "2.jpg", "x": {}}\n', "utf-8-sig"),
    ],
)
def test_spellings_of_text(tmp_path: Path, name: str, text: str, encoding: str) -> None:
    dataset = read(table(tmp_path, text, name, encoding=encoding))
    assert labels_of(dataset) == {"1.jpg": "é", "2.jpg": "b"}


@pytest.mark.parametrize(
    ("name", "content", "code", "said"),
    [
        ("t.csv", "path,label\n1.jpg,caf\xe9\n".encode("latin-1"), "table-unreadable", "UTF-8"),
        ("t.csv", "p\xe9,label\n".encode("latin-1"), "table-unreadable", "line 1"),
        ("t.csv", "path,label\n1.jpg,a\n".encode("utf-16-le"), "table-unreadable", "zero bytes"),
        ("t.jsonl", '{"path": "\xe9"}'.encode("latin-1"), "table-unreadable", "UTF-8"),
        ("t.csv", b"path,label\n1.jpg,a,b\n", "table-unreadable", "line 2.*3 cells for 2 columns"),
        ("t.csv", b"sep=;\npath;label\n1.jpg;a;b\n", "table-unreadable", "line 3.*3 cells for 2 columns"),
        ("t.csv", b'path,label\n"1.jpg,a\n2.jpg,b\n', "table-unreadable", "line 3"),
        ("t.csv", b'path,label\n"1".jpg,a\n', "table-unreadable", "line 2"),
        ("t.csv", b"", "table-header", "empty"),
        ("t.csv", b"1.jpg,cat\n2.jpg,dog\n", "table-header", r"1\.jpg, cat"),
        ("t.csv", b"path,path,label\n1.jpg,2.jpg,a\n", "table-header", "got 2"),
        ("t.jsonl", b"\n", "table-header", "empty"),
        ("t.jsonl", b'{"path": "1.jpg"}\n[1]\n', "table-unreadable", "line 2.*list"),
        ("t.jsonl", b'{"path": \n', "table-unreadable", "line 1"),
        ("t.jsonl", b"[" * 100_000, "table-unreadable", "line 1"),
        ("t.parquet", b"PAR1 no", "table-unreadable", "expected a table"),
        ("t.csv", b"path,label\n", "no-photos", "none"),
        ("t.csv", b"path,label\n1.jpg,a\n2.jpg,a\n", "one-class", "only 'a'"),
        ("t.csv", b"path,label\n1.jpg,\n", "one-class", "no label"),
        ("t.csv", b"path,labels\n1.jpg,\n", "one-class", "none in any row"),
        ("t.csv", b"where,label\n1.jpg,a\n", "table-columns", "where, label"),
        ("t.csv", b"path,what\n1.jpg,a\n", "table-columns", "label, got path, what"),
        ("t.csv", b"path,class,species\n1.jpg,a,b\n", "table-columns", "class, species"),
        ("t.csv", b"path,label,labels\n1.jpg,a,b\n", "table-columns", "label, labels"),
        ("t.csv", b"path,label,split\n1.jpg,a,maybe\n2.jpg,b,\n", "unknown-part", r"maybe, \(nothing\)"),
        ("t.csv", b"path,label,split\n1.jpg,a,train\n2.jpg,b,train\n3.jpg,c,test\n", "class-mismatch", "c in test"),
        ("t.jsonl", b'{"path": "1.jpg", "label": ["a", "b"]}', "table-labels", "one label"),
        ("t.jsonl", b'{"path": {"a": 1}, "label": "a"}', "table-labels", "dict"),
        ("t.csv", b"path,label\nhttp://a.b/1.jpg,a\n", "photos-elsewhere", "addresses"),
    ],
)
def test_refusals(tmp_path: Path, name: str, content: bytes, code: str, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FovealError, match=said) as caught:
        read(tmp_path / name)
    assert caught.value.code == code
    assert name in caught.value.message


def test_columns_that_the_user_names(tmp_path: Path) -> None:
    text = "id,where,class,species,label\n7,1.jpg,a,x,n\n8,2.jpg,b,y,n\n"
    path = table(tmp_path, text)
    assert "--columns label=class" in refusal(path, columns={"path": "where"}).hint
    dataset = read(path, options=ReadOptions(columns={"path": "where", "label": "species"}))
    assert labels_of(dataset) == {"1.jpg": "x", "2.jpg": "y"}
    many = read(path, options=ReadOptions(columns={"path": "where", "labels": "species"}))
    assert many.multi_label
    assert refusal(path, columns={"label": "speceis"}).code == "unknown-name"
    assert refusal(path, columns={"image": "where"}).code == "bad-option"
    assert refusal(path, columns={"label": "class", "labels": "species"}).code == "bad-option"


def test_several_labels_in_text(tmp_path: Path) -> None:
    dataset = read(table(tmp_path, "path,tags\n1.jpg,b|a b|b\n2.jpg,\n3.jpg,a b\n"))
    assert dataset.class_names == ("a b", "b")
    assert dataset.targets().tolist() == [[True, True], [False, False], [True, False]]
    assert list(codes(dataset)) == ["photos-not-found"]


def test_a_separator_far_down_counts_for_all_rows(tmp_path: Path) -> None:
    rows = "".join(f"{i}.jpg,one two\n" for i in range(3000))
    assert read(table(tmp_path, f"path,labels\n{rows}z.jpg,one two;three\n")).class_names == ("one two", "three")


def test_labels_split_at_blanks_are_a_finding(tmp_path: Path) -> None:
    path = table(tmp_path, "path,labels\n1.jpg,fog rain\n2.jpg,sun\n")
    dataset = read(path)
    assert dataset.class_names == ("fog", "rain", "sun")
    assert list(codes(dataset)) == ["photos-not-found", "labels-split-at-blanks"]
    assert read(path, options=ReadOptions(separator="/")).class_names == ("fog rain", "sun")


def test_labels_that_are_lists(tmp_path: Path) -> None:
    lines = [
        {"file_name": "1.jpg", "labels": ["b", "a, c"]},
        {"file_name": "2.jpg", "labels": []},
        {"file_name": "3.jpg"},
    ]
    dataset = read(table(tmp_path, "\n".join(map(json.dumps, lines)), "t.jsonl"))
    assert dataset.class_names == ("a, c", "b")
    assert dataset.targets().sum(axis=1).tolist() == [2, 0, 0]


def test_labels_that_only_test_has_are_a_finding(tmp_path: Path) -> None:
    dataset = read(table(tmp_path, "path,labels,split\n1.jpg,a,train\n2.jpg,a|b,test\n"))
    assert codes(dataset)["label-not-in-train"] == ("b",)


def test_numbers_are_names_in_the_order_of_their_values(tmp_path: Path) -> None:
    dataset = read(table(tmp_path, "path,label\n1.jpg,10\n2.jpg,-1\n3.jpg,9\n"))
    assert dataset.class_names == ("-1", "9", "10")
    lines = '{"path": "1.jpg", "label": 10}\n{"path": "2.jpg", "label": 9.0}\n{"path": "3.jpg", "label": true}'
    assert read(table(tmp_path, lines, "t.jsonl")).class_names == ("9", "10", "true")


def test_rows_without_label_or_path(tmp_path: Path) -> None:
    dataset = read(table(tmp_path, "path,label\n1.jpg,a\n2.jpg\n,b\n3.jpg,B\n4.jpg,b\n"))
    assert labels_of(dataset) == {"1.jpg": "a", "2.jpg": None, "3.jpg": "B", "4.jpg": "b"}
    found = codes(dataset)
    assert found["row-without-label"] == ("2.jpg",)
    assert found["row-without-path"] == ("row 3",)
    assert found["classes-alike"] == ("B / b",) or found["classes-alike"] == ("b / B",)


def test_rows_that_name_one_photo(tmp_path: Path) -> None:
    text = (
        "path,label,split\n1.jpg,a,train\n./1.jpg,a,train\n2.jpg,a,train\n2.jpg,b,train\n3.jpg,,train\n3.jpg,b,train\n"
    )
    dataset = read(table(tmp_path, f"{text}4.jpg,a,train\n4.jpg,a,test\n5.jpg,b,train\n"))
    assert labels_of(dataset) == {"1.jpg": "a", "3.jpg": "b", "5.jpg": "b"}
    found = codes(dataset)
    assert set(found["row-repeated"]) == {"1.jpg", "3.jpg"}
    assert set(found["rows-disagree"]) == {"2.jpg", "4.jpg"}


def test_rows_of_one_photo_add_up_where_it_may_have_several_labels(tmp_path: Path) -> None:
    dataset = read(table(tmp_path, "path,labels\n1.jpg,b\n2.jpg,a\n1.jpg,a\n3.jpg,\n"))
    assert dataset.paths == ("1.jpg", "2.jpg", "3.jpg")
    assert dataset.targets().tolist() == [[True, True], [True, False], [False, False]]


def test_parquet(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    columns = {"path": ["1.jpg", "2.jpg", "3.jpg"], "label": [2, 10, None], "split": ["train", "train", "test"]}
    parquet.write_table(arrow.table(columns), tmp_path / "t.parquet")
    dataset = read(tmp_path / "t.parquet", source="table")
    assert labels_of(dataset) == {"1.jpg": "2", "2.jpg": "10", "3.jpg": None}
    assert dataset.parts.tolist() == [0, 0, 2]
    lists = {"file": ["1.jpg", "2.jpg"], "labels": [["b", "a"], []], "image": [b"x", b"y"]}
    parquet.write_table(arrow.table(lists), tmp_path / "m.parquet")
    many = read(tmp_path / "m.parquet", source="table")
    assert many.paths == ("1.jpg", "2.jpg")
    assert many.targets().tolist() == [[True, True], [False, False]]


@pytest.mark.parametrize(
    ("files", "cells", "paths"),
    [
        ("t/x images/1.jpg", "1.jpg", "images/1.jpg"),
        ("images/1.png other/2.png", "1", "images/1.png"),
        ("1.jpg", "1", "1.jpg"),
        ("a/1.jpg", "a\\1.jpg", "a/1.jpg"),
    ],
)
def test_paths_that_need_completing(tree: Tree, files: str, cells: str, paths: str) -> None:
    root = tree(files)
    dataset = read(table(root, f"image,label\n{cells},a\nno.jpg,b\n", "any.csv"))
    assert dataset.paths[0] == paths
    assert dataset.photo(0).is_file()
    assert ("paths-completed" in codes(dataset)) == ("\\" not in cells)
    assert "photos-not-found" not in codes(dataset)


def test_paths_from_the_folder_above(tree: Tree) -> None:
    root = tree("photos/1.jpg lists/x")
    dataset = read(table(root / "lists", "path,label\n1.jpg,a\n2.jpg,b\n", "any.csv"))
    assert dataset.photo(0).is_file()
    absolute = read(table(root / "lists", f"path,label\n{root}/photos/1.jpg,a\n2.jpg,b\n", "any.csv"))
    assert absolute.photo(0) == root / "photos/1.jpg"
    assert absolute.findings == ()


def test_two_folders_that_would_do(tree: Tree) -> None:
    error = refusal(table(tree("x/1.jpg y/1.jpg"), "path,label\n1.jpg,a\n2.jpg,b\n"))
    assert error.code == "photos-elsewhere"
    assert "x/, y/" in error.message


def test_a_folder_with_a_table(tree: Tree) -> None:
    root = tree("images/1.jpg images/2.jpg notes.txt")
    table(root, "file_name,label\nimages/1.jpg,a\nimages/2.jpg,b\n", "metadata.csv")
    assert labels_of(read(root)) == {"images/1.jpg": "a", "images/2.jpg": "b"}
    assert read(root, options=ReadOptions(labelled=False)).class_names == ()
    assert len(read(root, options=ReadOptions(labelled=False))) == 2


def test_a_table_a_part(tree: Tree) -> None:
    root = tree("train/1.jpg train/2.jpg test/3.jpg")
    table(root, "path,label\ntrain/1.jpg,a\ntrain/2.jpg,b\n", "train.csv")
    table(root, "path\ntest/3.jpg\n", "test.csv")
    dataset = read(root)
    assert labels_of(dataset) == {"train/1.jpg": "a", "train/2.jpg": "b", "test/3.jpg": None}
    assert dataset.parts.tolist() == [0, 0, 2]


def test_a_competition_with_names_without_suffix(tree: Tree) -> None:
    root = tree("train/a.jpg train/b.jpg test/c.jpg")
    table(root, "id,breed\na,x\nb,y\n", "train.csv")
    table(root, "id\nc\n", "test.csv")
    table(root, "id,x,y\n", "sample_submission.csv")
    assert "--columns label=breed" in refusal(root).hint
    dataset = read(root, options=ReadOptions(columns={"label": "breed"}))
    assert labels_of(dataset) == {"train/a.jpg": "x", "train/b.jpg": "y", "test/c.jpg": None}
    assert dataset.parts.tolist() == [0, 0, 2]
    assert codes(dataset)["paths-completed"] == ("train/….jpg", "test/….jpg")


def test_a_hugging_face_image_folder(tree: Tree) -> None:
    root = tree("train/1.jpg train/2.jpg test/3.jpg")
    table(
        root / "train", '{"file_name": "1.jpg", "label": "a"}\n{"file_name": "2.jpg", "label": "b"}', "metadata.jsonl"
    )
    table(root / "test", "file_name,label\n3.jpg,a\n", "metadata.csv")
    dataset = read(root)
    assert labels_of(dataset) == {"train/1.jpg": "a", "train/2.jpg": "b", "test/3.jpg": "a"}
    assert dataset.parts.tolist() == [0, 0, 2]
    assert dataset.findings == ()


def test_class_folders_win_unless_columns_are_named(tree: Tree) -> None:
    root = tree("cat/1.jpg dog/2.jpg")
    table(root, "path,label\ncat/1.jpg,x\ndog/2.jpg,y\n")
    assert read(root).class_names == ("cat", "dog")
    assert read(root, options=ReadOptions(columns={"label": "label"})).class_names == ("x", "y")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "labels.csv")
    assert not source("table").detect(tmp_path / "labels.csv")
    for place in (tmp_path, tmp_path / "labels.csv"):
        with pytest.raises(FovealError, match="a pipe") as caught:
            read(place, source="table")
        assert caught.value.code == "table-unreadable"


def test_a_folder_with_two_tables_is_not_guessed_at(tree: Tree) -> None:
    root = tree("cat/1.jpg dog/2.jpg")
    table(root, "path,label\ncat/1.jpg,x\ndog/2.jpg,y\n")
    table(root, "path,label\ncat/1.jpg,x\ndog/2.jpg,z\n", "metadata.csv")
    assert read(root).class_names == ("cat", "dog")
    with pytest.raises(FovealError) as caught:
        read(root, source="table")
    assert caught.value.code == "no-table"
