from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from foveal.features.fingerprint import FileKeys, content_key

KEY = content_key(b"photo")


def write(path: Path, content: bytes = b"photo", *, age_s: float = 100.0) -> Path:
    path.write_bytes(content)
    moment = time.time_ns() - int(age_s * 1e9)
    os.utime(path, ns=(moment, moment))
    return path


def test_content_key_is_half_a_sha256():
    assert content_key(b"") == hashlib.sha256(b"").digest()[:16]
    assert content_key(b"a") == content_key(memoryview(bytearray(b"a"))) != content_key(b"b")


def test_remembers_across_openings(tmp_path):
    photo = write(tmp_path / "a.jpg")
    with FileKeys(tmp_path / "files") as files:
        assert files.known(photo, photo.stat()) is None
        files.remember(photo, photo.stat(), KEY)
        assert files.known(photo, photo.stat()) == KEY
    files = FileKeys(tmp_path / "files")
    assert files.known(photo, photo.stat()) == KEY
    assert len(files) == 1


@pytest.mark.parametrize("name", ["größe 写真 🦉.jpg", "n" * 255, " ", "line\nbreak", os.fsdecode(b"\xff\xfe.jpg")])
def test_any_file_name(tmp_path, name):
    try:
        photo = write(tmp_path / name)
    except OSError as error:
        pytest.skip(f"this file system refuses the name: {error.strerror}")
    other = write(tmp_path / "other")
    with FileKeys(tmp_path / "files") as files:
        files.remember(photo, photo.stat(), KEY)
        assert files.known(photo, photo.stat()) == KEY
        assert files.known(other, photo.stat()) is None


def test_a_change_of_time_size_or_inode_is_a_new_file(tmp_path):
    photo = write(tmp_path / "a.jpg")
    with FileKeys(tmp_path / "files") as files:
        status = photo.stat()
        files.remember(photo, status, KEY)
        os.utime(photo, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
        if photo.stat().st_mtime_ns != status.st_mtime_ns:
            assert files.known(photo, photo.stat()) is None
        photo.write_bytes(b"photo and more")
        os.utime(photo, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert files.known(photo, photo.stat()) is None
        write(tmp_path / "b.jpg").replace(photo)
        os.utime(photo, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert (photo.stat().st_size, photo.stat().st_mtime_ns) == (status.st_size, status.st_mtime_ns)
        assert files.known(photo, photo.stat()) is None


@pytest.mark.parametrize(("age_s", "kept"), [(-5, False), (0, False), (1.5, False), (2.5, True)])
def test_a_file_changed_in_the_last_two_seconds_is_not_remembered(tmp_path, monkeypatch, age_s, kept):
    photo = write(tmp_path / "a.jpg")
    status = photo.stat()
    with FileKeys(tmp_path / "files") as files:
        monkeypatch.setattr(time, "time_ns", lambda: status.st_mtime_ns + int(age_s * 1e9))
        files.remember(photo, status, KEY)
        assert (files.known(photo, status) == KEY) is kept


def test_a_relative_path_is_the_same_file(tmp_path, monkeypatch):
    photo = write(tmp_path / "a.jpg")
    monkeypatch.chdir(tmp_path)
    with FileKeys(tmp_path / "files") as files:
        files.remember(photo, photo.stat(), KEY)
        assert files.known(Path("a.jpg"), photo.stat()) == KEY


def test_known_many_answers_in_order(tmp_path):
    photos = [write(tmp_path / f"{number}.jpg") for number in range(20)]
    statuses = [photo.stat() for photo in photos]
    with FileKeys(tmp_path / "files") as files:
        assert files.known_many([], []) == []
        for number in (3, 17, 4):
            files.remember(photos[number], statuses[number], content_key(bytes([number])))
        found = files.known_many(photos, statuses)
    assert found == [content_key(bytes([number])) if number in (3, 4, 17) else None for number in range(20)]
    with pytest.raises(ValueError, match="shorter"):
        files.known_many(photos, statuses[:3])
