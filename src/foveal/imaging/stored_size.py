"""How large a photo is before it is decoded, where its decoder may hand over fewer pixels."""

from __future__ import annotations

from foveal.imaging import jpeg

_JPEG = b"\xff\xd8\xff"


def jpeg_size_wh(data: bytes, *, name: str) -> tuple[int, int] | None:
    """Width and height of a JPEG, upright by its EXIF orientation; None for other formats.

    Args:
        data: The file.
        name: File name for error messages.

    Raises:
        FovealError: `image-truncated`, `image-corrupt`.
    """
    if not data.startswith(_JPEG):
        return None
    header = jpeg.read_header(data, name=name)
    width, height = header.size_wh
    return (height, width) if header.orientation >= 5 else (width, height)
