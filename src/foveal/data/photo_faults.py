"""Which errors are one photo's own, so that the others can go on."""

from __future__ import annotations

from foveal.data.photo import AnyPhoto, as_photo
from foveal.errors import FovealError

# Codes of errors that are the photo's own; any other would befall every photo.
_PHOTO_FAULTS = ("image-", "bad-image", "needs-extra")


def why_unreadable(error: FovealError, photo: AnyPhoto) -> str:
    """Why a photo could not be read, without its name: whoever shows it names the photo, and with its folders.

    Args:
        error: What was raised while the photo was read or decoded.
        photo: The photo.

    Raises:
        FovealError: The error itself, where it is not the photo's own and would befall every other one.
    """
    if not error.code.startswith(_PHOTO_FAULTS):
        raise error
    return error.message.removeprefix(f"{as_photo(photo).name}: ")
