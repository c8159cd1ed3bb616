"""Which files a zip archive holds and where in it they lie, read from the list at its end.

The standard library's reader keeps an object of about 600 bytes for every member; this one keeps nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO, NamedTuple

_END, _END_BYTES, _MOST_COMMENT = b"PK\x05\x06", 22, 65_535
_LOCATOR, _LOCATOR_BYTES = b"PK\x06\x07", 20
_END_64, _END_64_BYTES = b"PK\x06\x06", 56
_ENTRY = struct.Struct("<4s4x2H8x2L3H8xL")
_ENTRY_SIGN = b"PK\x01\x02"
_ENCRYPTED, _UTF_8 = 1 << 0, 1 << 11
_LARGE, _EXTRA_64 = 0xFFFFFFFF, 1
_MOST = (1 << 63) - 1


class ZipMember(NamedTuple):
    """A file in a zip archive.

    Args:
        name: Its path there, with "/" between folders.
        header: First byte of its own header.
        size: Bytes as they lie there.
        method: How it is compressed; 0 = as it is, 8 = deflated.
        encrypted: Whether a password is needed.
    """

    name: str
    header: int
    size: int
    method: int
    encrypted: bool


class ZipDamagedError(Exception):
    """A zip archive's list of members is missing, damaged or cut; the text says what was found."""


def zip_members(file: IO[bytes]) -> Iterator[ZipMember]:
    """The files of a zip archive in the order of its list; zip64 too.

    Args:
        file: The archive.

    Raises:
        ZipDamagedError: Members found before the damage have been handed out.
    """
    start, size, shift = _list_of_members(file)
    file.seek(start)
    entries = file.read(size)
    at = 0
    while at < len(entries):
        if at + _ENTRY.size > len(entries):
            raise ZipDamagedError("a list of members that is cut short")
        sign, flags, method, packed, plain, name_bytes, extra_bytes, comment_bytes, header = _ENTRY.unpack_from(
            entries, at
        )
        at += _ENTRY.size
        extra_at, after = at + name_bytes, at + name_bytes + extra_bytes + comment_bytes
        if sign != _ENTRY_SIGN or after > len(entries):
            raise ZipDamagedError("a list of members that is damaged")
        raw = entries[at:extra_at]
        if _LARGE in (packed, plain, header):
            packed, header = _large(entries[extra_at : extra_at + extra_bytes], packed, plain, header)
        at = after
        if max(packed, header + shift) > _MOST:
            raise ZipDamagedError("a list of members that is damaged")
        if not raw.endswith((b"/", b"\\")):
            yield ZipMember(_name(raw, flags), header + shift, packed, method, bool(flags & _ENCRYPTED))


def _list_of_members(file: IO[bytes]) -> tuple[int, int, int]:
    """First byte and size of the list, and how many bytes stand before the archive in its file."""
    length = file.seek(0, 2)
    file.seek(max(0, length - _END_BYTES - _MOST_COMMENT))
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or at + _END_BYTES > len(tail):
        raise ZipDamagedError("no list of members at its end, as when a copy was cut short")
    disk, list_disk, size, offset = struct.unpack_from("<4x2H4x2L", tail, at)
    end = length - len(tail) + at
    larger = _end_64(file, end)
    if larger:
        disk, list_disk, size, offset, end = larger
    if disk or list_disk:
        raise ZipDamagedError("one of several parts of an archive")
    if size > end or offset > end - size:
        raise ZipDamagedError("a list of members that begins before the file does")
    return end - size, size, end - size - offset


def _end_64(file: IO[bytes], end: int) -> tuple[int, int, int, int, int] | None:
    """The larger fields that zip64 has: disks, size and first byte of the list, and where the list ends."""
    if end < _LOCATOR_BYTES + _END_64_BYTES:
        return None
    file.seek(end - _LOCATOR_BYTES)
    sign, offset = struct.unpack("<4s4xQ4x", file.read(_LOCATOR_BYTES))
    if sign != _LOCATOR:
        return None
    for at in (offset, end - _LOCATOR_BYTES - _END_64_BYTES):
        if at <= end - _END_64_BYTES:
            file.seek(at)
            sign, disk, list_disk, size, first = struct.unpack("<4s12x2L16x2Q", file.read(_END_64_BYTES))
            if sign == _END_64:
                return disk, list_disk, size, first, at
    raise ZipDamagedError("no zip64 list of members where it should be")


def _large(extra: bytes, packed: int, plain: int, header: int) -> tuple[int, int]:
    """Size and first byte from the zip64 field, which holds just those that do not fit the usual one, in this order."""
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<2H", extra)
        if kind == _EXTRA_64:
            body = extra[4 : 4 + size]
            missing = [value == _LARGE for value in (plain, packed, header)]
            if len(body) < 8 * sum(missing):
                break
            values = iter(struct.unpack_from(f"<{sum(missing)}Q", body))
            _, packed, header = (
                next(values) if is_missing else value
                for is_missing, value in zip(missing, (plain, packed, header), strict=True)
            )
            return packed, header
        extra = extra[4 + size :]
    raise ZipDamagedError("a list of members that is damaged")


def _name(raw: bytes, flags: int) -> str:
    """Many programs write UTF-8 without saying so, and those of Windows a backslash between folders."""
    if flags & _UTF_8:
        name = raw.decode("utf-8", "replace")
    else:
        try:
            name = raw.decode("utf-8")
        except UnicodeDecodeError:
            name = raw.decode("cp437")
    return name.replace("\\", "/")
