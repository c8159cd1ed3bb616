from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from foveal.errors import FovealError
from foveal.features.cache import FeatureCache
from foveal.features.fingerprint import content_key
from foveal.features.segments import doorway, segment_numbers

ROW = 1000
SPACE_BYTES = 10 * (ROW + 20)


def fill(cache: FeatureCache, name: str, *, age_s: float = 0.0, rows: int = 10) -> Path:
    with cache.space({"backbone": name}, row_bytes=ROW) as store:
        for number in range(rows):
            store.append(content_key(f"{name} {number}".encode()), bytes([number % 256]) * ROW)
    moment = time.time() - age_s
    os.utime(store.folder / "space.json", (moment, moment))
    return store.folder


def names(cache: FeatureCache) -> list[str]:
    return [info.description["backbone"] for info in cache.spaces()]


def test_a_description_names_its_rows(tmp_path):
    cache = FeatureCache(tmp_path)
    with cache.space({"b": 1, "a": ["ü", None]}, row_bytes=4) as store:
        store.append(bytes(range(16)), b"rows")
    again = cache.space({"a": ["ü", None], "b": 1}, row_bytes=4)
    assert bytes(range(16)) in again
    assert len(cache.space({"a": ["ü", None], "b": 2}, row_bytes=4)) == 0
    assert again.folder.parent == tmp_path
    assert len(again.folder.name) == 20
    assert json.loads((again.folder / "space.json").read_text(encoding="utf-8"))["description"]["a"] == ["ü", None]
    with pytest.raises(FovealError) as caught:
        cache.space({"a": ["ü", None], "b": 1}, row_bytes=5)
    assert caught.value.code == "cache-foreign"


def test_spaces_are_shown_the_latest_first(tmp_path):
    cache = FeatureCache(tmp_path)
    assert cache.spaces() == []
    assert cache.total_bytes() == 0
    for name, age_s in (("old", 500), ("new", 0), ("middle", 100)):
        fill(cache, name, age_s=age_s)
    assert names(cache) == ["new", "middle", "old"]
    info = cache.spaces()[0]
    assert (info.rows, info.bytes) == (10, SPACE_BYTES)
    assert abs((datetime.now(UTC) - info.last_used).total_seconds()) < 60
    assert cache.total_bytes() == 3 * SPACE_BYTES
    cache.space({"backbone": "old"}, row_bytes=ROW)
    assert names(cache) == ["old", "new", "middle"]


def test_trim_drops_what_was_used_longest_ago(tmp_path):
    cache = FeatureCache(tmp_path, max_bytes=int(2.5 * SPACE_BYTES))
    for name, age_s in (("b", 200), ("a", 300), ("d", 0), ("c", 100)):
        fill(cache, name, age_s=age_s)
    assert cache.trim() == 2 * SPACE_BYTES
    assert names(cache) == ["d", "c"]
    assert cache.trim() == 0


def test_trim_drops_the_oldest_segments_of_the_last_space(tmp_path):
    cache = FeatureCache(tmp_path, max_bytes=SPACE_BYTES)
    folder = fill(cache, "a")
    with (
        cache.space({"backbone": "a"}, row_bytes=ROW) as first,
        cache.space({"backbone": "a"}, row_bytes=ROW) as second,
    ):
        first.append(content_key(b"first"), bytes(ROW))
        second.append(content_key(b"second"), bytes(ROW))
        assert cache.trim() == 0  # both are held
    assert segment_numbers(folder) == [0, 1]
    os.utime(folder / "000.keys", (1, 1))
    assert cache.trim() == SPACE_BYTES + ROW + 20
    assert segment_numbers(folder) == [1]
    store = cache.space({"backbone": "a"}, row_bytes=ROW)
    assert content_key(b"second") in store
    assert content_key(b"first") not in store


def test_a_cap_of_nothing_drops_the_index_of_files_too(tmp_path):
    cache = FeatureCache(tmp_path, max_bytes=0)
    photo = tmp_path / "photo"
    photo.write_bytes(b"x")
    os.utime(photo, (1, 1))
    with cache.files() as files:
        files.remember(photo, photo.stat(), content_key(b"x"))
    fill(cache, "a")
    assert cache.trim() == SPACE_BYTES + 36
    assert cache.total_bytes() == 0


def test_clear_removes_everything(tmp_path):
    cache = FeatureCache(tmp_path)
    photo = tmp_path / "photo"
    photo.write_bytes(b"x")
    os.utime(photo, (1, 1))
    with cache.files() as files:
        files.remember(photo, photo.stat(), content_key(b"x"))
        assert files.known(photo, photo.stat()) == content_key(b"x")
    fill(cache, "a")
    broken = fill(cache, "b")
    (broken / "space.json").write_bytes(b"\xff")
    assert [info.description for info in cache.spaces()].count({}) == 1
    assert cache.clear() == 2 * SPACE_BYTES + 36
    assert cache.spaces() == []
    assert cache.total_bytes() == 0
    assert cache.files().known(photo, photo.stat()) is None
    assert photo.exists()
    assert cache.clear() == 0


def test_what_another_process_writes_to_is_neither_cleared_nor_trimmed(tmp_path):
    cache = FeatureCache(tmp_path, max_bytes=0)
    fill(cache, "free")
    code = """
import sys
from pathlib import Path
from foveal.features.cache import FeatureCache
store = FeatureCache(Path(sys.argv[1])).space({"backbone": "held"}, row_bytes=1000)
store.append(bytes(16), bytes(1000))
print("ready", flush=True)
sys.stdin.read()
store.append(bytes(15) + b"x", bytes(1000))
"""
    child = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    assert cache.clear() == SPACE_BYTES
    assert cache.trim() == 0
    assert names(cache) == ["held"]
    assert cache.total_bytes() == ROW + 20
    child.communicate()
    assert child.returncode == 0
    assert cache.spaces()[0].rows == 2
    assert cache.clear() == 2 * (ROW + 20)
    assert not list(tmp_path.glob("*/"))


def test_a_reader_whose_space_is_cleared_goes_on(tmp_path):
    cache = FeatureCache(tmp_path)
    fill(cache, "a")
    with cache.space({"backbone": "a"}, row_bytes=ROW) as store:
        assert len(store) == 10
        cache.clear()
        key = content_key(b"a 3")
        positions = store.find(np.frombuffer(key, np.uint8)[None])
        assert not store.gather(positions, np.empty((1, ROW), np.uint8)).any()
        store.append(key, bytes(ROW))
        assert store.gather(store.find(np.frombuffer(key, np.uint8)[None]), np.empty((1, ROW), np.uint8)).all()
    assert cache.spaces()[0].rows == 1


@pytest.mark.parametrize(("text", "size"), [(None, 10_000_000_000), ("", 10_000_000_000), ("0.5", 500_000_000)])
def test_the_cap_comes_from_the_environment(tmp_path, monkeypatch, text, size):
    monkeypatch.delenv("FOVEAL_CACHE_GB", raising=False)
    if text is not None:
        monkeypatch.setenv("FOVEAL_CACHE_GB", text)
    assert FeatureCache(tmp_path).max_bytes == size


@pytest.mark.parametrize("text", ["ten", "-1", "nan", "inf", "1 GB"])
def test_a_cap_that_is_no_size_is_refused(tmp_path, monkeypatch, text):
    monkeypatch.setenv("FOVEAL_CACHE_GB", text)
    with pytest.raises(FovealError, match="FOVEAL_CACHE_GB") as caught:
        FeatureCache(tmp_path)
    assert caught.value.code == "bad-option"
    assert FeatureCache(tmp_path, max_bytes=5).max_bytes == 5
    with pytest.raises(FovealError, match="max_bytes"):
        FeatureCache(tmp_path, max_bytes=-5)


def test_the_default_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FOVEAL_CACHE", str(tmp_path))
    cache = FeatureCache()
    assert cache.root == tmp_path / "features"
    assert cache.warning is None


def test_a_folder_that_cannot_be_written_is_stood_in_for(tmp_path):
    (tmp_path / "file").write_text("x")
    cache = FeatureCache(tmp_path / "file" / "cache")
    assert cache.warning is not None
    assert str(tmp_path / "file" / "cache") in cache.warning
    fill(cache, "a")
    assert names(FeatureCache(tmp_path / "file" / "other")) == ["a"]
    cache.clear()
    code = """
import sys
from pathlib import Path
from foveal.features.cache import FeatureCache
print(FeatureCache(Path(sys.argv[1])).root)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(tmp_path / "file" / "x")],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert not Path(done.stdout.strip()).exists()


def test_a_folder_whose_locks_do_not_work_is_stood_in_for(tmp_path, monkeypatch):
    import filelock

    def refuse(*_: object, **__: object) -> None:
        raise NotImplementedError("no flock here")

    with monkeypatch.context() as patch:
        patch.setattr(filelock.FileLock, "acquire", refuse)
        cache = FeatureCache(tmp_path)
    assert cache.warning is not None
    assert "no flock here" in cache.warning


def test_a_door_that_stays_shut_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr("foveal.features.segments._DOOR_WAIT_S", 0.05)
    cache = FeatureCache(tmp_path)
    with doorway(tmp_path / "door.lock"), pytest.raises(FovealError) as caught:
        cache.clear()
    assert caught.value.code == "cache-busy"


def test_a_temporary_cache_is_gone_afterwards():
    with FeatureCache.temporary() as cache:
        fill(cache, "a")
        root = cache.root
        assert names(cache) == ["a"]
    assert not root.exists()
