"""What a photo that is no JPEG says of itself, through Pillow, without decoding its pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from foveal.errors import FovealError
from foveal.imaging.exif import Taken, read_taken
from foveal.imaging.orientation import exif_orientation
from foveal.imaging.pillow import opened, strict_pillow

if TYPE_CHECKING:
    from PIL import Image

_MOST_FRAMES = 65_535


@dataclass(frozen=True)
class PillowFacts:
    """What a photo says of itself.

    Args:
        size_wh: Upright width and height.
        mode: As Pillow spells it; for 16 bits a colour, which Pillow reads as 8, its raw mode, as in "RGB;16B".
        orientation: EXIF value, 1 to 8.
        frames: Pictures in the file.
        taken: Camera and time.
    """

    size_wh: tuple[int, int]
    mode: str
    orientation: int
    frames: int
    taken: Taken


def read_pillow_facts(data: bytes, image_format: str) -> PillowFacts | None:
    """What a photo says of itself; None where Pillow cannot read its header.

    Args:
        data: The file.
        image_format: Pillow's name of its format.
    """
    try:
        with strict_pillow(), opened(data, image_format, name="") as image:
            exif = _exif(image, data)
            orientation = exif_orientation(exif)
            size = image.size
            # Pillow's TIFF reader has already swapped the sides
            if orientation > 4 and image_format != "TIFF":
                size = size[1], size[0]
            return PillowFacts(size, _mode(image), orientation, _frames(image), read_taken(exif))
    except FovealError:
        return None


def _exif(image: Image.Image, data: bytes) -> bytes:
    """The EXIF block; a TIFF file is one itself."""
    exif = data if image.format == "TIFF" else image.info.get("exif")
    return exif if isinstance(exif, bytes) else b""


def _mode(image: Image.Image) -> str:
    for tile in getattr(image, "tile", []):
        raw = tile.args[0] if isinstance(tile.args, tuple) and tile.args else tile.args
        if isinstance(raw, str) and ";16" in raw and not image.mode.startswith("I"):
            return raw
    return image.mode


def _frames(image: Image.Image) -> int:
    try:
        return min(max(int(getattr(image, "n_frames", 1)), 1), _MOST_FRAMES)
    except Exception:  # plugins raise almost anything where a later frame is damaged; the first one was decoded
        return 1
