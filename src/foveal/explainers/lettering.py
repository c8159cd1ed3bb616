"""Words on pictures: the font, and lines that fit."""

from __future__ import annotations

import functools
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import ImageFont


@functools.cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """DejaVu Sans, which matplotlib brings and which knows most alphabets; else the font in Pillow."""
    from PIL import ImageFont

    # Found, not imported: matplotlib takes longer to start than a picture takes to draw.
    spec = util.find_spec("matplotlib")
    if spec is not None and spec.origin is not None:
        file = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
        if file.is_file():
            return ImageFont.truetype(str(file), size)
    return ImageFont.load_default(size)


def fitting(text: str, letters: Any, width: int) -> str:
    """The text, cut to a width in pixels in a font of Pillow's."""
    if letters.getlength(text) <= width:
        return text
    while text and letters.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"
