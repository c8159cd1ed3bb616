from __future__ import annotations

import gzip
import io
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_archives import named, tar_bytes, write_tar, write_zip

from foveal.data.dataset import Dataset
from foveal.data.options import ReadOptions
from foveal.data.read import read
from foveal.data.sources import unpack
from foveal.data.sources.archive import ArchiveSource
from foveal.errors import FovealError

Write = Callable[[Path, dict[str, bytes]], Path]

NAMES = "photos/cat/10.jpg photos/cat/9.jpg photos/dog/deep/1.PNG photos/dog/2.jpg"
UNLABELLED = ReadOptions(labelled=False)


def write_packed(path: Path, files: dict[str, bytes]) -> Path:
    return write_tar(path, files, mode=f"w:{path.suffix[1:]}")


WRITERS: dict[str, Write] = {
    "a.zip": write_zip,
    "a.tar": write_tar,
    "a.tar.gz": write_packed,
    "a.tar.bz2": write_packed,
    "a.tar.xz": write_packed,
}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FOVEAL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def contents(dataset: Dataset) -> list[bytes]:
    return [photo.read() for photo in dataset.photos() if not isinstance(photo, Path)]


def codes(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    return {finding.code: finding.paths for finding in dataset.findings}


def refusal(path: Path) -> FovealError:
    with pytest.raises(FovealError) as caught:
        read(path)
    return caught.value


@pytest.mark.parametrize("name", WRITERS)
def test_an_archive_is_the_folder_it_was_made_of(tmp_path: Path, name: str) -> None:
    path = WRITERS[name](tmp_path / name, named(NAMES))
    assert ArchiveSource().detect(path)
    for each in NAMES.split():
        (tmp_path / each).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / each).write_bytes(each.encode())
    folder, dataset = read(tmp_path / "photos"), read(path)
    assert dataset.class_names == folder.class_names == ("cat", "dog")
    assert dataset.labels.tolist() == folder.labels.tolist()
    assert dataset.paths == [f"photos/{each}" for each in folder.paths]
    assert contents(dataset) == [photo.read_bytes() for photo in folder.photos() if isinstance(photo, Path)]
    photo = dataset.photo(0)
    assert not isinstance(photo, Path)
    assert photo.label == f"{path}/photos/cat/9.jpg"
    assert len(read(path, options=UNLABELLED)) == 4


def test_parts_at_the_top_or_below_one_folder(tmp_path: Path) -> None:
    for top in ("", "data/", "data/photos/"):
        names = " ".join(f"{top}{each}" for each in ("train/a/1.jpg", "train/b/2.jpg", "test/b/3.jpg", "val/a/4.jpg"))
        dataset = read(write_zip(tmp_path / "a.zip", named(names)))
        assert dataset.class_names == ("a", "b")
        assert dataset.parts.tolist() == [0, 0, 1, 2]


def test_what_does_not_count_on_disk_does_not_count_here(tmp_path: Path) -> None:
    files = named(f"{NAMES} __MACOSX/photos/cat/._9.jpg photos/cat/.hidden.jpg photos/Thumbs.db photos/dog/notes.txt")
    dataset = read(write_zip(tmp_path / "a.zip", files))
    assert len(dataset) == 4
    assert codes(dataset) == {"not-photos": ("photos/dog/notes.txt",)}


def test_a_table_inside_is_named(tmp_path: Path) -> None:
    dataset = read(write_zip(tmp_path / "a.zip", named(f"{NAMES} photos/labels.csv")))
    assert codes(dataset) == {"table-in-archive": ("photos/labels.csv",)}


def test_a_table_with_photos_that_have_no_folders_must_be_unpacked(tmp_path: Path) -> None:
    for names in ("1.jpg 2.jpg labels.csv", "images/1.jpg images/2.jpg labels.csv"):
        path = write_zip(tmp_path / "a.zip", named(names))
        error = refusal(path)
        assert error.code == "one-class"
        assert "labels.csv" in error.message
        assert error.hint.startswith("unpack the archive")
        assert codes(read(path, options=UNLABELLED)) == {"table-in-archive": ("labels.csv",)}
    assert "a table" in refusal(write_zip(tmp_path / "b.zip", named("labels.csv"))).message


def test_photos_without_folders_have_no_class(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", named("1.jpg 2.jpg"))
    assert refusal(path).code == "one-class"
    assert read(path, options=UNLABELLED).paths == ("1.jpg", "2.jpg")


def test_the_last_of_two_members_of_one_name_counts(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as tar:
        for name, data in [("./a/1.jpg", b"old"), ("b/2.jpg", b"b"), ("a/1.jpg", b"new")]:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    assert contents(read(path)) == [b"new", b"b"]


def test_links_are_the_photos_they_stand_for(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as tar:
        member = tarfile.TarInfo("a/1.jpg")
        member.size = 3
        tar.addfile(member, io.BytesIO(b"one"))
        for name, kind, target in [
            ("b/hard.jpg", tarfile.LNKTYPE, "a/1.jpg"),
            ("b/soft.jpg", tarfile.SYMTYPE, "./hard.jpg"),
            ("b/gone.jpg", tarfile.SYMTYPE, "nowhere.jpg"),
            ("b/round.jpg", tarfile.SYMTYPE, "round.jpg"),
        ]:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            tar.addfile(member)
    dataset = read(path)
    assert contents(dataset) == [b"one"] * 3
    assert codes(dataset) == {"broken-link": ("b/gone.jpg", "b/round.jpg")}


def test_a_cut_tar_keeps_what_stands_before_the_cut_and_says_so(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", named(NAMES))
    path.write_bytes(path.read_bytes()[: 512 * 7])
    dataset = read(path, options=UNLABELLED)
    assert len(dataset) == 3
    (finding,) = dataset.findings
    assert (finding.code, finding.severity) == ("archive-damaged", "error")
    assert "its end at byte" in finding.message or "cut short at byte" in finding.message


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.zip", b"PK\x03\x04" + bytes(100), "dataset-damaged"),
        ("a.zip", b"", "dataset-damaged"),
        ("a.tar", b"\xff\xd8\xff\xe0" * 300, "dataset-damaged"),
        ("a.tar.gz", b"\x1f\x8b\x08" + bytes(100), "dataset-damaged"),
        ("a.tar.xz", b"\xfd7zXZ\x00" + bytes(100), "dataset-damaged"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c" + bytes(100), "archive-format"),
        ("a.rar", b"Rar!\x1a\x07" + bytes(100), "archive-format"),
        ("a.tar.zst", b"\x28\xb5\x2f\xfd" + bytes(100), "archive-format"),
    ],
)
def test_what_is_no_archive_is_refused_by_its_name(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    error = refusal(path)
    assert error.code == code
    assert str(path) in error.message


def test_what_is_no_tar_is_not_unpacked(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "photo.tar.gz"
    path.write_bytes(gzip.compress(b"\xff\xd8\xff\xe0" * 1000))
    error = refusal(path)
    assert error.code == "dataset-damaged"
    assert "something else, compressed" in error.message
    assert not list((cache / "unpacked").iterdir())


def test_permission_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_zip(tmp_path / "a.zip", named(NAMES))
    monkeypatch.setattr(os, "access", lambda *_: False)
    error = refusal(path)
    assert error.code == "no-permission"
    assert str(path) in error.message


def test_a_password_is_asked_for(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", named(NAMES))
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(content))
    assert refusal(path).code == "archive-encrypted"


def test_ways_of_compression_that_cannot_be_read_are_told_photo_by_photo(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", named(NAMES), method=zipfile.ZIP_BZIP2)
    photo = read(path).photo(0)
    assert not isinstance(photo, Path)
    with pytest.raises(FovealError, match="other than deflate") as caught:
        photo.read()
    assert caught.value.code == "image-unreadable"
    assert "unpack the archive" in caught.value.hint


def test_a_compressed_tar_is_unpacked_once_and_says_so(tmp_path: Path, cache: Path) -> None:
    path = write_packed(tmp_path / "a.tar.gz", named(NAMES))
    os.utime(path, (1e9, 1e9))
    assert "archive-unpacked" in codes(read(path))
    (kept,) = (cache / "unpacked").iterdir()
    made = kept.stat().st_mtime_ns
    read(path)
    assert kept.stat().st_mtime_ns == made
    write_packed(path, named("a/1.jpg b/2.jpg"))
    assert len(read(path)) == 2


def test_unpacked_tars_are_bounded(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [write_packed(tmp_path / f"{each}.tar.gz", {**named(NAMES), "n": os.urandom(9000)}) for each in "ab"]
    monkeypatch.setattr(unpack, "MOST_BYTES", 25_000)
    read(paths[0])
    first = next((cache / "unpacked").iterdir())
    os.utime(first, (1e9, 1e9))
    read(paths[1])
    assert not first.exists()
    assert len(list((cache / "unpacked").iterdir())) == 1
    monkeypatch.setattr(unpack, "MOST_BYTES", 1000)
    write_packed(paths[0], {**named(NAMES), "n": b"more"})
    assert refusal(paths[0]).code == "dataset-too-large"
    assert len(list((cache / "unpacked").iterdir())) == 1


def test_a_changed_archive_is_read_anew(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foveal.data.sources.kept_index._WORTH_SECONDS", 0.0)
    path = write_zip(tmp_path / "a.zip", named(NAMES))
    os.utime(path, (1e9, 1e9))
    first = read(path)
    (kept,) = (cache / "indexes").iterdir()
    again = read(path)
    assert again.paths == first.paths
    assert contents(again) == contents(first)
    kept.write_bytes(kept.read_bytes()[:100])
    assert read(path).paths == first.paths
    write_zip(path, named("x/1.jpg y/2.jpg"))
    assert read(path).class_names == ("x", "y")


def test_names_that_lead_out_of_the_archive_stay_in_it(tmp_path: Path) -> None:
    dataset = read(write_tar(tmp_path / "a.tar", named("../../a/1.jpg /b/2.jpg b//3.jpg")))
    assert dataset.paths == ("a/1.jpg", "b/2.jpg", "b/3.jpg")


def test_a_folder_or_photo_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"x")
    (tmp_path / "photos").write_bytes(tar_bytes(named("a/1.jpg")))
    assert not ArchiveSource().detect(tmp_path)
    assert not ArchiveSource().detect(tmp_path / "photo.jpg")
    assert ArchiveSource().detect(tmp_path / "photos")


def test_rows_may_be_taken(tmp_path: Path) -> None:
    dataset = read(write_zip(tmp_path / "a.zip", named(NAMES))).take(np.array([3, 0]))
    assert contents(dataset) == [b"photos/dog/deep/1.PNG", b"photos/cat/9.jpg"]
