"""Evidence as one picture: the photo, and beside it the nearest photos of its two most probable classes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from foveal.explainers.gallery import as_png
from foveal.explainers.lettering import fitting, font
from foveal.types.text import printable

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

    from foveal.explainers.evidence import ClassEvidence, Evidence

_PAPER = (255, 255, 255)
_INK = (20, 20, 20)
_FAINT = (90, 90, 90)
_WARNING = (165, 15, 21)
_EMPTY = (225, 225, 225)
_GAP = 12
_PHOTO = 240
_CELL = 116
_LINE = 17
_TITLE = 24
_ROW = _TITLE + _CELL + 2 * _LINE + _GAP
_LEAST_CELLS = 4


def draw_sheet(found: Evidence) -> bytes:
    """The picture as a PNG file."""
    from PIL import Image, ImageDraw

    cells = max(_LEAST_CELLS, *(len(each.nearest) for each in found.classes))
    left = _GAP + _PHOTO + 2 * _GAP
    width = left + cells * (_CELL + _GAP)
    height = _GAP + max(len(found.classes) * _ROW, _TITLE + _PHOTO + _GAP) + _GAP
    height += _LINE if found.unknown is None else 2 * _LINE
    sheet = Image.new("RGB", (width, height), _PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((_GAP, _GAP), fitting(_short(found.path), font(15), _PHOTO), fill=_INK, font=font(15))
    _paste(sheet, found.photo, _GAP, _GAP + _TITLE, _PHOTO)
    for number, each in enumerate(found.classes):
        _draw_class(sheet, pen, each, left, _GAP + number * _ROW, first=number == 0)
    note = (
        f"from {found.kept:,} of the {found.learnt_from:,} photos learnt from; closer than N %: "
        "N % of those are farther from the nearest one of their class"
    )
    notes = [(note, _FAINT)]
    if found.unknown is not None:
        notes.insert(0, (f"predict answers unknown: {found.unknown}", _WARNING))
    for number, (text, ink) in enumerate(reversed(notes)):
        top = height - (number + 1) * _LINE - _GAP // 2
        pen.text((_GAP, top), fitting(text, font(12), width - 2 * _GAP), fill=ink, font=font(12))
    return as_png(sheet)


def _draw_class(
    sheet: Image.Image, pen: ImageDraw.ImageDraw, each: ClassEvidence, left: int, top: int, *, first: bool
) -> None:
    title = f"{'answer' if first else 'runner-up'}: {printable(each.label)}  {each.prob:.1%}"
    pen.text((left, top), fitting(title, font(15), sheet.width - left - _GAP), fill=_INK, font=font(15))
    if not each.nearest:
        pen.text((left, top + _TITLE), "no photo of this class was kept", fill=_FAINT, font=font(12))
    for number, near in enumerate(each.nearest):
        x = left + number * (_CELL + _GAP)
        _paste(sheet, near.picture, x, top + _TITLE, _CELL)
        under = top + _TITLE + _CELL + 2
        words = f"closer than {near.closeness:.0%}"
        pen.text((x, under), fitting(words, font(12), _CELL), fill=_INK, font=font(12))
        pen.text((x, under + _LINE), fitting(_short(near.name), font(11), _CELL), fill=_FAINT, font=font(11))


def _paste(sheet: Image.Image, picture: bytes, x: int, y: int, side: int) -> None:
    """A JPEG file in a square, as large as it fits, at the bottom left of it for the rows to stand on one line."""
    from PIL import Image

    if not picture:
        sheet.paste(_EMPTY, (x, y, x + side, y + side))
        return
    with Image.open(io.BytesIO(picture)) as opened:
        scale = side / max(opened.size)
        shown = opened.resize((max(1, round(opened.width * scale)), max(1, round(opened.height * scale))))
    sheet.paste(shown, (x, y + side - shown.height))


def _short(name: str) -> str:
    """The file's name without its folders."""
    return printable(name).replace("\\", "/").rsplit("/", 1)[-1]
