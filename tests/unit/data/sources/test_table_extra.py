from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from foveal.data.read import read
from foveal.data.sources.table_extra import extra_columns, table_columns
from foveal.errors import FovealError

Tree = Callable[[str], Path]
PHOTOS = "cat/1.jpg cat/2.jpg dog/1.jpg dog/3.jpg"


def table(path: Path, *rows: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def refused(place: Path, photos: Path, *names: str) -> FovealError:
    with pytest.raises(FovealError) as caught:
        extra_columns(place, read(photos), names)
    assert caught.value.hint
    return caught.value


def test_photos_are_found_by_their_paths_below_the_table(tree: Tree, tmp_path: Path) -> None:
    root = tree(PHOTOS)
    place = table(tmp_path / "t.csv", "path,site,age", "photos/cat/1.jpg,north,7", "photos/dog/3.jpg,south,")
    found = extra_columns(place, read(root), ["age", "site"])
    assert found == {"age": ["7", "", "", ""], "site": ["north", "", "", "south"]}


def test_photos_are_found_by_their_paths_below_their_own_folder(tree: Tree, tmp_path: Path) -> None:
    root = tree(PHOTOS)
    place = table(tmp_path / "elsewhere" / "t.csv", "file,site", "cat/2.jpg,north", "dog/1.jpg,south")
    assert extra_columns(place, read(root), ["site"]) == {"site": ["", "north", "south", ""]}


def test_photos_are_found_by_their_whole_paths(tree: Tree, tmp_path: Path) -> None:
    root = tree(PHOTOS)
    place = table(tmp_path / "elsewhere" / "t.csv", "path,site", f"{root}/cat/1.jpg,north", f"{root}/dog/1.jpg,south")
    assert extra_columns(place, read(root), ["site"]) == {"site": ["north", "", "south", ""]}
    roundabout = root / "cat" / ".."
    assert extra_columns(place, read(roundabout), ["site"]) == {"site": ["north", "", "south", ""]}


def test_a_file_name_counts_where_one_row_has_it(tree: Tree, tmp_path: Path) -> None:
    root = tree(PHOTOS)
    place = table(tmp_path / "x" / "t.csv", "photo,site", "old/1.jpg,a", "old/2.jpg,b", "older/1.jpg,c", "3.jpg,d")
    assert extra_columns(place, read(root), ["site"]) == {"site": ["", "b", "", "d"]}


def test_a_folder_brings_its_own_table(tree: Tree) -> None:
    root = tree(PHOTOS)
    place = table(root / "labels.csv", "path,label,site", "cat/1.jpg,cat,north", "dog/1.jpg,dog,south")
    for where in (root, place):
        assert extra_columns(where, read(place), ["site"])["site"] == ["north", "south"]
        assert extra_columns(where, read(root), ["site"])["site"] == ["north", "", "south", ""]
    assert table_columns(root) == {"path", "label", "site"}


def test_tables_of_parts_are_read_together(tree: Tree) -> None:
    root = tree(PHOTOS)
    table(root / "train.csv", "path,label,site,extra", "cat/1.jpg,cat,north,x", "dog/1.jpg,dog,north,x")
    table(root / "test.csv", "path,label,site", "cat/2.jpg,cat,south", "dog/3.jpg,dog,south")
    dataset = read(root)
    found = dict(zip(dataset.paths, extra_columns(root, dataset, ["site"])["site"], strict=True))
    assert found == {"cat/1.jpg": "north", "dog/1.jpg": "north", "cat/2.jpg": "south", "dog/3.jpg": "south"}
    assert table_columns(root) == {"path", "label", "site"}


def test_the_column_of_the_paths_can_be_named(tree: Tree, tmp_path: Path) -> None:
    root = tree(PHOTOS)
    place = table(tmp_path / "t.csv", "foto,site", "photos/cat/1.jpg,north")
    assert refused(place, root, "site").code == "table-columns"
    assert extra_columns(place, read(root), ["site"], path_column="foto")["site"] == ["north", "", "", ""]


def test_no_table_lists_what_is_known_of_any_photo(tree: Tree, tmp_path: Path) -> None:
    root = tree(PHOTOS)
    (tmp_path / "notes.txt").write_text("x")
    for place in (root, tmp_path / "notes.txt", root / "cat" / "1.jpg"):
        error = refused(place, root, "site")
        assert error.code == "no-columns"
        assert "--slices site" in error.message
        assert "camera, month" in error.hint
        assert table_columns(place) == frozenset()
    assert refused(root, root, "camra", "site").hint == "did you mean camera?"


def test_a_column_that_is_not_there_names_the_near_ones(tree: Tree, tmp_path: Path) -> None:
    root = tree(PHOTOS)
    place = table(tmp_path / "t.csv", "path,site", "photos/cat/1.jpg,north")
    error = refused(place, root, "sitee")
    assert (error.code, error.hint) == ("unknown-name", "did you mean site or size?")
    assert refused(place, root, "moonth").hint == "did you mean month?"


def test_a_table_of_other_photos_is_refused(tree: Tree, tmp_path: Path) -> None:
    root = tree(PHOTOS)
    place = table(tmp_path / "t.csv", "path,site", "holiday/9.jpg,north")
    error = refused(place, root, "site")
    assert error.code == "slices-mismatch"
    assert str(place) in error.message


@pytest.mark.parametrize(
    ("rows", "code"),
    [((), "table-header"), (("name,site", "photos/cat/1.jpg,x"), "table-columns"), (("\x00\x01",), "table-unreadable")],
)
def test_what_is_no_table_of_photos_is_refused(tree: Tree, tmp_path: Path, rows: tuple[str, ...], code: str) -> None:
    root = tree(PHOTOS)
    assert refused(table(tmp_path / "t.csv", *rows), root, "site").code in {code, "table-unreadable", "unknown-name"}


def test_a_table_that_is_not_there(tree: Tree, tmp_path: Path) -> None:
    assert refused(tmp_path / "none.csv", tree(PHOTOS), "site").code == "not-found"
