from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from foveal.data.joined import Files, join_places
from foveal.data.photo import photo_name
from foveal.data.places import SpanPhoto, Spans
from foveal.data.read import read_many


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FOVEAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for name in ("folder/1.jpg", "folder/deep/2.jpg", "one.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    for name in ("a.zip", "b.zip"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("x/3.jpg", f"{name} 3")
            archive.writestr("4.jpg", f"{name} 4")
            archive.writestr("notes.txt", "no photo")
    return tmp_path


def test_archives_folders_and_photos_in_the_order_named(place: Path) -> None:
    dataset = read_many(["one.jpg", "b.zip", place / "folder", "a.zip"])
    names = ["one.jpg", "b.zip/4.jpg", "b.zip/x/3.jpg", "1.jpg", "2.jpg", "a.zip/4.jpg", "a.zip/x/3.jpg"]
    assert [path.removeprefix(f"{place.as_posix()}/folder/").removeprefix("deep/") for path in dataset.paths] == names
    contents = [photo.read_bytes() if isinstance(photo, Path) else photo.read() for photo in dataset.photos()]
    wanted = ["one.jpg", "b.zip 4", "b.zip 3", "folder/1.jpg", "folder/deep/2.jpg", "a.zip 4", "a.zip 3"]
    assert contents == [each.encode() for each in wanted]
    assert [photo_name(photo, 0) for photo in dataset.photos()] == list(dataset.paths)
    assert [finding.paths for finding in dataset.findings] == [("b.zip/notes.txt",), ("a.zip/notes.txt",)]


def test_what_is_named_twice_counts_once(place: Path) -> None:
    dataset = read_many(["a.zip", "folder/1.jpg", place / "a.zip", "folder", "./folder/../a.zip", "b.zip"])
    assert [path.rpartition("/")[2] for path in dataset.paths] == ["4.jpg", "3.jpg", "1.jpg", "2.jpg", "4.jpg", "3.jpg"]
    photo = dataset.take(np.array([5])).photo(0)
    assert isinstance(photo, SpanPhoto)
    assert photo.read() == b"b.zip 3"


def test_without_archives_there_are_only_files(place: Path) -> None:
    dataset = read_many(["folder", "one.jpg"])
    assert dataset.places is None
    assert dataset.photo(2) == Path("one.jpg")


def test_places_one_after_the_other(tmp_path: Path) -> None:
    spans = Spans((tmp_path / "f",), *(np.zeros(2, kind) for kind in (np.int32, np.int64, np.int64, np.uint8)))
    files = Files(tmp_path, 3)
    assert join_places([files]) is files
    both = join_places([files, spans])
    assert len(both) == 5
    assert both.photo(2, "a/b.jpg").file == tmp_path / "a/b.jpg"
    taken = both.take(np.array([4, 0]))
    assert len(taken) == 2
    assert (taken.photo(0, "x").file, taken.photo(1, "y").file) == (tmp_path / "f", tmp_path / "y")
    assert len(files.take(np.array([0, 0]))) == 2
