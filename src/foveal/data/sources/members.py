"""What an archive holds, whatever its format: names, and where each member lies."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal.data.places import AFTER_HEADER, Spans
from foveal.data.sources.kept_index import Index, indexed
from foveal.data.sources.published import damaged, first_bytes
from foveal.data.sources.tar_index import BLOCK, TarDamagedError, looks_like_tar, tar_members
from foveal.data.sources.unpack import PACKED, unpacked
from foveal.data.sources.zip_index import ZipDamagedError, zip_members
from foveal.errors import FovealError
from foveal.imaging.decode import IMAGE_SUFFIXES
from foveal.types.names import Names
from foveal.types.text import printable

_MOST_LINKS = 10
_UNKNOWN = {
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"\x28\xb5\x2f\xfd": "a file compressed with zstd",
    b"\x04\x22\x4d\x18": "a file compressed with lz4",
}


@dataclass(frozen=True, eq=False)
class Members:
    """The n files in an archive, in 25 bytes each and those of their names.

    Args:
        archive: What the user named.
        file: Where the members lie: the archive, or what it was unpacked to.
        names: Path of each member, with "/" between folders, from the archive's top.
        starts: int64 [n], see `Spans`; -1 for one that is not stored in one piece.
        sizes: int64 [n].
        methods: uint8 [n].
        damage: What stopped the reading; empty for an archive that was read to its end.
    """

    archive: Path
    file: Path
    names: Names
    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    methods: NDArray[np.uint8]
    damage: str = ""

    def spans(self, rows: NDArray[np.intp]) -> Spans:
        """Where some members lie.

        Args:
            rows: int [m].
        """
        known_as = () if self.file == self.archive else (self.archive,)
        which = np.zeros(len(rows), np.int32)
        return Spans((self.file,), which, self.starts[rows], self.sizes[rows], self.methods[rows], known_as)


def members(archive: Path) -> Members:
    """The files in a zip or tar archive.

    Args:
        archive: A file.

    Raises:
        FovealError: `dataset-damaged`: it is neither, or its list of members is gone. `archive-encrypted`: photos in it
            need a password. `archive-format`: another kind of archive. `no-permission`: it may not be read. Those of
            `unpacked`.
    """
    if not os.access(archive, os.R_OK):
        raise FovealError(
            "no-permission",
            f"{printable(str(archive))}: expected an archive that may be read, got one that may not",
            hint="give yourself permission to read it",
        )
    head = first_bytes(archive, BLOCK)
    for sign, kind in _UNKNOWN.items():
        if head.startswith(sign):
            raise FovealError(
                "archive-format",
                f"{printable(str(archive))}: expected a zip or tar archive, got {kind}",
                hint="unpack it into a folder, and name that",
            )
    file = unpacked(archive) if head.startswith(PACKED) else archive
    is_zip = head.startswith(b"PK")
    if not is_zip and not looks_like_tar(head if file == archive else first_bytes(file, BLOCK)):
        raise damaged(archive, "a zip or tar archive", "something else" if head.strip(b"\0") else "nothing")
    found = indexed("zip" if is_zip else "tar", [file], lambda: _index(archive, file, is_zip=is_zip))
    names = Names.from_arrays(found["names"], found["ends"])
    each = found["starts"], found["sizes"], found["methods"]
    return Members(archive, file, names, *each, damage=str(found["damage"]))


def clean(name: str) -> str:
    """A member's path from the archive's top, without "." and ".." in it; nothing is ever written under it."""
    if name.startswith("/") or "./" in name or "//" in name:
        return "/".join(piece for piece in name.split("/") if piece not in ("", ".", ".."))
    return name


def _index(archive: Path, file: Path, *, is_zip: bool) -> Index:
    starts, sizes, methods = array("q"), array("q"), array("B")
    links: dict[int, str] = {}
    damage = ""

    def names() -> Iterator[str]:
        nonlocal damage
        try:
            for name, start, size, method, link in _zip(archive) if is_zip else _tar(file):
                if link:
                    links[len(starts)] = clean(link)
                starts.append(start)
                sizes.append(size)
                methods.append(method)
                yield clean(name)
        except (TarDamagedError, ZipDamagedError) as error:
            damage = str(error)
        except OSError as error:
            raise damaged(archive, "an archive that can be read", error.strerror or str(error)) from error

    listed = Names(names())
    if is_zip and damage and not listed:
        raise damaged(archive, "a whole zip archive", damage)
    content, ends = listed.arrays()
    index: Index = {
        "names": content,
        "ends": ends,
        "damage": np.array(damage),
        "starts": np.frombuffer(starts, np.int64) if starts else np.empty(0, np.int64),
        "sizes": np.frombuffer(sizes, np.int64) if sizes else np.empty(0, np.int64),
        "methods": np.frombuffer(methods, np.uint8) if methods else np.empty(0, np.uint8),
    }
    return _follow(index, listed, links) if links else index


def _zip(archive: Path) -> Iterator[tuple[str, int, int, int, str]]:
    with archive.open("rb") as opened:
        for member in zip_members(opened):
            if member.encrypted and member.name.lower().endswith(tuple(IMAGE_SUFFIXES)):
                raise FovealError(
                    "archive-encrypted",
                    f"{printable(str(archive))}: expected photos that can be read, got {printable(member.name)}, which "
                    "needs a password",
                    hint="unpack it with the password into a folder, and name that",
                )
            yield member.name, member.header, member.size, min(member.method, AFTER_HEADER - 1) | AFTER_HEADER, ""


def _tar(file: Path) -> Iterator[tuple[str, int, int, int, str]]:
    with file.open("rb") as opened:
        for name, start, size, link in tar_members(opened):
            yield name, start, size, 0, link


def _follow(index: Index, names: Names, links: dict[int, str]) -> Index:
    """Links become second names of what they stand for; those that lead nowhere keep a start of -1."""
    rows = {name: row for row, name in enumerate(names)}
    starts, sizes = index["starts"].copy(), index["sizes"].copy()
    for row, name in links.items():
        target = rows.get(name)
        for _ in range(_MOST_LINKS):
            if target is None or target not in links:
                break
            target = rows.get(links[target])
        if target is not None:
            starts[row], sizes[row] = starts[target], sizes[target]
    return {**index, "starts": starts, "sizes": sizes}
