from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tests.drawn_photos import write_photos

from foveal.data.dataset import Dataset
from foveal.data.options import ReadOptions
from foveal.data.read import read
from foveal.features.cache import FeatureCache
from foveal.features.extract import extract
from foveal.features.pixel_view import PIXELS, MeasureView, PixelView, fields_of
from foveal.imaging.decode import decode
from foveal.imaging.facts import read_facts
from foveal.imaging.measures import measure

OLD = 1_600_000_000
VIEWS = (PixelView(), MeasureView())


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Nine drawn photos, dated long ago."""
    root = tmp_path / "photos"
    write_photos(root, per_class=3, seed=0)
    for path in root.rglob("*.jpg"):
        os.utime(path, (OLD, OLD))
    return root


@pytest.fixture
def cache(tmp_path: Path) -> FeatureCache:
    return FeatureCache(tmp_path / "cache")


def measured(dataset: Dataset, cache: FeatureCache) -> tuple[np.ndarray, int]:
    with extract(dataset.photos(), VIEWS, cache) as found:
        return found.pixels(np.flatnonzero(found.readable)), found.cached


def test_rows_are_what_is_measured_on_each_photo(photos: Path, cache: FeatureCache) -> None:
    dataset = read(photos)
    rows, cached = measured(dataset, cache)
    assert rows.dtype == PIXELS
    assert (len(rows), cached) == (9, 0)
    for row, path in zip(rows, dataset.photos(), strict=True):
        data = path.read_bytes()
        image = decode(data, name=path.name, min_side=0)
        assert row["facts"] == read_facts(data, image)[0]
        assert int(row["facts"]["file_bytes"]) == len(data)
        assert (int(row["facts"]["width"]), int(row["facts"]["height"])) == (image.shape[1], image.shape[0])
        assert row["measures"]["brightness"] == pytest.approx(float(measure(image)["brightness"][0]), abs=0.05)
    assert len(np.unique(rows["sketch"], axis=0)) == 9


def test_a_second_run_computes_nothing(photos: Path, cache: FeatureCache, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = read(photos)
    rows, _ = measured(dataset, cache)

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("computed again")

    for view in (PixelView, MeasureView):
        monkeypatch.setattr(view, "row", fail)
    again, cached = measured(dataset, cache)
    assert cached == 9
    assert again.tobytes() == rows.tobytes()
    # other names for the same bytes: read, but not measured again
    for number, path in enumerate(sorted(photos.rglob("*.jpg"))):
        path.rename(path.with_name(f"renamed_{number}.jpg"))
    renamed, _ = measured(read(photos), cache)
    assert renamed.tobytes() == rows.tobytes()


@pytest.mark.parametrize("form", ["zip", "deflated.zip", "tar"])
def test_a_photo_in_an_archive_is_the_photo(photos: Path, tmp_path: Path, form: str, cache: FeatureCache) -> None:
    rows, _ = measured(read(photos), cache)
    archive = tmp_path / f"packed.{form}"
    files = sorted(photos.rglob("*.jpg"))
    if form == "tar":
        with tarfile.open(archive, "w") as tar:
            for path in files:
                tar.add(path, str(path.relative_to(photos)))
    else:
        way = zipfile.ZIP_DEFLATED if "deflated" in form else zipfile.ZIP_STORED
        with zipfile.ZipFile(archive, "w", way) as packed:
            for path in files:
                packed.write(path, str(path.relative_to(photos)))
    fresh = FeatureCache(tmp_path / "fresh")
    dataset = read(archive)
    inside, _ = measured(dataset, fresh)
    assert inside.tobytes() == rows.tobytes()
    with (
        extract(dataset.photos(), VIEWS, cache) as found,
        extract(read(photos).photos(), VIEWS, cache) as known,
    ):
        np.testing.assert_array_equal(found.keys, known.keys)


def test_photos_of_one_archive_are_remembered_each(photos: Path, tmp_path: Path, cache: FeatureCache) -> None:
    archive = tmp_path / "packed.tar"
    with tarfile.open(archive, "w") as tar:
        for path in sorted(photos.rglob("*.jpg")):
            tar.add(path, str(path.relative_to(photos)))
    os.utime(archive, (OLD, OLD))
    dataset = read(archive)
    rows, first = measured(dataset, cache)
    again, second = measured(dataset, cache)
    assert (first, second) == (0, 9)
    assert again.tobytes() == rows.tobytes()
    assert len(np.unique(rows["sketch"], axis=0)) == 9


def test_an_archive_changed_in_place_is_read_anew(photos: Path, tmp_path: Path, cache: FeatureCache) -> None:
    files = sorted(photos.rglob("*.jpg"))
    first, second = files[0].read_bytes(), files[-1].read_bytes()
    size = max(len(first), len(second))
    archive = tmp_path / "packed.tar"

    def pack(content: bytes, time: int) -> None:
        with tarfile.open(archive, "w") as tar:
            for name, data in (("a/1.jpg", content), ("b/1.jpg", files[4].read_bytes())):
                member = tarfile.TarInfo(name)
                member.size = len(data.ljust(size, b"\0"))
                tar.addfile(member, io.BytesIO(data.ljust(size, b"\0")))
        os.utime(archive, (time, time))

    options = ReadOptions(labelled=False)
    pack(first, OLD)
    before, _ = measured(read(archive, options=options), cache)
    pack(second, OLD + 10)
    after, cached = measured(read(archive, options=options), cache)
    assert before["sketch"][0].tobytes() != after["sketch"][0].tobytes()
    assert cached == 0


def test_pixels_in_memory_and_no_photos_at_all(cache: FeatureCache) -> None:
    image = np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    with extract([image, image[:, ::-1].copy()], VIEWS, cache) as found:
        rows = found.pixels(np.arange(2))
        assert found.pixels(np.empty(0, np.intp)).shape == (0,)
    assert rows["facts"]["width"].tolist() == [70, 70]
    with extract([], VIEWS, cache) as found:
        assert found.pixels(np.empty(0, np.intp)).dtype == PIXELS


def test_some_of_the_photos(photos: Path, cache: FeatureCache) -> None:
    broken = photos / "circle" / "00.jpg"
    broken.write_bytes(b"no photo")
    dataset = read(photos)
    with extract(dataset.photos(), VIEWS, cache) as found:
        assert list(found.failures) == [0]
        rows = np.array([8, 0, 3])
        some = found.take(rows)
        assert list(some.failures) == [1]
        assert some.readable.tolist() == [True, False, True]
        np.testing.assert_array_equal(some.keys, found.keys[rows])
        assert some.pixels(np.array([0, 2])).tobytes() == found.pixels(np.array([8, 3])).tobytes()


def test_learning_measures_nothing_and_a_check_after_it_only_the_measures(
    photos: Path, tmp_path: Path, cache: FeatureCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = read(photos)
    all_rows = np.arange(len(dataset))
    whole, _ = measured(dataset, FeatureCache(tmp_path / "another"))

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("computed in vain")

    with monkeypatch.context() as patch:
        patch.setattr(MeasureView, "row", fail)
        with extract(dataset.photos(), [PixelView()], cache) as found:
            learnt_with = found.pixels(all_rows)
    assert learnt_with.dtype.names == ("facts", "sketch")
    monkeypatch.setattr(PixelView, "row", fail)
    both, cached = measured(dataset, cache)
    assert cached == 0
    assert both.tobytes() == whole.tobytes()
    for name in ("facts", "sketch"):
        assert learnt_with[name].tobytes() == whole[name].tobytes()
    with extract(dataset.photos(), [MeasureView()], cache) as found:
        assert found.cached == len(dataset)
        assert found.pixels(all_rows)["measures"].tobytes() == whole["measures"].tobytes()
        with pytest.raises(ValueError, match="sketch"):
            found.pixels(all_rows)["sketch"]


def test_fields_stand_in_one_order_without_gaps() -> None:
    assert fields_of(("sketch", "facts")) == fields_of(("facts", "sketch"))
    assert fields_of(("measures", "facts", "sketch")) == PIXELS
    assert fields_of(("sketch",)).itemsize == PIXELS["sketch"].itemsize
