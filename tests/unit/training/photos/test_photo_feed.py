from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from foveal.data.photo import AnyPhoto
from foveal.data.read import read
from foveal.errors import FovealError

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from foveal.training.photos.augment import Augment, whole_photo  # noqa: E402
from foveal.training.photos.batch import Batch  # noqa: E402
from foveal.training.photos.feed import EvalFeed, PhotoFeed  # noqa: E402
from foveal.training.photos.order import SAMPLINGS  # noqa: E402

SIZE = (72, 72)
VARIED = Augment(policy="trivial", erasing=0.3)


@pytest.fixture(autouse=True)
def _nothing_left_running() -> Iterator[None]:
    yield
    assert [each.name for each in threading.enumerate() if each.name.startswith("foveal-feed")] == []


@pytest.fixture
def files(photos: Path) -> list[Path]:
    return sorted(photos.rglob("*.jpg"))


def _labels(photos: Sequence[AnyPhoto]) -> NDArray[np.int32]:
    return np.arange(len(photos), dtype=np.int32) % 3


def _feed(photos: Sequence[AnyPhoto], **given: object) -> PhotoFeed:
    choice = {"batch": 5, "size_wh": SIZE, "augment": VARIED, "seed": 4, "threads": 2, "memory_bytes": 0, **given}
    return PhotoFeed(photos, _labels(photos), **choice)  # type: ignore[arg-type]


def _all(batches: Iterator[Batch]) -> dict[int, bytes]:
    return {
        row: image.tobytes()
        for batch in batches
        for row, image in zip(batch.rows.tolist(), batch.images.numpy(), strict=True)
    }


def _plain(batches: Iterator[Batch]) -> list[tuple[list[int], bytes]]:
    return [(batch.rows.tolist(), batch.images.numpy().tobytes()) for batch in batches]


def test_a_batch_holds_pixels_labels_and_rows(files: list[Path]) -> None:
    feed = _feed(files)
    assert (feed.photos, feed.steps) == (36, 7)
    batches = list(feed.epoch(0))
    assert len(batches) == 7
    for batch in batches:
        assert batch.images.dtype == torch.uint8
        assert batch.images.shape == (5, 72, 72, 3)
        assert batch.labels.dtype == batch.rows.dtype == torch.int64
        assert (batch.labels == batch.rows % 3).all()
        assert len(batch) == 5
    rows = [row for batch in batches for row in batch.rows.tolist()]
    assert len(set(rows)) == 35


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_threads_and_memory_change_nothing(files: list[Path], sampling: str) -> None:
    expected = [_plain(_feed(files, sampling=sampling, threads=1).epoch(number)) for number in range(2)]
    for threads, memory in ((3, 0), (2, 10**9), (2, 300_000)):
        feed = _feed(files, sampling=sampling, threads=threads, memory_bytes=memory)
        assert [_plain(feed.epoch(number)) for number in range(2)] == expected
    assert expected[0] != expected[1]


def test_kept_photos_need_their_files_no_more(files: list[Path], tmp_path: Path) -> None:
    copies = [Path(shutil.copy(file, tmp_path / f"{number}.jpg")) for number, file in enumerate(files)]
    expected = _plain(_feed(copies).epoch(2))
    feed = _feed(copies, batch=36, memory_bytes=10**9)
    assert sum(map(len, feed.epoch(0))) == 36
    assert feed.kept == 36
    for copy in copies:
        copy.unlink()
    assert _plain(feed.changed(batch=5).epoch(2)) == expected


def test_it_goes_on_in_the_middle_without_decoding_what_was_before(files: list[Path]) -> None:
    whole = _plain(_feed(files).epoch(3))
    feed = _feed(files, memory_bytes=10**9)
    assert _plain(feed.epoch(3, first_step=5)) == whole[5:]
    assert feed.kept == 10
    assert _plain(feed.epoch(3, first_step=7)) == []


def test_it_goes_on_in_the_middle_of_a_balanced_epoch(files: list[Path]) -> None:
    labels = np.array([0] * 33 + [1] * 3, np.int32)
    feed = PhotoFeed(files, labels, batch=5, size_wh=SIZE, augment=VARIED, seed=1, sampling="balanced", threads=2)
    whole = list(feed.epoch(0))
    again = _plain(feed.epoch(0, first_step=3))
    assert again == [(batch.rows.tolist(), batch.images.numpy().tobytes()) for batch in whole[3:]]
    seen = [label for batch in whole for label in batch.labels.tolist()]
    assert 16 <= seen.count(1) <= 18
    pictures: dict[int, list[bytes]] = {}
    for batch in whole:
        for row, image in zip(batch.rows.tolist(), batch.images.numpy(), strict=True):
            pictures.setdefault(row, []).append(image.tobytes())
    assert all(len(set(each)) == len(each) for each in pictures.values())


def test_ranks_together_see_what_one_process_sees(files: list[Path]) -> None:
    one = list(_feed(files, batch=6).epoch(1))
    two = [list(_feed(files, batch=3, rank=rank, ranks=2).epoch(1)) for rank in range(2)]
    assert len(one) == len(two[0]) == len(two[1]) == 6
    for step, whole in enumerate(one):
        for rank in range(2):
            assert torch.equal(two[rank][step].rows, whole.rows[rank::2])
            assert torch.equal(two[rank][step].images, whole.images[rank::2])


def test_photos_too_few_for_a_batch_make_a_short_one(files: list[Path]) -> None:
    feed = _feed(files[:4], batch=16)
    assert feed.steps == 1
    batches = list(feed.epoch(0))
    assert [sorted(batch.rows.tolist()) for batch in batches] == [[0, 1, 2, 3]]


def test_unvaried_photos_are_those_of_the_evaluation(files: list[Path]) -> None:
    plain = Augment(crop=None, flip=False)
    held = EvalFeed(files, _labels(files), preprocess=whole_photo(SIZE), batch=5, threads=2)
    evaluated = _all(iter(held))
    trained = _all(_feed(files, augment=plain).epoch(0))
    assert trained == {row: evaluated[row] for row in trained}


def test_another_size_uses_what_is_kept(files: list[Path]) -> None:
    feed = _feed(files, memory_bytes=10**9, batch=6)
    list(feed.epoch(0))
    smaller = feed.resized((40, 40))
    assert smaller.kept == feed.kept == 36
    assert next(smaller.epoch(1)).images.shape == (6, 40, 40, 3)
    assert feed.resized((96, 96)).kept == 0


def test_growing_sizes_are_the_same_in_a_run_that_begins_late(files: list[Path]) -> None:
    grown = _feed(files, size_wh=(40, 40), largest_wh=SIZE, memory_bytes=10**9)
    list(grown.epoch(0))
    assert grown.changed(size_wh=SIZE).kept == 35
    late = _feed(files, size_wh=SIZE, largest_wh=SIZE)
    assert _plain(grown.changed(size_wh=SIZE).epoch(1)) == _plain(late.epoch(1))


def test_alternating_mirrors_each_photo_in_every_second_epoch(files: list[Path]) -> None:
    feed = _feed(files, augment=Augment(crop=None, alternate=True), batch=36)
    epochs = [_all(feed.epoch(number)) for number in range(3)]
    assert epochs[0] == epochs[2]
    for row, image in epochs[0].items():
        mirror = np.frombuffer(epochs[1][row], np.uint8).reshape(72, 72, 3)[:, ::-1]
        assert image == mirror.tobytes()
    plain = _all(_feed(files, augment=Augment(crop=None, flip=False), batch=36).epoch(0))
    assert 5 < sum(epochs[0][row] == plain[row] for row in plain) < 31


def test_a_photo_that_vanished_is_named(files: list[Path], tmp_path: Path) -> None:
    copies = [Path(shutil.copy(file, tmp_path / f"{number}.jpg")) for number, file in enumerate(files)]
    feed = _feed(copies)
    epoch = feed.epoch(0)
    first = next(epoch)
    for row in set(range(36)) - set(first.rows.tolist()):
        copies[row].unlink()
    with pytest.raises(FovealError, match=r"\d+\.jpg") as caught:
        list(epoch)
    assert caught.value.code == "photo-lost"
    assert str(tmp_path) in caught.value.message


def test_a_photo_that_is_damaged_is_named_after_the_batches_before_it(files: list[Path], tmp_path: Path) -> None:
    copies = [Path(shutil.copy(file, tmp_path / f"{number}.jpg")) for number, file in enumerate(files)]
    feed = _feed(copies)
    rows = [batch.rows.tolist() for batch in feed.epoch(0)]
    damaged = copies[rows[3][2]]
    damaged.write_bytes(damaged.read_bytes()[:400])
    epoch = feed.epoch(0)
    assert [next(epoch).rows.tolist() for _ in range(3)] == rows[:3]
    with pytest.raises(FovealError, match=damaged.name) as caught:
        next(epoch)
    assert caught.value.code == "photo-lost"


def test_stopping_early_leaves_nothing_running(files: list[Path]) -> None:
    epoch = _feed(files, threads=4).epoch(0)
    next(epoch)
    assert any(each.name.startswith("foveal-feed") for each in threading.enumerate())
    epoch.close()  # type: ignore[attr-defined]
    assert not any(each.name.startswith("foveal-feed") for each in threading.enumerate())


def test_a_process_that_ends_in_the_middle_ends(photos: Path) -> None:
    code = """
import sys
from pathlib import Path
import numpy as np
from foveal.training.photos.augment import Augment
from foveal.training.photos.feed import PhotoFeed
files = sorted(Path(sys.argv[1]).rglob("*.jpg"))
feed = PhotoFeed(files, np.zeros(len(files), int), batch=2, size_wh=(72, 72), augment=Augment(), seed=0, threads=2)
epoch = feed.epoch(0)
next(epoch)
sys.exit(7)
"""
    done = subprocess.run([sys.executable, "-c", code, str(photos)], timeout=60, check=False, env=dict(os.environ))
    assert done.returncode == 7


def test_decoded_pixels_and_archives_are_photos_too(photos: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pixels: list[AnyPhoto] = [rng.integers(0, 256, (90, 80, 3), dtype=np.uint8) for _ in range(6)]
    assert sum(map(len, _feed(pixels, batch=3).epoch(0))) == 6
    packed = shutil.make_archive(str(tmp_path / "photos"), "zip", photos)
    dataset = read(packed)
    feed = _feed(dataset.photos(), batch=6, sampling="shards")
    assert len(_all(feed.epoch(0))) == 36


def test_shards_are_asked_for_a_window_before_they_are_needed(
    files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[Path]] = []
    monkeypatch.setattr("foveal.training.photos.feed.read_ahead", lambda photos: asked.append(list(photos)))
    monkeypatch.setattr("foveal.training.photos.feed.WINDOW", 10)
    feed = _feed(files, sampling="shards", batch=5)
    rows = [row for batch in feed.epoch(0) for row in batch.rows.tolist()]
    assert [len(each) for each in asked] == [20, 10, 5, 0]
    assert [path for each in asked for path in each] == [files[row] for row in rows]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"batch": 0}, "bad-option"),
        ({"rank": 2, "ranks": 2}, "bad-option"),
        ({"threads": 0}, "bad-option"),
        ({"sampling": "random"}, "unknown-name"),
    ],
)
def test_nonsense_is_refused(files: list[Path], wrong: dict[str, object], code: str) -> None:
    with pytest.raises(FovealError) as caught:
        _feed(files, **wrong)
    assert caught.value.code == code


def test_labels_must_be_one_each(files: list[Path]) -> None:
    with pytest.raises(FovealError) as caught:
        PhotoFeed(files, np.zeros(3, int), batch=2, size_wh=SIZE, augment=VARIED, seed=0)
    assert caught.value.code == "bad-value"
