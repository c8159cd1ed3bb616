"""What people hand to `predict`: paths, folders, arrays, Pillow images, or any mixture of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import DatasetPhotos
from foveal.data.photo import AnyPhoto, Photo
from foveal.data.read import read_many
from foveal.errors import FovealError


def as_photos(given: object) -> Sequence[AnyPhoto]:
    """Flatten what was given into photos, in order.

    Args:
        given: A path, a folder (searched recursively) or an archive, an image as uint8 [H, W, 3] in RGB or as a Pillow
            image, a photo or the photos of a dataset, or an iterable of these.

    Raises:
        FovealError: `bad-image` for anything else; `not-found`, `no-photos`.
    """
    if isinstance(given, DatasetPhotos):
        return given
    if isinstance(given, Photo):
        return [given]
    if isinstance(given, str | Path):
        return read_many([Path(given)]).photos()
    if isinstance(given, np.ndarray) and given.ndim <= 3:
        return [_checked(given)]
    if hasattr(given, "convert") and hasattr(given, "getexif"):
        return [_checked(_upright(given))]
    if isinstance(given, Iterable):
        return _flatten(given)
    raise _bad_image(type(given).__name__)


def _flatten(given: Iterable[object]) -> Sequence[AnyPhoto]:
    """Paths that follow each other are read together, so that a folder named twice counts once."""
    given = list(given)
    if given and all(isinstance(each, str | Path) for each in given):
        return read_many([Path(str(each)) for each in given]).photos()
    photos: list[AnyPhoto] = []
    paths: list[Path] = []
    for each in given:
        if isinstance(each, str | Path):
            paths.append(Path(each))
            continue
        photos += read_many(paths).photos() if paths else []
        paths = []
        photos += as_photos(each)
    return [*photos, *(read_many(paths).photos() if paths else [])]


def _upright(image: Any) -> NDArray[np.uint8]:
    """A Pillow image as RGB pixels, turned as its EXIF tag says."""
    from PIL import ImageOps

    return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


def _checked(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if not is_image(image):
        raise _bad_image(f"{image.dtype} {list(image.shape)}")
    return np.ascontiguousarray(image)


def is_image(array: NDArray[Any]) -> bool:
    """Whether an array is one decoded photo: uint8 [H, W, 3], not empty."""
    return array.dtype == np.uint8 and array.ndim == 3 and array.shape[2] == 3 and 0 not in array.shape


def _bad_image(got: str) -> FovealError:
    return FovealError(
        "bad-image",
        f"expected a path, a Pillow image or a uint8 array [H, W, 3] in RGB, got {got}",
        hint="for grey images repeat the channel three times; for values in 0..1 multiply by 255",
    )
