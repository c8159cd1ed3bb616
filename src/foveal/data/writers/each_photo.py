"""The loop that every writer runs: photo after photo, those that cannot be read named and left out."""

from __future__ import annotations

from collections.abc import Callable

from foveal.data.dataset import Dataset
from foveal.data.photo import Photo, as_photo
from foveal.data.writers import Progress
from foveal.errors import FovealError
from foveal.types.text import printable


def for_each(dataset: Dataset, put: Callable[[int, Photo], None], progress: Progress) -> tuple[tuple[str, str], ...]:
    """Hand every photo to a function, in order.

    Args:
        dataset: The photos.
        put: Takes a photo's number and the photo; what it raises as `FovealError` speaks of that photo alone.
        progress: Is told of every photo.

    Returns:
        Name of each photo that could not be read, with the reason.
    """
    left_out = []
    for row in range(len(dataset)):
        photo = as_photo(dataset.photo(row))
        try:
            put(row, photo)
        except FovealError as error:
            left_out.append((printable(photo.label), error.message.removeprefix(f"{photo.name}: ")))
        progress(row + 1, len(dataset))
    return tuple(left_out)
