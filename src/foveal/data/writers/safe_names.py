"""Names that every file system takes, and that mean nothing special anywhere."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from foveal.data.sources.walk import IGNORED
from foveal.types.text import printable

_MOST_BYTES = 180
_UNSAFE = re.compile(r'[<>:"/\\|?*]')
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


def safe_name(name: str) -> str:
    """The name with "_" for what a file system may refuse or hide; never empty, at most 180 bytes long."""
    safe = _UNSAFE.sub("_", printable(unicodedata.normalize("NFC", name))).rstrip(" .")
    if not safe or safe.startswith(".") or safe.lower() in IGNORED or _DEVICES.fullmatch(safe):
        safe = f"_{safe}"
    stem, dot, suffix = safe.rpartition(".")
    if not stem or len(suffix) > 10:
        stem, dot, suffix = safe, "", ""
    room = _MOST_BYTES - len((dot + suffix).encode())
    return stem.encode()[:room].decode(errors="ignore") + dot + suffix


def class_folders(names: Sequence[str]) -> tuple[str, ...]:
    """A folder for each class, "/" between the levels of a hierarchy; all differ in more than letter case."""
    taken: set[str] = set()
    folders = []
    for name in names:
        folder = "/".join(safe_name(piece) for piece in name.split("/"))
        number = 2
        while folder.lower() in taken:
            folder = f"{'/'.join(safe_name(piece) for piece in name.split('/'))}_{number}"
            number += 1
        taken.add(folder.lower())
        folders.append(folder)
    return tuple(folders)
