from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from foveal.errors import FovealError
from foveal.imaging.decode import read_image
from foveal.imaging.preprocess import Preprocess

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from foveal.training.photos.eval_feed import EvalFeed  # noqa: E402

CROP = Preprocess(size_wh=(48, 40), mode="crop", crop_share=0.9, mean=(0, 0, 0), std=(1, 1, 1))


@pytest.fixture
def files(photos: Path) -> list[Path]:
    return sorted(photos.rglob("*.jpg"))


@pytest.mark.parametrize("memory", [0, 200_000, 10**9])
def test_every_photo_comes_once_as_the_model_prepares_it(files: list[Path], memory: int) -> None:
    feed = EvalFeed(files, np.arange(36), preprocess=CROP, batch=8, threads=2, memory_bytes=memory)
    assert (feed.photos, feed.steps) == (36, 5)
    for _ in range(2):
        batches = list(feed)
        assert [len(batch) for batch in batches] == [8, 8, 8, 8, 4]
        assert torch.cat([batch.rows for batch in batches]).tolist() == list(range(36))
        assert torch.cat([batch.labels for batch in batches]).tolist() == list(range(36))
        for image, file in zip(torch.cat([batch.images for batch in batches]).numpy(), files, strict=True):
            assert (image == CROP.apply(read_image(file, min_side=240))).all()


def test_kept_batches_are_handed_out_again(files: list[Path]) -> None:
    feed = EvalFeed(files, np.arange(36), preprocess=CROP, batch=8, threads=2, memory_bytes=3 * 8 * 48 * 40 * 3)
    first, second = list(feed), list(feed)
    assert [one is two for one, two in zip(first, second, strict=True)] == [True, True, True, False, False]


def test_stopping_early_keeps_what_was_seen_in_order(files: list[Path]) -> None:
    feed = EvalFeed(files, np.arange(36), preprocess=CROP, batch=8, threads=2, memory_bytes=10**9)
    next(iter(feed))
    assert [batch.rows[0].item() for batch in feed] == [0, 8, 16, 24, 32]
    assert [batch.rows[0].item() for batch in feed] == [0, 8, 16, 24, 32]


def test_ranks_divide_the_photos(files: list[Path]) -> None:
    rows = []
    for rank in range(5):
        feed = EvalFeed(files, np.arange(36), preprocess=CROP, batch=4, threads=1, rank=rank, ranks=5)
        rows.append([row for batch in feed for row in batch.rows.tolist()])
    assert rows == [list(range(36))[rank::5] for rank in range(5)]


def test_a_photo_that_vanished_is_named(tmp_path: Path, files: list[Path]) -> None:
    with pytest.raises(FovealError, match=r"gone\.jpg") as caught:
        list(EvalFeed([files[0], tmp_path / "gone.jpg"], np.zeros(2, int), preprocess=CROP, batch=1))
    assert caught.value.code == "photo-lost"
