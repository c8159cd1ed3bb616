from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from foveal.data.photo import AnyPhoto

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from foveal.training.photos.augment import GREY, Augment  # noqa: E402
from foveal.training.photos.feed import PhotoFeed  # noqa: E402
from foveal.training.photos.small import SmallPictures, Variation, are_small, on_device  # noqa: E402

SIZE = (24, 20)
N = 60
ALL = Augment(crop=None, pad_crop=2, cutout=6)


def _photos() -> list[AnyPhoto]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (20, 24, 3), dtype=np.uint8) for _ in range(N)]


def _feed(augment: Augment, **given: Any) -> PhotoFeed:
    choice: dict[str, Any] = {"batch": 7, "size_wh": SIZE, "seed": 5, "threads": 2, "memory_bytes": 0, **given}
    return PhotoFeed(_photos(), np.arange(N) % 4, augment=augment, **choice)


def _images(feed: PhotoFeed, epoch: int = 0, **given: int) -> dict[int, NDArray[np.uint8]]:
    return {
        row: image
        for batch in feed.epoch(epoch, **given)
        for row, image in zip(batch.rows.tolist(), batch.images.numpy(), strict=True)
    }


def test_unvaried_pictures_are_the_photos() -> None:
    feed = _feed(Augment(crop=None, flip=False))
    photos, images = _photos(), _images(feed)
    assert len(images) == 56
    for row, image in images.items():
        assert (image == photos[row]).all()  # type: ignore[comparison-overlap]
    assert feed.kept == N


def test_every_picture_is_a_window_of_its_mirrored_edge() -> None:
    photos = _photos()
    met = set()
    for epoch in range(4):
        for row, image in _images(_feed(Augment(crop=None, pad_crop=1)), epoch).items():
            padded = np.pad(np.asarray(photos[row]), ((1, 1), (1, 1), (0, 0)), mode="reflect")
            windows = {
                (down, right, flip): padded[down : down + 20, right : right + 24][:, :: -1 if flip else 1]
                for down in range(3)
                for right in range(3)
                for flip in (False, True)
            }
            met |= {where for where, window in windows.items() if (window == image).all()}
    assert len(met) == 18


def test_torch_varies_as_numpy_does() -> None:
    held = SmallPictures.of(_feed(ALL)._pictures, SIZE, ALL.pad_crop, threads=1, device=torch.device("cpu"))
    rows = np.random.default_rng(1).permutation(N)[:31]
    for epoch in range(3):
        variation = Variation.of(ALL, 3, epoch, N).take(rows)
        assert torch.equal(held.epoch(ALL, 3, epoch)(rows), on_device(held, rows, variation))


def test_the_picture_depends_on_seed_epoch_and_row_alone() -> None:
    expected = _images(_feed(ALL))
    for given in ({"threads": 1}, {"batch": 14}, {"memory_bytes": 10**9}):
        got = _images(_feed(ALL, **given))
        assert all((got[row] == image).all() for row, image in expected.items() if row in got)
    later = _images(_feed(ALL), first_step=3)
    assert len(later) == 5 * 7
    assert all((expected[row] == image).all() for row, image in later.items())
    other = _images(_feed(ALL), 1)
    assert sum(bool((other[row] != image).any()) for row, image in expected.items() if row in other) > 40


def test_ranks_together_see_what_one_process_sees() -> None:
    one = _images(_feed(ALL, batch=14))
    two = {**_images(_feed(ALL, rank=0, ranks=2)), **_images(_feed(ALL, rank=1, ranks=2))}
    assert one.keys() == two.keys()
    assert all((two[row] == image).all() for row, image in one.items())


def test_cutout_turns_a_square_grey() -> None:
    photos = _photos()
    for row, image in _images(_feed(Augment(crop=None, flip=False, cutout=6))).items():
        cut = (image != photos[row]).any(2)  # type: ignore[comparison-overlap]
        assert 9 <= cut.sum() <= 36
        assert (image[cut] == GREY).all()


def test_alternating_mirrors_each_picture_in_every_second_epoch() -> None:
    feed = _feed(Augment(crop=None, alternate=True), batch=60)
    epochs = [_images(feed, number) for number in range(3)]
    for row in range(N):
        assert (epochs[0][row] == epochs[1][row][:, ::-1]).all()
        assert (epochs[0][row] == epochs[2][row]).all()


def test_batches_own_their_pixels() -> None:
    feed = _feed(Augment(crop=None, flip=False), batch=60)
    batch = next(feed.epoch(0))
    expected = batch.images.clone()
    batch.images.zero_()
    again = next(feed.epoch(0))
    assert torch.equal(again.images, expected)


def test_another_edge_is_another_array() -> None:
    feed = _feed(ALL)
    _images(feed)
    assert _images(feed.changed(augment=Augment(crop=None, flip=False, pad_crop=4)))[0].shape == (20, 24, 3)
    assert _images(feed.resized((12, 10)))[0].shape == (10, 12, 3)


@pytest.mark.parametrize(
    ("photos", "size_wh", "augment", "small"),
    [
        (50_000, (32, 32), Augment(crop=None, pad_crop=4), True),
        (50_000, (65, 32), Augment(crop=None), False),
        (50_000, (32, 32), Augment(), False),
        (50_000, (32, 32), Augment(crop=None, policy="trivial"), False),
        (50_000, (32, 32), Augment(crop=None, erasing=0.2), False),
        (500_000, (32, 32), Augment(crop=None), False),
    ],
)
def test_which_pictures_are_held_as_one_array(
    photos: int, size_wh: tuple[int, int], augment: Augment, small: bool
) -> None:
    assert are_small(photos, size_wh, augment) is small
