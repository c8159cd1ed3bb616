"""What a search for the smallest patch that changes the answer found, in words and as a picture."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from foveal.explainers.explanations import Explanation
from foveal.explainers.gallery import as_png
from foveal.explainers.lettering import fitting, font
from foveal.types.text import printable

_LEAST_WIDTH = 360
_PAPER = (255, 255, 255)
_INK = (20, 20, 20)
_FAINT = (90, 90, 90)
_WARNING = (165, 15, 21)
# Dark inside bright shows on any photo.
_EDGES = ((255, 255, 255), (200, 30, 30))
_MARGIN = 10
_LINE = 20

# From this share of patches at random places on, it says little that this one changes the answer.
_ANYWHERE = 0.5


@dataclass(frozen=True, eq=False, repr=False)
class MindChange(Explanation):
    """The smallest square found that changes the answer when it is hidden; in a notebook it shows itself.

    Args:
        path: The photo.
        photo: It, reduced, as a JPEG file.
        label: The answer.
        prob: Its probability.
        box: Left, top, right and bottom in shares of the photo's width and height; None where no patch changed it.
        searched_to: Share of the photo that the largest patches covered.
        new_label: What is answered with the patch hidden, or None.
        new_prob: Its probability then, or None.
        elsewhere: Of patches of the same size at random places, how many change the answer too, and how many were
            tried.
        fill: What the patch was hidden by, a name in `foveal.explainers.patch.FILLS`.
        runs: How many patches were tried.
        unknown: Why `predict` answers "unknown" for the photo as it is; None where it names a class.
    """

    path: str
    photo: bytes
    label: str
    prob: float
    box: tuple[float, float, float, float] | None
    searched_to: float
    new_label: str | None
    new_prob: float | None
    elsewhere: tuple[int, int]
    fill: str
    runs: int
    unknown: str | None = None

    @property
    def share(self) -> float | None:
        """Share of the photo's area that the patch covers; None where there is none."""
        if self.box is None:
            return None
        left, top, right, bottom = self.box
        return (right - left) * (bottom - top)

    def box_xyxy(self, photo_wh: tuple[int, int]) -> tuple[int, int, int, int] | None:
        """The patch in pixels of the photo at some size: left, top, right, bottom."""
        if self.box is None:
            return None
        left, top, right, bottom = self.box
        width, height = photo_wh
        return round(left * width), round(top * height), round(right * width), round(bottom * height)

    @property
    def _found(self) -> str:
        label = printable(self.label)
        if self.box is None or self.share is None or self.new_label is None:
            return f"{label} {self.prob:.1%}: no patch tried, up to {self.searched_to:.0%} of the photo, changes it"
        changed, tried = self.elsewhere
        place = "; so do most patches of this size elsewhere" if changed >= _ANYWHERE * tried else ""
        return (
            f"{label} {self.prob:.1%} becomes {printable(self.new_label)} {self.new_prob:.1%} "
            f"without {self.share:.1%} of the photo{place}"
        )

    def to_record(self) -> dict[str, Any]:
        """JSON-able form."""
        return {
            "path": self.path,
            "label": self.label,
            "prob": self.prob,
            "box_xyxy": None if self.box is None else [round(each, 4) for each in self.box],
            "share": None if self.share is None else round(self.share, 4),
            "searched_to": round(self.searched_to, 4),
            "new_label": self.new_label,
            "new_prob": self.new_prob,
            "elsewhere": {"changed": self.elsewhere[0], "tried": self.elsewhere[1]},
            "fill": self.fill,
            "runs": self.runs,
            "unknown": self.unknown,
        }

    def png(self) -> bytes:
        """The photo with the patch outlined, and what was found below; a PNG file."""
        from PIL import Image, ImageDraw

        photo = Image.open(io.BytesIO(self.photo))
        width = max(photo.width, _LEAST_WIDTH) + 2 * _MARGIN
        lines = self._lines()
        sheet = Image.new("RGB", (width, photo.height + 2 * _MARGIN + _LINE * len(lines) + 4), _PAPER)
        left = (width - photo.width) // 2
        sheet.paste(photo, (left, _MARGIN))
        pen = ImageDraw.Draw(sheet)
        box = self.box_xyxy(photo.size)
        if box is not None:
            outline = (box[0] + left, box[1] + _MARGIN, box[2] + left - 1, box[3] + _MARGIN - 1)
            for inset, colour in ((0, _EDGES[0]), (2, _EDGES[1])):
                pen.rectangle(
                    [outline[0] + inset, outline[1] + inset, outline[2] - inset, outline[3] - inset],
                    outline=colour,
                    width=2,
                )
        for number, (text, ink) in enumerate(lines):
            letters = font(15 if number == 0 else 12)
            pen.text(
                (_MARGIN, photo.height + 2 * _MARGIN + _LINE * number),
                fitting(text, letters, width - 2 * _MARGIN),
                fill=ink,
                font=letters,
            )
        return as_png(sheet)

    def _lines(self) -> list[tuple[str, tuple[int, int, int]]]:
        unknown = [] if self.unknown is None else [(f"predict answers unknown: {self.unknown}", _WARNING)]
        before = f"{printable(self.label)} {self.prob:.1%}"
        if self.box is None or self.share is None or self.new_label is None:
            return [
                (f"{before}: no patch tried changes it", _INK),
                (f"{self.runs} patches of up to {self.searched_to:.0%} of the photo tried ({self.fill})", _FAINT),
                *unknown,
            ]
        changed, tried = self.elsewhere
        return [
            (f"{before}  →  {printable(self.new_label)} {self.new_prob:.1%}", _INK),
            (f"with the patch hidden ({self.fill}): {self.share:.1%} of the photo", _FAINT),
            (f"{changed} of {tried} patches of this size elsewhere change it too", _FAINT),
            *unknown,
        ]
