from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from foveal.backbones.network import Network
from foveal.errors import FovealError
from foveal.features.cache import FeatureCache
from foveal.features.extract import decode_side, extract
from foveal.features.view import View
from foveal.imaging.preprocess import Preprocess
from foveal.runtimes.engine import Choice, EnginePool

SIZE = 16
OLD = 1_600_000_000


class Engine:
    """Means of the channels, and the mean of the left half: enough to tell photos and their mirror images apart."""

    def __init__(self, runs):
        self.runs = runs

    def run(self, image_rgb):
        self.runs.append(image_rgb)
        if isinstance(self.runs, Broken):
            raise self.runs.error
        parts = (image_rgb, image_rgb[:, : SIZE // 2])
        return [part.mean(axis=(0, 1), dtype=np.float32) for part in parts]


class Engines(EnginePool):
    def __init__(self):
        super().__init__()
        self.runs = []

    def get(self, choice, network, sha256, outputs):
        return Engine(self.runs)


class Broken(list):
    """A list of runs that makes the engine fail."""

    def __init__(self, error):
        super().__init__()
        self.error = error


@pytest.fixture
def view():
    half = (0.5, 0.5, 0.5)
    preprocess = Preprocess(size_wh=(SIZE, SIZE), mode="stretch", mean=half, std=half)
    network = Network.of(b"network", {"embedding": 3, "tap_1": 3})
    return View("test", network, preprocess, ("embedding", "tap_1"), Choice("onnx", "f32"))


@pytest.fixture
def cache(tmp_path):
    return FeatureCache(tmp_path / "cache")


@pytest.fixture
def engines():
    return Engines()


def paint(folder, count, *, start=0):
    """Photos each of two plain colours, left and right, saved as PNG and dated long ago."""
    folder.mkdir(exist_ok=True)
    paths = []
    for number in range(start, start + count):
        image = np.full((SIZE, SIZE, 3), number % 251, np.uint8)
        image[:, SIZE // 2 :, 1] = 255 - number % 251
        paths.append(folder / f"{number:04d}.png")
        Image.fromarray(image).save(paths[-1])
        os.utime(paths[-1], (OLD, OLD))
    return paths


def features(photos, views, cache, engines, **options):
    with extract(photos, views, cache, engines=engines, **options) as found:
        rows = np.flatnonzero(found.readable)
        return found.gather(rows, views), found


def colours(paths):
    return np.array([int(path.stem) % 251 for path in paths])


def test_rows_come_in_the_order_of_the_photos(tmp_path, view, cache, engines):
    paths = paint(tmp_path / "photos", 40)
    order = np.random.default_rng(0).permutation(40)
    shuffled = [paths[index] for index in order]
    rows, found = features(shuffled, [view], cache, engines)
    assert rows.dtype == np.float16
    np.testing.assert_array_equal(rows[:, 0], colours(shuffled))
    assert found.cached == 0
    again, second = features(paths, [view], cache, engines)
    np.testing.assert_array_equal(again[order], rows)
    assert second.cached == 40
    assert len(engines.runs) == 40
    assert len(np.unique(found.keys, axis=0)) == 40


def test_bad_photos_are_named_and_the_rest_goes_on(tmp_path, view, cache, engines):
    paths = paint(tmp_path / "photos", 12)
    paths[2].write_bytes(b"")
    paths[3].write_bytes(b"not a photo")
    paths[5].write_bytes(paths[4].read_bytes()[:60])
    paths[7].unlink()
    paths[9].unlink()
    paths[9].mkdir()
    photos = [*paths, Path("with\0zero.png")]
    rows, found = features(photos, [view], cache, engines)
    assert list(found.failures) == [2, 3, 5, 7, 9, 12]
    for index, name in ((2, "0002.png"), (3, "0003.png"), (5, "0005.png"), (7, "0007.png"), (9, "0009.png")):
        assert name not in found.failures[index]
    np.testing.assert_array_equal(np.flatnonzero(~found.readable), [2, 3, 5, 7, 9, 12])
    np.testing.assert_array_equal(rows[:, 0], [0, 1, 4, 6, 8, 10, 11])
    assert not found.keys[list(found.failures)].any()
    mended = paint(tmp_path / "photos", 1, start=3)
    rows, found = features(mended + paths[:2], [view], cache, engines)
    assert not found.failures
    assert found.cached == 2
    np.testing.assert_array_equal(rows[:, 0], [3, 0, 1])


def test_equal_content_is_computed_once(tmp_path, view, cache, engines):
    (path,) = paint(tmp_path / "photos", 1)
    twin = tmp_path / "twin.png"
    twin.write_bytes(path.read_bytes())
    features([path], [view], cache, engines)
    rows, found = features([twin, path, path], [view], cache, engines)
    assert len(engines.runs) == 1
    np.testing.assert_array_equal(found.keys, found.keys[[0, 0, 0]])
    np.testing.assert_array_equal(rows, rows[[0, 0, 0]])


def test_arrays_beside_files(tmp_path, view, cache, engines):
    paths = paint(tmp_path / "photos", 2)
    image = np.full((20, 30, 3), 77, np.uint8)
    rows, found = features([paths[0], image, paths[1], image.reshape(30, 20, 3)], [view], cache, engines)
    np.testing.assert_array_equal(rows[:, 0], [0, 77, 1, 77])
    assert len(np.unique(found.keys, axis=0)) == 4
    again, _ = features([image], [view], cache, engines)
    np.testing.assert_array_equal(again[0], rows[1])
    assert len(engines.runs) == 4
    _, failed = features([image.astype(np.float32)], [view], cache, engines)
    assert list(failed.failures) == [0]


def test_a_view_and_its_mirror_image_are_averaged(tmp_path, view, cache, engines):
    paths = paint(tmp_path / "photos", 6)
    both = [view, view.mirror()]
    rows, found = features(paths, both, cache, engines)
    assert rows.shape == (6, 6)
    number = colours(paths)
    green = np.stack([(number + 255 - number) / 2] * 6)[0]
    # The left half is one colour, in the mirror image the other; the mean of both is the whole photo's.
    np.testing.assert_allclose(rows[:, 4], green, atol=0.1)
    np.testing.assert_array_equal(rows[:, 0], number)
    with extract(paths, both, cache, engines=engines) as known:
        plain = known.gather(np.arange(6), [view])
        np.testing.assert_array_equal(plain[:, 4], number)
        only = known.gather(np.arange(6), [view.only("tap_1")])
        np.testing.assert_array_equal(only, plain[:, 3:])
        two = known.gather(np.array([5, 0]), [view.only("tap_1"), view.only("embedding")])
        np.testing.assert_array_equal(two, plain[[5, 0]][:, [3, 4, 5, 0, 1, 2]])
        assert known.gather(np.array([], np.intp), both).shape == (0, 6)
    assert found.cached == 0
    assert len(engines.runs) == 12


def test_a_changed_file_is_read_again(tmp_path, view, cache, engines):
    paths = paint(tmp_path / "photos", 3)
    features(paths, [view], cache, engines)
    Image.fromarray(np.full((SIZE, SIZE, 3), 200, np.uint8)).save(paths[1])
    rows, found = features(paths, [view], cache, engines)
    np.testing.assert_array_equal(rows[:, 0], [0, 200, 2])
    assert found.cached == 2
    os.utime(paths[2], (OLD + 1, OLD + 1))
    _, touched = features(paths, [view], cache, engines)
    assert touched.cached == 1
    assert len(engines.runs) == 4


def test_a_damaged_row_is_healed_on_the_next_run(tmp_path, view, cache, engines):
    paths = paint(tmp_path / "photos", 5)
    before, _ = features(paths, [view], cache, engines)
    (rows_file,) = (path for path in cache.root.glob("*/*.rows") if path.parent.name != "files")
    content = bytearray(rows_file.read_bytes())
    content[2 * len(content) // 5 + 3] ^= 0xFF
    rows_file.write_bytes(content)
    with pytest.raises(FovealError) as caught:
        features(paths, [view], cache, engines)
    assert caught.value.code == "cache-damaged"
    assert "1 row" in caught.value.message
    healed, found = features(paths, [view], cache, engines)
    assert found.cached == 4
    np.testing.assert_array_equal(healed, before)


def test_ctrl_c_keeps_what_was_done(tmp_path, view, cache, engines):
    paths = paint(tmp_path / "photos", 240)

    def interrupt(done, total):
        raise KeyboardInterrupt

    class Slow(Engines):
        def get(self, *key):
            time.sleep(0.005)
            return super().get(*key)

    slow = Slow()
    with pytest.raises(KeyboardInterrupt):
        extract(paths, [view], cache, engines=slow, progress=interrupt)
    done = len(slow.runs)
    assert 0 < done < 240
    rows, found = features(paths, [view], cache, engines)
    assert found.cached == done
    assert len(engines.runs) == 240 - done
    np.testing.assert_array_equal(rows[:, 0], colours(paths))


def test_progress_ends_at_the_end(tmp_path, view, cache, engines):
    paths = paint(tmp_path / "photos", 30)
    seen = []
    for _ in range(2):
        features(paths, [view], cache, engines, progress=lambda done, total: seen.append((done, total)))
        assert seen[-1] == (30, 30)
        assert [done for done, _ in seen] == sorted(done for done, _ in seen)
        seen.clear()


@pytest.mark.parametrize("code", ["cannot-write", "runtime-missing", "network-unreadable", "no-engine", "cache-busy"])
def test_what_would_befall_every_photo_ends_the_run(tmp_path, view, cache, engines, code):
    paths = paint(tmp_path / "photos", 30)
    engines.runs = Broken(FovealError(code, "expected something else", hint="mend it"))
    with pytest.raises(FovealError) as caught:
        extract(paths, [view], cache, engines=engines)
    assert caught.value.code == code
    assert len(engines.runs) < 10


def test_a_fault_of_the_programme_is_not_hidden(tmp_path, view, cache, engines):
    paths = paint(tmp_path / "photos", 30)
    engines.runs = Broken(ZeroDivisionError("a bug"))
    with pytest.raises(ZeroDivisionError):
        extract(paths, [view], cache, engines=engines)


def test_the_cache_can_be_taken_by_others_afterwards(tmp_path, view, cache, engines):
    paths = paint(tmp_path / "photos", 30)
    engines.runs = Broken(ZeroDivisionError("a bug"))
    with pytest.raises(ZeroDivisionError):
        extract(paths, [view], cache, engines=engines)
    features(paths, [view], cache, Engines())
    assert cache.clear() > 0
    assert cache.total_bytes() == 0


def test_how_large_photos_are_decoded(view):
    for side, wanted in ((16, 240), (224, 240), (320, 240), (321, 480), (640, 480), (641, 960)):
        sized = replace(view, preprocess=replace(view.preprocess, size_wh=(side + 9, side)))
        assert decode_side(sized) == wanted


def test_networks_beside_each_other_do_not_change_each_others_rows(tmp_path, view, engines):
    path = tmp_path / "large.jpg"
    y, x = np.mgrid[0:1600, 0:2400]
    Image.fromarray(np.stack([y % 256, x % 256, (x * y) % 256], axis=2).astype(np.uint8)).save(path, quality=95)
    large = replace(view, preprocess=replace(view.preprocess, size_wh=(500, 500)))
    alone, _ = features([path], [view], FeatureCache(tmp_path / "one"), engines)
    beside, _ = features([path], [large, view], FeatureCache(tmp_path / "two"), engines)
    np.testing.assert_array_equal(beside[:, 6:], alone)


CACHED = """
import sys
from pathlib import Path
import foveal
paths = sorted(Path(sys.argv[1]).rglob("*.jpg"))
found = foveal.embed(paths)
assert len(found) == len(paths)
heavy = {"openvino", "onnxruntime", "onnx", "cv2", "PIL", "simplejpeg", "sklearn", "torch"} & sys.modules.keys()
print(sorted(heavy))
"""


def test_a_cached_run_loads_no_runtime(tmp_path, photos):
    environment = {**os.environ, "FOVEAL_CACHE": str(tmp_path)}
    for path in photos.rglob("*.jpg"):
        os.utime(path, (OLD, OLD))
    outputs = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", CACHED, str(photos)],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for _ in range(2)
    ]
    assert "openvino" in outputs[0]
    assert outputs[1] == "[]\n"


MEMORY = """
import sys
from pathlib import Path
import foveal
paths = sorted(Path(sys.argv[1]).glob("*.png"))
found = foveal.embed(paths)
assert len(found) == len(paths) == 2000, found
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(status["VmHWM"].split()[0]) / 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak of memory from /proc")
def test_memory_stays_bounded(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(2000):
        image = Image.fromarray(np.full((64, 64, 3), (number % 256, number // 256, 7), np.uint8))
        image.save(folder / f"{number:04d}.png")
    environment = {**os.environ, "FOVEAL_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(folder)], env=environment, check=True, capture_output=True, text=True
    )
    # Megabytes at the most. Not `ru_maxrss`: a child inherits its parent's.
    assert float(done.stdout) < 700
