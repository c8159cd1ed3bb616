"""Small pictures inside a page, so that it needs no other file."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from foveal.data.dataset import Dataset
from foveal.data.photo import as_photo
from foveal.errors import FovealError
from foveal.imaging.thumbnail import reduced
from foveal.runtimes.engine import threads

LONG_SIDE = 176
_QUALITY = 72

# A grey square with a stroke through it, for photos that cannot be read.
NO_PICTURE = "data:image/svg+xml;base64," + base64.b64encode(
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"><path fill="#8884" d="M0 0h4v3H0z"/>'
    b'<path stroke="#888" stroke-width=".08" d="M.5.4l3 2.2"/></svg>'
).decode("ascii")


def thumbnails(dataset: Dataset, rows: Sequence[int]) -> Mapping[int, str]:
    """Pictures of some photos, decoded on every processor.

    Args:
        dataset: The photos.
        rows: Which.

    Returns:
        A `data:` address for each row; `NO_PICTURE` for one that cannot be read.
    """
    wanted = sorted(set(rows))
    with ThreadPoolExecutor(threads()) as pool:
        return dict(zip(wanted, pool.map(lambda row: _picture(dataset, row), wanted), strict=True))


def _picture(dataset: Dataset, row: int) -> str:
    import simplejpeg

    photo = as_photo(dataset.photo(row))
    try:
        # JPEG decoding keeps three times the side it is told, which is enough to reduce from.
        small = reduced(photo.decode(photo.read(), min_side=LONG_SIDE // 3), LONG_SIDE)
    except FovealError:
        return NO_PICTURE
    data: bytes = simplejpeg.encode_jpeg(small, quality=_QUALITY, colorsubsampling="420")
    return "data:image/jpeg;base64," + base64.b64encode(data).decode("ascii")
