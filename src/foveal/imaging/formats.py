"""What a file is, told from its first bytes; file names are never trusted."""

from __future__ import annotations

import codecs

from foveal.errors import FovealError

IMAGE_SUFFIXES: frozenset[str] = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff"}
    | {".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".avif", ".heic", ".heif", ".hif"}
)
"""File suffixes, lower case with the dot, that data sources list as photos."""

_READ = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
)
_NOT_READ = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a zip archive or office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"8BPS", "a Photoshop document"),
    (b"\0\0\x01\0", "a Windows icon"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 image, which foveal does not read"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 image, which foveal does not read"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL image, which foveal does not read"),
    (b"\xff\x0a", "a JPEG XL image, which foveal does not read"),
    (b"\x93NUMPY", "a numpy array"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"%!PS", "a PostScript document"),
    (b"RIFF", "a sound or video file"),
    (b"\x1aE\xdf\xa3", "a video"),
    (b"\0\x05\x16\x07", "a macOS side file (its name begins with ._)"),
)
_TEXT_MARKS = (
    ("<svg", "an SVG drawing"),
    ("<!doctype html", "an HTML page (often a download that failed)"),
    ("<html", "an HTML page (often a download that failed)"),
    ("version https://git-lfs", "a Git LFS pointer (fetch the photo with git lfs pull)"),
    ("<?xml", "an XML document"),
)
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


def image_format(data: bytes, *, name: str) -> str:
    """Name of the photo format, as Pillow spells it.

    Args:
        data: The file, or at least its first kilobyte.
        name: File name for the error message.

    Raises:
        FovealError: `image-format` for anything that is not a photo in a format foveal reads.
    """
    for start, known in _READ:
        if data.startswith(start):
            return known
    if data[:2] == b"BM" and data[15:18] == b"\0\0\0":  # the length of the second header, so that text is not a photo
        return "BMP"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        brands = {data[8:12], *(data[at : at + 4] for at in range(16, min(_box_end(data), 256), 4))}
        if brands & {b"avif", b"avis"}:
            return "AVIF"
        if brands & _HEIC_BRANDS:
            return "HEIF"
    if data[:1] == b"P" and data[1:2] in b"123456f" and data[2:3].isspace():
        return "PPM"
    raise FovealError(
        "image-format",
        f"{name}: expected a photo, got {_looks_like(data)}",
        hint="convert it to JPEG or PNG, or remove it",
    )


def _box_end(data: bytes) -> int:
    return int.from_bytes(data[:4], "big")


def _looks_like(data: bytes) -> str:
    for start, what in _NOT_READ:
        if data.startswith(start):
            return what
    if data[4:8] == b"ftyp":
        return "a video"
    if not data.strip(b"\0"):
        return "zeros only"
    return _text_kind(data[:2048]) or f"unknown bytes (first: {data[:4].hex(' ')})"


def _text_kind(start: bytes) -> str | None:
    encoding = "utf-16" if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8"
    try:
        # an incremental decoder does not mind a character cut in two at the end
        text = codecs.getincrementaldecoder(encoding)().decode(start).lstrip("\ufeff \t\r\n").lower()
    except UnicodeDecodeError:
        return None
    if any(ord(character) < 32 and character not in "\t\n\r\f" for character in text):
        return None
    return next((what for mark, what in _TEXT_MARKS if mark in text), "text")
