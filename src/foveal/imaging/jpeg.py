"""JPEG through libjpeg-turbo, into a buffer that each thread keeps and uses again."""

from __future__ import annotations

import dataclasses
import struct
import threading
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from foveal.imaging import failures
from foveal.imaging.exif import EXIF_MARK
from foveal.imaging.orientation import UPRIGHT, exif_orientation

MAX_KEPT_BYTES = 64 * 2**20
"""Largest buffer that a thread keeps between photos."""

SCALE_MARGIN = 3
"""Scaled decoding leaves at least this many times the pixels that the caller needs; less cost accuracy."""

# libjpeg-turbo's own bound against files that make it pass over the picture again and again
_MAX_SCANS = 500
_GROWTH_STEP = 2**20
# real files have under 300 segments before the picture; hostile ones have millions
_MAX_HEADER_STEPS = 20_000
_FILL = 0xFF
_NO_LENGTH = {0x00, 0x01, *range(0xD0, 0xD9)}
_START_OF_FRAME = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
_EOI = 0xD9

APP1, QUANTISATION, SCAN = 0xE1, 0xDB, 0xDA
"""Markers of segments: metadata (EXIF among it), quantisation tables, the start of the picture."""

# libjpeg's warnings that leave every pixel in place; after the others, parts of the picture are invented
_BENIGN = ("extraneous bytes", "unknown adobe color", "bad icc marker", "invalid sos parameters")
_JFIF = b"JFIF\0"

_kept = threading.local()


@dataclasses.dataclass(frozen=True)
class JpegHeader:
    """What the header of a JPEG says.

    Args:
        size_wh: Stored width and height, before the orientation is applied.
        channels: 1 for grey, 3 for colour, 4 for CMYK or YCCK.
        several_scans: The picture is stored in passes, as progressive files are.
        orientation: EXIF value, 1 to 8.
    """

    size_wh: tuple[int, int]
    channels: int
    several_scans: bool
    orientation: int


def read_header(data: bytes, *, name: str) -> JpegHeader:
    """What the segments before the picture say, decoding nothing.

    Args:
        data: The file, or at least its start.
        name: File name for error messages.

    Raises:
        FovealError: `image-truncated` when the file ends before it, `image-corrupt` when there is no picture.
    """
    return header_of(data, segments(data, name=name), name=name)


def header_of(data: bytes, found: Iterable[tuple[int, int, int]], *, name: str) -> JpegHeader:
    """The same from segments that are known already.

    Args:
        data: The file, or at least its start.
        found: What `segments` yields for it.
        name: File name for error messages.

    Raises:
        FovealError: `image-corrupt` when there is no picture, and those of `found`.
    """
    orientation, frame, progressive = UPRIGHT, b"", False
    for marker, at, end in found:
        if marker == SCAN and len(frame) >= 6:
            height, width, channels = struct.unpack(">HHB", frame[1:6])
            return JpegHeader((width, height), channels, progressive or data[at] < channels, orientation)
        if marker in _START_OF_FRAME:
            frame, progressive = data[at:end], marker in _PROGRESSIVE
        elif marker == APP1 and data.startswith(EXIF_MARK, at):
            orientation = exif_orientation(data[at:end])
    raise failures.corrupt(name, "the JPEG header has no picture")


def segments(data: bytes, *, name: str) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of the content of each segment, up to the first scan (ITU-T T.81, annex B).

    Args:
        data: The file, or at least its start.
        name: File name for error messages.

    Raises:
        FovealError: `image-truncated` when the file ends before the first scan.
    """
    at = 2
    for _ in range(_MAX_HEADER_STEPS):
        at = data.find(b"\xff", at)
        if at < 0 or at + 5 > len(data):
            raise failures.truncated(name, "in the JPEG header")
        marker = data[at + 1]
        if marker == _FILL or marker in _NO_LENGTH:
            at += 1
            continue
        end = at + 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
        if marker != _EOI:
            yield marker, at + 4, end
        if marker in (SCAN, _EOI):
            return
        at = end


def scale_divisor(size_wh: tuple[int, int], min_side: int) -> int:
    """1, 2, 4 or 8: how far libjpeg may shrink the photo while decoding it.

    Args:
        size_wh: Stored size.
        min_side: Short side that the caller needs; 0 asks for the full size.
    """
    divisor = 1
    short_side = min(size_wh)
    while min_side > 0 and divisor < 8 and short_side >= max(2 * divisor * SCALE_MARGIN * min_side, 16 * divisor):
        divisor *= 2
    return divisor


def scaled_wh(size_wh: tuple[int, int], divisor: int) -> tuple[int, int]:
    """Size after scaled decoding; libjpeg rounds up."""
    return -(-size_wh[0] // divisor), -(-size_wh[1] // divisor)


def decode_turbo(data: bytes, header: JpegHeader, divisor: int, *, name: str) -> NDArray[np.uint8] | None:
    """The pixels as stored, or None where only Pillow may know how to read them.

    Args:
        data: The file.
        header: What `read_header` returned for it.
        divisor: What `scale_divisor` returned for it.
        name: File name for error messages.

    Returns:
        uint8 [H, W, 3], RGB: a view into this thread's buffer, overwritten by the thread's next call.

    Raises:
        FovealError: `image-truncated`, `image-corrupt` when libjpeg would have to invent pixels.
    """
    import simplejpeg

    width, height = scaled_wh(header.size_wh, divisor)
    try:
        image: NDArray[np.uint8] = simplejpeg.decode_jpeg(
            data,
            "RGB",
            min_height=height if divisor > 1 else 0,
            min_width=width if divisor > 1 else 0,
            buffer=_buffer(height * width * 3),
        )
    except ValueError as error:
        message = str(error).lower()
        repaired = _with_known_revision(data)
        if "unknown jfif revision" in message and repaired != data:
            return decode_turbo(repaired, header, divisor, name=name)
        if "premature end" in message:
            raise failures.truncated(name, "part of the picture is missing") from error
        if message.startswith(("corrupt jpeg data", "inconsistent")) and not any(text in message for text in _BENIGN):
            raise failures.corrupt(name, str(error)) from error
        return None
    return image


def _with_known_revision(data: bytes) -> bytes:
    """The file with JFIF revision 1, because libjpeg tells only its first warning and this one would hide others."""
    at = data.find(_JFIF) + len(_JFIF)
    return data[:at] + b"\x01" + data[at + 1 :]


def check_scans(data: bytes, *, name: str) -> None:
    """Refuses a JPEG of absurdly many scans, each of which costs a pass over the whole picture.

    Raises:
        FovealError: `image-corrupt`.
    """
    scans = data.count(b"\xff\xda")
    if scans > _MAX_SCANS:
        raise failures.corrupt(name, f"{scans} scans, at most {_MAX_SCANS} are read")


def _buffer(needed_bytes: int) -> NDArray[np.uint8]:
    """This thread's buffer, grown where needed.

    glibc maps and unmaps large blocks at every call, and touching fresh pages took 1.4 of 1.9 ms for a photo of
    400×533.
    """
    buffer: NDArray[np.uint8] | None = getattr(_kept, "buffer", None)
    if buffer is not None and buffer.size >= needed_bytes:
        return buffer
    if needed_bytes > MAX_KEPT_BYTES:
        return np.empty(needed_bytes, np.uint8)
    _kept.buffer = buffer = np.empty(-(-needed_bytes // _GROWTH_STEP) * _GROWTH_STEP, np.uint8)
    return buffer
