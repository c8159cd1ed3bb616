"""The bytes of a photo as another form can hold them."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path

from foveal.data.photo import FilePhoto, Photo, PixelPhoto
from foveal.data.raw_pixels import RawPhoto
from foveal.imaging.formats import IMAGE_SUFFIXES, image_format

_HEAD_BYTES = 1024
_SUFFIX = {"JPEG": ".jpg", "PNG": ".png", "GIF": ".gif", "TIFF": ".tif", "BMP": ".bmp", "WEBP": ".webp"}
_MORE_SUFFIX = {"AVIF": ".avif", "HEIF": ".heic", "PPM": ".ppm"}


@dataclass(frozen=True)
class Content:
    """A photo as a file of its own.

    Args:
        data: The whole file.
        suffix: What its name ends in, with the dot.
    """

    data: bytes
    suffix: str


def content_of(photo: Photo) -> Content:
    """A photo as a file: its own bytes, or a PNG where it is no file, as a box in a photo or plain numbers are not.

    Raises:
        FovealError: `image-unreadable`, `image-empty`, `image-too-large`, `image-format`; where it becomes a PNG also
            what decoding raises.
    """
    data = photo.read()
    if photo.salt or isinstance(photo, RawPhoto | PixelPhoto):
        return Content(_png(photo, data), ".png")
    return Content(data, suffix_of(photo.name, data))


def original(photo: Photo) -> tuple[Path, str] | None:
    """The file that is the photo and nothing else, and what its name should end in; None where there is none.

    Raises:
        FovealError: `image-unreadable`, `image-empty`, `image-format`: it is no photo by its first bytes.
    """
    if not isinstance(photo, FilePhoto):
        return None
    head = b""
    with contextlib.suppress(OSError, ValueError):
        if photo.file.is_file():  # a pipe would be waited for for ever
            with photo.file.open("rb") as file:
                head = file.read(_HEAD_BYTES)
    # reading all of it says best what is wrong with a file that cannot be opened or is empty
    return photo.file, suffix_of(photo.name, head or photo.read())


def suffix_of(name: str, data: bytes) -> str:
    """What the name of the photo ends in; by its content where that is no suffix of photos.

    Raises:
        FovealError: `image-format`: it is no photo.
    """
    kind = image_format(data[:_HEAD_BYTES], name=name)
    suffix = Path(name).suffix
    return suffix if suffix.lower() in IMAGE_SUFFIXES else (_SUFFIX | _MORE_SUFFIX)[kind]


def _png(photo: Photo, data: bytes) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(photo.decode(data)).save(file, "PNG")
    return file.getvalue()
