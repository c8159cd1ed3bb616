"""One thing that a check found in a dataset, with the photos that show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.types.checked import bad_value, integers, read_only

NOTHING = -1


def _none() -> NDArray[np.int64]:
    return np.empty(0, np.int64)


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class DataFinding:
    """One thing found, and the m photos concerned, worst first, as parallel arrays.

    Args:
        code: Stable kebab-case name; `docs/checks.md` lists them.
        title: What was found, in one line with the count.
        score: 0 (worth a look when there is time) to 1 (any figure measured on these photos would be wrong).
        why: Why it matters.
        advice: What to do about it.
        rows: int64 [m], the photos, as indices into the dataset; empty for a finding about classes or the whole.
        scores: float32 [m] in [0, 1], how surely or how badly each photo is concerned; empty = 1 each.
        others: int64 [m], the photo each belongs to (the original of a copy), -1 = none; empty = none at all.
        suggested: int32 [m], the class each seems to show, -1 = none; empty = none at all.
        notes: A few words on each photo; empty = none.
        values: Further figures, JSON-able, whose keys `docs/checks.md` explains.

    Raises:
        FovealError: `bad-value`: the fields do not fit together.
    """

    code: str
    title: str
    score: float
    why: str
    advice: str
    rows: NDArray[np.int64] = field(default_factory=_none)
    scores: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    others: NDArray[np.int64] = field(default_factory=_none)
    suggested: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    notes: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (self.code and self.title and self.why and self.advice):
            raise bad_value("DataFinding", "code, title, why and advice", (self.code, self.title))
        if not 0 <= self.score <= 1:
            raise bad_value("DataFinding", "a score in 0..1", self.score)
        rows = integers("DataFinding", "rows", self.rows)
        m = len(rows)
        scores = np.asarray(self.scores, np.float32) if len(self.scores) else np.ones(m, np.float32)
        if scores.shape != (m,) or (m and not (scores.min() >= 0 and scores.max() <= 1)):
            raise bad_value("DataFinding", f"{m} scores in 0..1", f"{scores.shape} {scores[:5]}")
        object.__setattr__(self, "rows", read_only(rows))
        object.__setattr__(self, "scores", read_only(scores))
        object.__setattr__(self, "others", read_only(_filled("others", self.others, m)))
        suggested = _filled("suggested", self.suggested, m).astype(np.int32)
        object.__setattr__(self, "suggested", read_only(suggested))
        if len(self.notes) not in (0, m):
            raise bad_value("DataFinding", f"{m} notes or none", len(self.notes))
        object.__setattr__(self, "notes", tuple(self.notes))

    def __repr__(self) -> str:
        return f"DataFinding({self.code!r}, {self.title!r}, score {self.score:.2f}, {len(self.rows)} photos)"

    def to_dict(self, paths: Sequence[str], class_names: Sequence[str], *, most: int | None = None) -> dict[str, Any]:
        """The finding as JSON-able values, its photos by their paths.

        Args:
            paths: Name of every photo of the dataset.
            class_names: Name of every class of the dataset.
            most: How many photos to list; None = all.
        """
        photos = []
        for at in range(len(self.rows) if most is None else min(most, len(self.rows))):
            photo: dict[str, Any] = {"path": paths[int(self.rows[at])], "score": round(float(self.scores[at]), 4)}
            if self.others[at] != NOTHING:
                photo["other"] = paths[int(self.others[at])]
            if self.suggested[at] != NOTHING:
                photo["suggested"] = class_names[int(self.suggested[at])]
            if self.notes:
                photo["note"] = self.notes[at]
            photos.append(photo)
        return {
            "code": self.code,
            "title": self.title,
            "score": round(self.score, 4),
            "why": self.why,
            "advice": self.advice,
            "count": len(self.rows),
            "photos": photos,
            "values": dict(self.values),
        }


def _filled(name: str, values: Any, m: int) -> NDArray[np.int64]:
    if len(values) == 0:
        return np.full(m, NOTHING, np.int64)
    return integers("DataFinding", name, values, length=m)
