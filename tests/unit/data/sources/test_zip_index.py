from __future__ import annotations

import io
import struct
import zipfile

import pytest

from foveal.data.sources.zip_index import ZipDamagedError, ZipMember, zip_members


def written(*names: str, comment: bytes = b"", large: bool = False) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.comment = comment
        for name in names:
            with archive.open(name, "w", force_zip64=large) as file:
                file.write(name.encode())
    return content.getvalue()


def members(content: bytes) -> list[ZipMember]:
    return list(zip_members(io.BytesIO(content)))


@pytest.mark.parametrize("front", [b"", b"#!/bin/sh\nexit\n"])
@pytest.mark.parametrize("comment", [b"", b"PK made today"])
def test_members_with_bytes_before_and_after(front: bytes, comment: bytes) -> None:
    content = front + written("a/1.jpg", "b/", "é.jpg", comment=comment)
    found = members(content)
    assert [each.name for each in found] == ["a/1.jpg", "é.jpg"]
    assert [content[each.header :][:4] for each in found] == [b"PK\x03\x04"] * 2
    assert [each.size for each in found] == [7, 6]


def test_more_members_than_the_old_format_counts() -> None:
    names = [f"{number}.jpg" for number in range(66_000)]
    found = members(written(*names))
    assert len(found) == 66_000
    assert found[-1].name == names[-1]


@pytest.mark.parametrize(("size", "header"), [(5 << 32, 6 << 32), (1 << 63, 0), (0, (1 << 64) - 1)])
def test_the_larger_fields_of_one_member(size: int, header: int) -> None:
    """A list entry whose size and first byte stand in a zip64 field, as for members beyond 4 GB."""
    plain = written("a.jpg")
    entry_at = plain.index(b"PK\x01\x02")
    entry = bytearray(plain[entry_at : plain.index(b"PK\x05\x06")])
    entry[20:28] = b"\xff" * 8
    entry[42:46] = b"\xff" * 4
    extra = struct.pack("<2H", 9, 1) + b"x" + struct.pack("<2H3Q", 1, 24, 7, size, header)
    entry[30:32] = struct.pack("<H", len(extra))
    end = bytearray(plain[plain.index(b"PK\x05\x06") :])
    end[12:16] = struct.pack("<L", len(entry) + len(extra))
    content = plain[:entry_at] + bytes(entry) + extra + bytes(end)
    if max(size, header) < 1 << 63:
        (found,) = members(content)
        assert (found.size, found.header) == (size, header)
    else:
        with pytest.raises(ZipDamagedError):
            members(content)


def test_names_without_a_word_on_their_encoding() -> None:
    content = written("abcd.jpg", "wxyz.jpg")
    assert members(content.replace(b"abcd", b"\x81\\\xc3\xa9"))[0].name == "ü/├⌐.jpg"
    assert members(content.replace(b"abcd", "éé".encode()))[0].name == "éé.jpg"
    assert members(content.replace(b"abcd", b"a\\bc"))[0].name == "a/bc.jpg"


def test_a_password_is_noticed() -> None:
    content = bytearray(written("a.jpg"))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert members(bytes(content))[0].encrypted


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda content: content[:-1], "no list of members at its end"),
        (lambda content: content[: len(content) // 2], "no list of members at its end"),
        (lambda content: b"", "no list of members"),
        (lambda content: content.replace(b"PK\x01\x02", b"PK\x01\x03"), "list of members that is damaged"),
        (lambda content: content[:-10] + b"\xff\xff\xff\x0f" + content[-6:], "begins before the file does"),
        (lambda content: content[:-18] + b"\x01\x00" + content[-16:], "one of several parts"),
    ],
)
def test_damage_is_said(change: object, said: str) -> None:
    assert callable(change)
    with pytest.raises(ZipDamagedError, match=said):
        members(change(written("a.jpg", "b.jpg")))


def test_members_before_the_damage_are_handed_out() -> None:
    content = written("a.jpg", "b.jpg")
    second = content.rindex(b"PK\x01\x02")
    found = zip_members(io.BytesIO(content[:second] + b"PK\x09\x09" + content[second + 4 :]))
    assert next(found).name == "a.jpg"
    with pytest.raises(ZipDamagedError):
        next(found)
