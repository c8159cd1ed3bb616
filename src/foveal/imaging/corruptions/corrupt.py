"""Apply a corruption or a camera fault, the same way every time for the same photo."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError, unknown_name
from foveal.imaging.corruptions import CAMERA_FAULTS, CORRUPTIONS
from foveal.imaging.corruptions.strengths import SETTINGS
from foveal.types.checked import bad_value

Corruption = Callable[[NDArray[np.uint8], int, np.random.Generator], NDArray[np.uint8]]
"""(image uint8 [H, W, 3], strength from 1, where its chance comes from) -> uint8 [H, W, 3], in memory of its own."""


def corrupt(name: str, image_rgb: NDArray[np.uint8], strength: int, *, key: bytes = b"") -> NDArray[np.uint8]:
    """A photo as it would be with something gone wrong.

    What is left to chance follows from the photo, the name and the strength alone: the same call gives the same pixels.

    Args:
        name: A name in `CORRUPTIONS` or `CAMERA_FAULTS`.
        image_rgb: uint8 [H, W, 3], RGB, of the network's input size, at least 16 pixels a side; it is not changed.
        strength: From 1, the weakest, to `strengths(name)`.
        key: What the photo is known by; empty for a digest of the pixels. The same key makes several sizes of one photo
            draw from the same chance.

    Returns:
        uint8 [H, W, 3], C-contiguous, in memory of its own.

    Raises:
        FovealError: `unknown-name`, `bad-value` for another strength, `bad-image-array` for another array.
    """
    fits = image_rgb.dtype == np.uint8 and image_rgb.ndim == 3 and image_rgb.shape[2] == 3
    if not fits or min(image_rgb.shape[:2]) < 16:
        raise FovealError(
            "bad-image-array",
            f"expected uint8 [H, W, 3] of at least 16 × 16 pixels, got {image_rgb.dtype} {list(image_rgb.shape)}",
            hint="pass an RGB photo prepared for the network, as Preprocess.apply returns it",
        )
    function = find(name)
    if not 1 <= strength <= strengths(name):
        raise bad_value("corrupt", f"a strength of {name} from 1 to {strengths(name)}", strength)
    image = np.ascontiguousarray(image_rgb)
    return np.ascontiguousarray(function(image, strength, _chance(key or image_key(image), name, strength)))


@functools.cache
def find(name: str) -> Corruption:
    """The function behind a name.

    Raises:
        FovealError: `unknown-name`.
    """
    target = CORRUPTIONS.get(name) or CAMERA_FAULTS.get(name)
    if target is None:
        raise unknown_name("corruption", name, [*CORRUPTIONS, *CAMERA_FAULTS])
    module, _, attribute = target.partition(":")
    found: Corruption = getattr(import_module(module), attribute)
    return found


def strengths(name: str) -> int:
    """How many strengths there are: five, or one where there is nothing to grade (a photo is mirrored or it is not)."""
    return len(SETTINGS[name])


def image_key(image_rgb: NDArray[np.uint8]) -> bytes:
    """What pixels are known by: 16 bytes."""
    return hashlib.blake2b(np.ascontiguousarray(image_rgb).data, digest_size=16).digest()


def _chance(key: bytes, name: str, strength: int) -> np.random.Generator:
    """SFC64 is the fastest of numpy's generators, and its stream is the same on every machine."""
    digest = hashlib.blake2b(key, digest_size=16, salt=strength.to_bytes(2, "little"), person=name.encode()[:16])
    return np.random.Generator(np.random.SFC64(int.from_bytes(digest.digest(), "little")))
