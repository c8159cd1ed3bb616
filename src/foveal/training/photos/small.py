"""Pictures of at most 64 pixels a side: held as one array, on a processor or a GPU, and varied a batch at a time.

Decoding photo by photo would hold up a network that takes microseconds a picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray
from torch import Tensor

from foveal.imaging.opencv import opencv
from foveal.training.photos.ahead import Work, ahead
from foveal.training.photos.augment import GREY, Augment
from foveal.training.photos.chance import table_chance
from foveal.training.photos.pictures import Pictures

LARGEST = 64
"""Longest side of a small picture."""

# Never a question of the machine's memory: what the network sees must not depend on it.
_MOST_BYTES = 2**30
_AT_ONCE = 256
_SHIFT, _FLIP, _CUT = range(3)
_EVERY_EPOCH = 2**32


def are_small(photos: int, size_wh: tuple[int, int], augment: Augment) -> bool:
    """Whether photos are held as one array: a small input, whole photos, and nothing but what can be done at once."""
    simple = augment.crop is None and augment.policy == "none" and augment.erasing == 0
    simple = simple and augment.pad_crop < min(size_wh)
    return simple and max(size_wh) <= LARGEST and photos * size_wh[0] * size_wh[1] * 3 <= _MOST_BYTES


def mirrored_first(augment: Augment, seed: int, photos: int) -> NDArray[np.bool_] | None:
    """bool [n]: photos that are mirrored in even epochs, where `alternate` is on; the others are in odd ones."""
    if not augment.alternate:
        return None
    return table_chance(seed, _EVERY_EPOCH, _FLIP).random(photos) < 0.5


@dataclass(frozen=True, eq=False)
class Variation:
    """What happens to each of n pictures in an epoch.

    Args:
        down: int64 [n], first row of the window in the picture with its edge.
        right: int64 [n], first column.
        mirrored: bool [n].
        cut: Side of the square that becomes grey; 0 for none.
        centres: float64 [2, n], its centre, down and right, as shares of the height and the width.
    """

    down: NDArray[np.int64]
    right: NDArray[np.int64]
    mirrored: NDArray[np.bool_]
    cut: int
    centres: NDArray[np.float64]

    @classmethod
    def of(cls, augment: Augment, seed: int, epoch: int, photos: int) -> Variation:
        """What the seed and the epoch say."""
        down, right = table_chance(seed, epoch, _SHIFT).integers(0, 2 * augment.pad_crop + 1, (2, photos))
        first = mirrored_first(augment, seed, photos)
        if first is not None:
            mirrored = first ^ bool(epoch & 1)
        elif augment.flip:
            mirrored = table_chance(seed, epoch, _FLIP).random(photos) < 0.5
        else:
            mirrored = np.zeros(photos, np.bool_)
        return cls(down, right, mirrored, augment.cutout, table_chance(seed, epoch, _CUT).random((2, photos)))

    def take(self, rows: NDArray[np.int64]) -> Variation:
        """Of some of the pictures, int64 [m]."""
        return Variation(self.down[rows], self.right[rows], self.mirrored[rows], self.cut, self.centres[:, rows])


@dataclass(frozen=True, eq=False)
class SmallPictures:
    """All pictures of a training, with a mirrored edge around each.

    Args:
        padded: uint8 [n, H + 2p, W + 2p, 3], where they are varied.
        pad: Pixels of the edge, p.
    """

    padded: Tensor
    pad: int

    @classmethod
    def of(
        cls,
        pictures: Pictures,
        size_wh: tuple[int, int],
        pad: int,
        *,
        threads: int,
        device: torch.device,
    ) -> SmallPictures:
        """Decode all of them.

        Args:
            pictures: Where they come from.
            size_wh: Width and height.
            pad: Pixels of the edge.
            threads: Threads that decode.
            device: Where they are held.

        Raises:
            FovealError: `photo-lost`.
        """
        n = len(pictures.photos)
        held = np.empty((n, size_wh[1], size_wh[0], 3), np.uint8)

        def fill(chunk: int, _: None, place: int) -> None:
            row = chunk * _AT_ONCE + place
            held[row] = pictures.framed(row, size_wh)

        sizes = [min(_AT_ONCE, n - start) for start in range(0, n, _AT_ONCE)]
        for _ in ahead(Work(sizes, lambda _: None, fill), threads=threads, batches=len(sizes)):
            pass
        edge = ((0, 0), (pad, pad), (pad, pad), (0, 0))
        padded = np.pad(held, edge, mode="reflect") if pad else held
        return cls(torch.from_numpy(padded).to(device), pad)

    def holds(self, size_wh: tuple[int, int], pad: int) -> bool:
        """Whether they serve pictures of some size and edge."""
        height, width = (side - 2 * self.pad for side in self.padded.shape[1:3])
        return (width, height, self.pad) == (*size_wh, pad)

    def epoch(self, augment: Augment, seed: int, number: int) -> Callable[[NDArray[np.int64]], Tensor]:
        """What gives the pictures of an epoch: from rows int64 [B] to uint8 [B, H, W, 3], where they are held.

        A photo that comes twice in an epoch comes in the same variation.
        """
        variation = Variation.of(augment, seed, number, len(self.padded))
        varied = _on_processor if self.padded.device.type == "cpu" else on_device
        return lambda rows: varied(self, rows, variation.take(rows))


def _on_processor(held: SmallPictures, rows: NDArray[np.int64], each: Variation) -> Tensor:
    # PyTorch takes 50 times as long on a processor to pick windows: it goes pixel by pixel.
    padded, pad = held.padded.numpy(), held.pad
    shape, (picture, down, right, channel) = _windows(held)
    windows = as_strided(padded, shape, (picture, down, right, down, right, channel), writeable=False)
    images = windows[rows, each.down, each.right] if pad else padded[rows]
    height, width = images.shape[1:3]
    if each.mirrored.any():
        turned = np.ascontiguousarray(images[each.mirrored])
        images[each.mirrored] = opencv().flip(turned.reshape(-1, width, 3), 1).reshape(turned.shape)
    if each.cut:
        corners = (each.centres * np.array([[height], [width]])).astype(np.int64) - each.cut // 2
        for image, top, left in zip(images, *np.maximum(corners, -each.cut).tolist(), strict=True):
            image[max(top, 0) : top + each.cut, max(left, 0) : left + each.cut] = GREY
    return torch.from_numpy(images)


def on_device(held: SmallPictures, rows: NDArray[np.int64], each: Variation) -> Tensor:
    """Some pictures, varied by PyTorch where they are held; the same as on a processor.

    Args:
        held: The pictures.
        rows: int64 [B], which.
        each: How each of them is varied.
    """
    device = held.padded.device
    shape, (picture, down, right, channel) = _windows(held)
    windows = held.padded.as_strided(shape, (picture, down, right, down, right, channel))
    at = (torch.from_numpy(index).to(device) for index in (rows, each.down, each.right))
    images = windows[tuple(at)]
    mirrored = torch.from_numpy(each.mirrored).to(device)
    images = torch.where(mirrored[:, None, None, None], images.flip(2), images)
    if not each.cut:
        return images
    inside = []
    for length, centre in zip(images.shape[1:3], each.centres, strict=True):
        start = torch.from_numpy((centre * length).astype(np.int64) - each.cut // 2).to(device)[:, None]
        place = torch.arange(length, device=device)[None]
        inside.append((place >= start) & (place < start + each.cut))
    return images.masked_fill((inside[0][:, :, None] & inside[1][:, None, :])[..., None], GREY)


def _windows(held: SmallPictures) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shape [n, 2p + 1, 2p + 1, H, W, 3] of every window that may be cut; and the strides of the pictures."""
    n, height, width, channels = held.padded.shape
    pad = held.pad
    shape = (n, 2 * pad + 1, 2 * pad + 1, height - 2 * pad, width - 2 * pad, channels)
    return shape, tuple(held.padded.stride())
