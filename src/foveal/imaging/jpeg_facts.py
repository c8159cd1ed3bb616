"""What the header of a JPEG says beside its size: quality, camera, time; tens of microseconds a photo."""

from __future__ import annotations

import bisect
import functools
from dataclasses import dataclass

from foveal.errors import FovealError
from foveal.imaging import jpeg
from foveal.imaging.exif import EXIF_MARK, Taken, read_taken

_MODES = {1: "L", 3: "RGB", 4: "CMYK"}
_TABLE = 64
# ITU-T T.81, table K.1, the luminance table that every quality setting of libjpeg scales
_LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)


@dataclass(frozen=True)
class JpegFacts:
    """What a JPEG says of itself.

    Args:
        size_wh: Stored width and height, before the orientation is applied.
        mode: Colour mode, as Pillow spells it.
        orientation: EXIF value, 1 to 8.
        quality: 1 to 100, see `table_quality`; 0 where it has no quantisation table.
        taken: Camera and time.
    """

    size_wh: tuple[int, int]
    mode: str
    orientation: int
    quality: int
    taken: Taken


def read_jpeg_facts(data: bytes) -> JpegFacts | None:
    """What a JPEG says of itself; None where it has no sound header.

    Args:
        data: The file, or at least its start.
    """
    exif, quality = b"", 0
    try:
        found = list(jpeg.segments(data, name=""))
        header = jpeg.header_of(data, found, name="")
    except FovealError:
        return None
    for marker, start, end in found:
        if marker == jpeg.QUANTISATION:
            quality = _first_table_quality(data[start:end]) or quality
        elif marker == jpeg.APP1 and data.startswith(EXIF_MARK, start):
            exif = data[start:end]
    taken = read_taken(exif) if exif else Taken()
    return JpegFacts(header.size_wh, _MODES.get(header.channels, ""), header.orientation, quality, taken)


def table_quality(total: int) -> int:
    """The setting of libjpeg, 1 to 100, whose luminance table comes nearest.

    Exact for files that libjpeg wrote with its own tables. Cameras and photo editors have tables of their own, for
    which this is how coarse they are on libjpeg's scale.

    Args:
        total: Sum of the 64 steps of the luminance table.
    """
    sums = _sums()
    # they fall as the quality rises
    at = bisect.bisect_left(sums, -total, key=lambda each: -each)
    if at == len(sums) or (at > 0 and sums[at - 1] - total <= total - sums[at]):
        at -= 1
    return at + 1


def _first_table_quality(content: bytes) -> int:
    """Quality by table 0, if it is among the tables of one segment (ITU-T T.81, B.2.4.1)."""
    at = 0
    while at < len(content):
        wide, number = content[at] >> 4, content[at] & 15
        values = content[at + 1 : at + 1 + _TABLE * (1 + bool(wide))]
        if number == 0 and len(values) == _TABLE * (1 + bool(wide)):
            return table_quality(sum(values) + 255 * sum(values[::2]) if wide else sum(values))
        at += 1 + len(values)
    return 0


@functools.cache
def _sums() -> list[int]:
    """Sum of the luminance table at each quality 1 … 100, as libjpeg's `jpeg_set_quality` scales it."""
    scales = [5000 // quality if quality < 50 else 200 - 2 * quality for quality in range(1, 101)]
    base = [step for row in _LUMINANCE for step in row]
    return [sum(min(max((step * scale + 50) // 100, 1), 255) for step in base) for scale in scales]
