"""Every format but plain JPEG, through Pillow, under foveal's own limits and strictness."""

from __future__ import annotations

import contextlib
import io
import threading
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError
from foveal.imaging import failures
from foveal.imaging.colour import to_rgb
from foveal.imaging.limits import Limits, turn_to_decode
from foveal.imaging.orientation import UPRIGHT, exif_orientation, turn_upright

if TYPE_CHECKING:
    from PIL import Image

_rules_lock = threading.Lock()
_rules_users = 0
_rules_before: tuple[bool, int | None] = (False, None)
# a pattern that no other program is likely to use, because it is also the name under which the filter is removed
_SILENCED = r"PIL\.(?:Image|\w+ImagePlugin|ImageFile)$"


def decode_pillow(data: bytes, image_format: str, limits: Limits, *, name: str) -> NDArray[np.uint8]:
    """The first picture of a file, upright.

    Args:
        data: The file.
        image_format: Pillow's name of the format; no other is tried.
        limits: Checked after the header and before the pixels.
        name: File name for error messages.

    Returns:
        uint8 [H, W, 3], RGB, in memory of its own.

    Raises:
        FovealError: `image-truncated`, `image-corrupt`, `image-too-large`, `image-format`, `needs-extra`.
    """
    if image_format == "HEIF":
        _register_heif(name)
    with strict_pillow(), opened(data, image_format, name=name) as image:
        limits.check_pixels(image.size, name=name)
        with turn_to_decode(image.size):
            try:
                image.load()
            except Exception as error:
                raise failures.from_exception(name, error) from error
            return turn_upright(to_rgb(image, name=name), _orientation(image))


def opened(data: bytes, image_format: str, *, name: str) -> Image.Image:
    """The file with its header read and no pixel decoded; to be used and closed under `strict_pillow`.

    Args:
        data: The file.
        image_format: Pillow's name of the format; no other is tried.
        name: File name for error messages.

    Raises:
        FovealError: `image-truncated`, `image-corrupt`, `image-too-large`.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        return Image.open(io.BytesIO(data), formats=[image_format])
    except UnidentifiedImageError as error:
        raise failures.corrupt(name, f"the {image_format} header cannot be read") from error
    except Exception as error:  # plugins raise almost anything on damaged files: OSError, SyntaxError, struct.error
        raise failures.from_exception(name, error) from error


def _orientation(image: Image.Image) -> int:
    # Pillow's TIFF reader has already turned the picture while loading it
    exif = image.info.get("exif")
    return exif_orientation(exif) if isinstance(exif, bytes) and image.format != "TIFF" else UPRIGHT


@contextlib.contextmanager
def strict_pillow() -> Iterator[None]:
    """Pillow refuses cut files, leaves the size limit to foveal and warns of nothing, whatever the program has set.

    These settings are global in Pillow and in Python, so they hold while any thread decodes and are put back after
    the last. `warnings.catch_warnings` would not do: threads would put back each other's filters.
    """
    global _rules_users, _rules_before  # noqa: PLW0603 - the settings belong to the process, and so does their counter
    from PIL import Image, ImageFile

    with _rules_lock:
        if _rules_users == 0:
            _rules_before = (ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS)
        ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS = False, None
        warnings.filterwarnings("ignore", module=_SILENCED)
        _rules_users += 1
    try:
        yield
    finally:
        with _rules_lock:
            _rules_users -= 1
            if _rules_users == 0:
                ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS = _rules_before
                _stop_silencing()


def _stop_silencing() -> None:
    filters = cast("list[tuple[object, ...]]", warnings.filters)
    ours = [entry for entry in filters if getattr(entry[3], "pattern", None) == _SILENCED]
    for entry in ours:
        filters.remove(entry)


def _register_heif(name: str) -> None:
    try:
        import pillow_heif
    except ImportError as error:
        raise FovealError(
            "needs-extra", f"{name}: HEIC photos need pillow-heif", hint='pip install "foveal[heic]"'
        ) from error
    pillow_heif.register_heif_opener()
