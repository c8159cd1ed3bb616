"""Files that were listed as photos and could not be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from foveal.checks.evidence import Evidence
from foveal.checks.wording import percent
from foveal.types.data_finding import DataFinding
from foveal.types.text import counted

_LEAST_SCORE, _MOST_SCORE = 0.3, 0.8


@dataclass(frozen=True)
class _Kind:
    """One way not to be readable.

    Args:
        code: Of its finding.
        marks: Any of these in a reason tells it.
        words: What these files are, one and several.
        advice: What to do.
    """

    code: str
    marks: tuple[str, ...]
    words: tuple[str, str]
    advice: str


# The marks are those of the messages of foveal.imaging; the first kind that fits counts.
_KINDS = (
    _Kind(
        "truncated-photos",
        ("is cut short",),
        ("photo is cut short", "photos are cut short"),
        "Copy or download these files again; remove those that stay broken.",
    ),
    _Kind(
        "corrupt-photos",
        ("is damaged", "the header says"),
        ("photo is damaged", "photos are damaged"),
        "Copy or download these files again; remove those that stay broken.",
    ),
    _Kind(
        "empty-files",
        ("the file is empty",),
        ("file is empty", "files are empty"),
        "Copy or download these files again, or remove them.",
    ),
    _Kind(
        "too-large-photos",
        ("the limit is", "not enough memory"),
        ("photo is larger than foveal reads", "photos are larger than foveal reads"),
        "Shrink these photos.",
    ),
    _Kind(
        "not-photos",
        ("expected a photo, got", "expected grey values", "expected floating-point values"),
        ("file is not a photo that foveal reads", "files are not photos that foveal reads"),
        "Convert them to JPEG or PNG, or remove them.",
    ),
    _Kind(
        "missing-extra",
        ("need pillow-heif",),
        ("photo needs a package that is not installed", "photos need a package that is not installed"),
        'Run: pip install "foveal[heic]"',
    ),
)
_OTHER = _Kind(
    "unreadable-files",
    (),
    ("file could not be read", "files could not be read"),
    "Check that the files exist and may be read.",
)


def check(evidence: Evidence) -> Iterator[DataFinding]:
    """Photos that are cut short, damaged, empty, too large, not photos, or not readable, each named once."""
    kinds: dict[_Kind, list[int]] = {}
    for row in sorted(evidence.failures):
        kinds.setdefault(_kind(evidence.failures[row]), []).append(row)
    for kind in (*_KINDS, _OTHER):
        if kind in kinds:
            yield _finding(kind, kinds[kind], evidence)


def _kind(reason: str) -> _Kind:
    return next((kind for kind in _KINDS if any(mark in reason for mark in kind.marks)), _OTHER)


def _finding(kind: _Kind, rows: list[int], evidence: Evidence) -> DataFinding:
    m = len(rows)
    share = m / len(evidence.dataset)
    return DataFinding(
        code=kind.code,
        title=f"{counted(m, kind.words[0], kind.words[1])} ({percent(share)} of all)",
        score=_LEAST_SCORE + (_MOST_SCORE - _LEAST_SCORE) * min(1.0, 10 * share),
        why="foveal leaves such files out and never replaces them; a program that reads them may stop, or learn from "
        "half a picture.",
        advice=kind.advice,
        rows=np.array(rows, np.int64),
        notes=tuple(evidence.failures[row] for row in rows),
        values={"share": share},
    )
