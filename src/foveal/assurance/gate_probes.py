"""Images of nothing, to see whether a gate turns them away: noise, blank fields, photos cut into tiles and shuffled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_TILES = 8
_COLOURS = ((0, 0, 0), (255, 255, 255), (128, 128, 128), (255, 0, 0), (0, 255, 0), (0, 0, 255))

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Probe:
    """One image that a gate should turn away.

    Args:
        kind: "noise", "blank" or "shuffled".
        image_rgb: uint8 [H, W, 3].
    """

    kind: str
    image_rgb: Image


def synthetic_probes(images: Sequence[Image], *, each: int = 20, seed: int = 0) -> list[Probe]:
    """As many images of every kind as asked for, in the order noise, blank, shuffled.

    Noise is uniform and Gaussian in turn; blank fields are black, white, grey, red, green, blue, then of any colour;
    shuffled are the photos themselves in turn, cut into 8 × 8 tiles.

    Args:
        images: Photos as the network gets them, uint8 [H, W, 3] of one size, at least 8 × 8; at least one.
        each: Images of each kind.
        seed: Of everything drawn.
    """
    rng = np.random.default_rng(seed)
    shape = images[0].shape
    noise = [_noise(shape, rng, gaussian=number % 2 == 1) for number in range(each)]
    colours = [*_COLOURS, *map(tuple, rng.integers(0, 256, (max(each - len(_COLOURS), 0), 3)))][:each]
    blank = [np.broadcast_to(np.array(colour, np.uint8), shape).copy() for colour in colours]
    shuffled = [shuffle_tiles(images[number % len(images)], rng) for number in range(each)]
    kinds = (("noise", noise), ("blank", blank), ("shuffled", shuffled))
    return [Probe(kind, image) for kind, made in kinds for image in made]


def synthetic_unknowns(images: Sequence[Image], seed: int) -> list[Image]:
    """The images of `synthetic_probes`, uint8 [H, W, 3] each.

    Args:
        images: Photos as the network gets them, uint8 [H, W, 3] of one size, at least 8 × 8; at least one.
        seed: Of everything drawn.
    """
    return [probe.image_rgb for probe in synthetic_probes(images, seed=seed)]


def shuffle_tiles(image_rgb: Image, rng: np.random.Generator, *, tiles: int = _TILES) -> Image:
    """The image cut into tiles × tiles and put together in any order, uint8; the edge that does not divide is cut off.

    Args:
        image_rgb: uint8 [H, W, 3], H and W at least `tiles`.
        rng: Decides the order.
        tiles: Along each side.
    """
    height, width = (side // tiles for side in image_rgb.shape[:2])
    whole = image_rgb[: height * tiles, : width * tiles]
    pieces = whole.reshape(tiles, height, tiles, width, 3).transpose(0, 2, 1, 3, 4).reshape(-1, height, width, 3)
    mixed = pieces[rng.permutation(tiles * tiles)].reshape(tiles, tiles, height, width, 3)
    return np.ascontiguousarray(mixed.transpose(0, 2, 1, 3, 4).reshape(whole.shape))


def _noise(shape: tuple[int, ...], rng: np.random.Generator, *, gaussian: bool) -> Image:
    if gaussian:
        return np.clip(rng.normal(128, 50, shape), 0, 255).astype(np.uint8)
    return rng.integers(0, 256, shape, dtype=np.uint8)
