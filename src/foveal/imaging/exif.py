"""The little of EXIF that says when and with what a photo was taken, read without trusting a single offset.

EXIF 2.32 keeps its values in the directories of a small TIFF file: entries of 12 bytes, each a tag, a type, a count and
the value or the place where it stands.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

EXIF_MARK = b"Exif\0\0"

_MAKE, _MODEL, _EXIF_DIRECTORY, _TAKEN = 0x010F, 0x0110, 0x8769, 0x9003
_ASCII = 2
# LONG, as the standard says, and IFD
_POINTERS = {4, 13}
_ENTRY_BYTES = 12
# real directories have under 100 entries
_MOST_ENTRIES = 1000
_TEXT_BYTES = 64
_UNPRINTABLE = bytes([*range(32), *range(127, 256)])


class Entry(NamedTuple):
    """One entry of a directory.

    Args:
        tag: What it says.
        kind: Type of its values, as TIFF counts them.
        length: How many values.
        value_at: Offset of the four bytes that are the value or say where it is.
    """

    tag: int
    kind: int
    length: int
    value_at: int


@dataclass(frozen=True)
class Taken:
    """Where a photo comes from.

    Args:
        camera: Make and model in ASCII, one blank between them; empty where neither is said.
        seconds: DateTimeOriginal as seconds since 1970 in the camera's own clock; 0 where it is not said.
    """

    camera: bytes = b""
    seconds: int = 0


class ExifBlock:
    """An EXIF block of which nothing is known to be sound.

    Args:
        exif: The block as it stands in a file, with or without the leading `Exif` mark.
    """

    def __init__(self, exif: bytes) -> None:
        self.tiff = exif.removeprefix(EXIF_MARK)
        self.order = {b"II": "<", b"MM": ">"}.get(self.tiff[:2], "")

    def entries(self, start: int | None = None) -> Iterator[Entry]:
        """Entries of a directory, none where it is damaged.

        Args:
            start: Where it begins; None = the first.
        """
        if not self.order or len(self.tiff) < 8:
            return
        if start is None:
            start = self.number("I", 4)
        if start + 2 > len(self.tiff):
            return
        room = (len(self.tiff) - start - 2) // _ENTRY_BYTES
        for number in range(min(self.number("H", start), room, _MOST_ENTRIES)):
            at = start + 2 + _ENTRY_BYTES * number
            tag, kind, length = struct.unpack_from(self.order + "HHI", self.tiff, at)
            yield Entry(tag, kind, length, at + 8)

    def number(self, code: str, at: int) -> int:
        """A whole number.

        Args:
            code: "B", "H" or "I", as `struct` names them.
            at: Its offset, inside the block.
        """
        (value,) = struct.unpack_from(self.order + code, self.tiff, at)
        return int(value)

    def text(self, entry: Entry) -> bytes:
        """The printable ASCII of an entry, empty where it is damaged."""
        if entry.kind != _ASCII:
            return b""
        at = entry.value_at if entry.length <= 4 else self.number("I", entry.value_at)
        value = self.tiff[at : at + min(entry.length, _TEXT_BYTES)]
        return value.partition(b"\0")[0].translate(None, _UNPRINTABLE).strip()


def read_taken(exif: bytes) -> Taken:
    """With what and when a photo was taken; what is damaged counts as not said.

    Args:
        exif: See `ExifBlock`.
    """
    block = ExifBlock(exif)
    make = model = b""
    seconds = 0
    for entry in block.entries():
        if entry.tag == _MAKE:
            make = block.text(entry)
        elif entry.tag == _MODEL:
            model = block.text(entry)
        elif entry.tag == _EXIF_DIRECTORY and entry.kind in _POINTERS:
            seconds = _taken_seconds(block, block.number("I", entry.value_at))
    camera = model if model.lower().startswith(make.lower()) else make + b" " + model
    return Taken(camera.strip(), seconds)


def _taken_seconds(block: ExifBlock, directory: int) -> int:
    written = next((block.text(entry) for entry in block.entries(directory) if entry.tag == _TAKEN), b"")
    try:
        # EXIF 2.32, 4.6.5 F: "YYYY:MM:DD HH:MM:SS"; the clock's zone is not known
        moment = datetime.fromisoformat((written[:10].replace(b":", b"-") + written[10:19]).decode("ascii"))
    except ValueError:
        return 0
    return int(moment.replace(tzinfo=UTC).timestamp())
