"""The colours of the pages are told apart by everyone: WCAG 2.2, contrast of at least 4.5 to 1 for words (AA)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import foveal

CSS = (Path(foveal.__file__).parent / "reports" / "templates" / "style.css").read_text(encoding="utf-8")
LIGHT, DARK, PRINT = (
    dict(re.findall(r"--(\w+): (#\w+);", block)) for block in re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
)


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK, PRINT], ids=["light", "dark", "print"])
@pytest.mark.parametrize("ground", ["paper", "card"])
@pytest.mark.parametrize("ink", ["ink", "soft", "accent", "bad", "warn", "mild"])
def test_words_stand_out(scheme: dict[str, str], ground: str, ink: str) -> None:
    assert _contrast(scheme[ink], scheme[ground]) >= 4.5


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_numbers_stand_out_in_the_darkest_cell_of_a_matrix(scheme: dict[str, str]) -> None:
    from foveal.reports.charts.matrix import _BLUE, _STRONGEST_UNDER_WORDS

    paper = [int(part * 2 if len(scheme["paper"]) == 4 else part, 16) for part in _parts(scheme["paper"])]
    mixed = [
        round(_STRONGEST_UNDER_WORDS * blue + (1 - _STRONGEST_UNDER_WORDS) * under)
        for blue, under in zip(_BLUE, paper, strict=True)
    ]
    assert _contrast(scheme["ink"], "#" + "".join(f"{each:02x}" for each in mixed)) >= 4.5


def _parts(colour: str) -> list[str]:
    step = 1 if len(colour) == 4 else 2
    return [colour[at : at + step] for at in range(1, len(colour), step)]
