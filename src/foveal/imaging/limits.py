"""How large a photo may be before foveal refuses it, checked before any pixel is allocated."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Iterator

from foveal.errors import FovealError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds on one photo.

    Args:
        max_pixels: Largest width × height that is decoded.
        max_file_bytes: Largest file that is read.

    Raises:
        FovealError: `bad-limits` when a bound is below one.
    """

    max_pixels: int = 200_000_000
    max_file_bytes: int = 256 * 2**20

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value < 1:
                raise FovealError(
                    "bad-limits", f"expected {field.name} of at least 1, got {value}", hint="give a positive number"
                )

    def check_bytes(self, file_bytes: int, *, name: str) -> None:
        """Refuses a file that is empty or larger than `max_file_bytes`.

        Raises:
            FovealError: `image-empty`, `image-too-large`.
        """
        if file_bytes == 0:
            raise FovealError("image-empty", f"{name}: the file is empty", hint="copy the file again, or remove it")
        if file_bytes > self.max_file_bytes:
            raise FovealError(
                "image-too-large",
                f"{name}: {file_bytes:,} bytes, the limit is {self.max_file_bytes:,}",
                hint="shrink the file, or raise Limits(max_file_bytes=...) if it can be trusted",
            )

    def check_pixels(self, size_wh: tuple[int, int], *, name: str) -> None:
        """Refuses a photo without pixels or with more than `max_pixels`.

        Raises:
            FovealError: `image-corrupt`, `image-too-large`.
        """
        width, height = size_wh
        if width < 1 or height < 1:
            raise FovealError(
                "image-corrupt", f"{name}: the header says {width}×{height} pixels", hint="copy the file again"
            )
        if width * height > self.max_pixels:
            raise FovealError(
                "image-too-large",
                f"{name}: {width}×{height} = {width * height:,} pixels, the limit is {self.max_pixels:,}",
                hint="shrink the photo, or raise Limits(max_pixels=...) if it can be trusted",
            )


DEFAULT_LIMITS = Limits()

LARGE_PIXELS = 24_000_000
"""Photos above this are decoded one at a time, so that memory stays bounded however many threads decode."""

_large_turn = threading.Lock()


@contextlib.contextmanager
def turn_to_decode(size_wh: tuple[int, int]) -> Iterator[None]:
    """Waits until no other large photo is being decoded; small ones never wait.

    Args:
        size_wh: Size of the pixels that are about to be decoded.
    """
    if size_wh[0] * size_wh[1] <= LARGE_PIXELS:
        yield
        return
    with _large_turn:
        yield
