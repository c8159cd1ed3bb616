"""How names on disk are ordered and turned into class names."""

from __future__ import annotations

import re
import unicodedata

from foveal.types.text import printable

_NUMBERS = re.compile(r"([0-9]+)")


def natural_key(name: str) -> tuple[list[str | int], str]:
    """Sort key under which `photo 2` comes before `photo 10`, whatever the letter case and the system's locale."""
    pieces: list[str | int] = list(_NUMBERS.split(name.lower()))
    pieces[1::2] = [int(piece) for piece in pieces[1::2]]
    return pieces, name


def class_name(folder: str) -> str:
    """The name of the class that a folder stands for: always valid Unicode, composed (NFC).

    macOS and Linux may spell the same `é` in different ways; a model must know the class under one name.
    """
    return unicodedata.normalize("NFC", printable(folder))
