from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.data.photo import FilePhoto
from foveal.data.sources.names import class_name
from foveal.data.writers.files import Files
from foveal.data.writers.new_folder import new_folder
from foveal.data.writers.safe_names import class_folders, safe_name
from foveal.errors import FovealError

JPEG = b"\xff\xd8\xff" + b"x" * 100


def photo(path: Path, data: bytes = JPEG) -> FilePhoto:
    path.write_bytes(data)
    return FilePhoto(path)


def test_links_and_names_that_are_taken(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    files = Files(tmp_path / "out")
    one = photo(tmp_path / "a.jpg")
    assert [files.put(one, "c", "a.jpg") for _ in range(3)] == ["c/a.jpg", "c/a_2.jpg", "c/a_3.jpg"]
    assert files.put(one, "", "a.jpg") == "a.jpg"
    assert (tmp_path / "out/c/a_3.jpg").samefile(tmp_path / "a.jpg")


def test_a_link_to_a_photo_is_followed(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    photo(tmp_path / "a.jpg")
    (tmp_path / "link.jpg").symlink_to("a.jpg")
    Files(tmp_path / "out").put(FilePhoto(tmp_path / "link.jpg"), "", "link.jpg")
    written = tmp_path / "out/link.jpg"
    assert not written.is_symlink()
    assert written.read_bytes() == JPEG


def test_a_disk_without_links_gets_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "out").mkdir()
    files = Files(tmp_path / "out")
    one = photo(tmp_path / "a.jpg")
    assert [files.put(one, "c", "a.jpg") for _ in range(2)] == ["c/a.jpg", "c/a_2.jpg"]
    assert (tmp_path / "out/c/a.jpg").read_bytes() == JPEG
    assert not (tmp_path / "out/c/a.jpg").samefile(tmp_path / "a.jpg")


@pytest.mark.parametrize(
    ("data", "code"), [(b"", "image-empty"), (b"<html>", "image-format"), (None, "image-unreadable")]
)
def test_what_is_no_photo(tmp_path: Path, data: bytes | None, code: str) -> None:
    (tmp_path / "out").mkdir()
    one = FilePhoto(tmp_path / "a.jpg") if data is None else photo(tmp_path / "a.jpg", data)
    with pytest.raises(FovealError) as caught:
        Files(tmp_path / "out").put(one, "", "a.jpg")
    assert caught.value.code == code
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(FovealError, match="pipe") as caught:
        Files(tmp_path / "out").put(FilePhoto(tmp_path / "pipe.jpg"), "", "pipe.jpg")
    assert caught.value.code == "image-unreadable"


def test_a_name_without_suffix_gets_one(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert Files(tmp_path / "out").put(photo(tmp_path / "a"), "", "v1.2") == "v1.2.jpg"


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "new" / "out"
    with new_folder(target) as folder:
        (folder / "a").touch()
        assert not target.exists()
    assert [path.name for path in target.iterdir()] == ["a"]

    def interrupted() -> None:
        with new_folder(tmp_path / "other") as folder:
            (folder / "a").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_an_empty_folder_is_taken_and_a_full_one_is_not(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with new_folder(tmp_path / "empty") as folder:
        (folder / "a").touch()
    assert (tmp_path / "empty/a").exists()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    for name, got in (("empty", "with files"), ("file", "a file"), ("link", "a link")):
        with pytest.raises(FovealError, match=got) as caught, new_folder(tmp_path / name):
            pass
        assert caught.value.code == "target-exists"
    with pytest.raises(FovealError) as caught, new_folder(tmp_path / "file" / "out"):
        pass
    assert caught.value.code == "cannot-write"


@given(st.text(st.characters(exclude_characters="\0"), max_size=300))
def test_safe_names(name: str) -> None:
    safe = safe_name(name)
    assert 0 < len(safe.encode()) <= 180 + 1
    assert not set(safe) & set('<>:"/\\|?*\n\t')
    assert safe[0] != "."
    assert safe[-1] not in " ."
    assert safe_name(safe) == safe


@given(st.text(st.sampled_from("ab é1-"), min_size=1, max_size=8).map(str.strip).filter(bool))
def test_ordinary_names_stay(name: str) -> None:
    assert safe_name(name) == class_name(name)


def test_class_folders_differ() -> None:
    assert class_folders(("a/b", "a:b", "A/B", "con", "a?b")) == ("a/b", "a_b", "A/B_2", "_con", "a_b_2")
