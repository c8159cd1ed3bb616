"""A map drawn on its photo: where the class was seen, and how far the map can be believed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foveal.explainers.lettering import fitting, font
from foveal.imaging.opencv import opencv
from foveal.types.text import printable

_GAP = 8
_TEXT_WIDTH = 420
_PAPER = (255, 255, 255)
_INK = (20, 20, 20)
_FAINT = (90, 90, 90)
_WARNING = (165, 15, 21)

# How much of the grey photo the colours cover where the map is highest.
_COVER = 0.85


def draw(
    photo_rgb: NDArray[np.uint8],
    values: NDArray[np.float32],
    seen: NDArray[np.bool_],
    *,
    title: str,
    lines: tuple[tuple[str, bool], ...],
) -> NDArray[np.uint8]:
    """The photo, and beside it the photo in grey under the map's colours, with text below.

    Colours run from none over red to yellow with growing brightness (matplotlib's "inferno"), so that they read the
    same in grey and to colour-blind people; what speaks against the class is not coloured. What the network does not
    see is darkened.

    Args:
        photo_rgb: uint8 [H, W, 3].
        values: float32 [h, w] over the whole photo, any resolution.
        seen: bool [h, w]: what the network sees.
        title: The first line of text.
        lines: Further lines, and whether each is a warning.

    Returns:
        uint8 [H', W', 3], in RGB.
    """
    shaded = _shaded(photo_rgb, values, seen)
    gap = np.full((photo_rgb.shape[0], _GAP, 3), _PAPER, np.uint8)
    # Two photos that stand upright go side by side, two wide ones above each other.
    if photo_rgb.shape[1] > 1.5 * photo_rgb.shape[0]:
        gap = np.full((_GAP, photo_rgb.shape[1], 3), _PAPER, np.uint8)
        pictures = np.concatenate([photo_rgb, gap, shaded], axis=0)
    else:
        pictures = np.concatenate([photo_rgb, gap, shaded], axis=1)
    if pictures.shape[1] < _TEXT_WIDTH:
        rest = np.full((len(pictures), _TEXT_WIDTH - pictures.shape[1], 3), _PAPER, np.uint8)
        pictures = np.concatenate([pictures, rest], axis=1)
    return np.concatenate([pictures, _caption(pictures.shape[1], title, lines)], axis=0)


def strengths(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """What speaks for the class on a scale from 0 to its highest place, 1; float32 [h, w]."""
    highest = float(values.max())
    return np.clip(values / highest, 0, 1).astype(np.float32) if highest > 0 else np.zeros_like(values, np.float32)


def _shaded(photo_rgb: NDArray[np.uint8], values: NDArray[np.float32], seen: NDArray[np.bool_]) -> NDArray[np.uint8]:
    cv2 = opencv()
    height, width = photo_rgb.shape[:2]
    strong = np.clip(cv2.resize(strengths(values), (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)
    colours = cv2.applyColorMap((strong * 255).astype(np.uint8), cv2.COLORMAP_INFERNO)[:, :, ::-1]
    grey = cv2.cvtColor(photo_rgb, cv2.COLOR_RGB2GRAY)[:, :, None].astype(np.float32)
    cover = _COVER * np.sqrt(strong)[:, :, None]
    mixed = grey * (1 - cover) + colours * cover
    shown = cv2.resize(seen.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)[:, :, None]
    mixed = np.where(shown, mixed, grey * 0.35)
    return np.ascontiguousarray(np.clip(np.rint(mixed), 0, 255).astype(np.uint8))


def _caption(width: int, title: str, lines: tuple[tuple[str, bool], ...]) -> NDArray[np.uint8]:
    from PIL import Image, ImageDraw

    rows = [(title, 17, _INK), *((text, 13, _WARNING if warning else _FAINT) for text, warning in lines)]
    height = _GAP + sum(size + 7 for _, size, _ in rows)
    strip = Image.new("RGB", (width, height), _PAPER)
    pen = ImageDraw.Draw(strip)
    top = _GAP // 2
    for text, size, ink in rows:
        letters = font(size)
        pen.text((_GAP // 2, top), fitting(printable(text), letters, width - _GAP), fill=ink, font=letters)
        top += size + 7
    return np.asarray(strip)
