"""What `foveal.explain` returns: maps over photos, what they explain, and how good they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from foveal.explainers.gallery import Gallery, as_png
from foveal.explainers.grade import Grade
from foveal.explainers.overlay import draw
from foveal.types.checked import bad_value
from foveal.types.text import printable


@dataclass(frozen=True, eq=False)
class Heatmap:
    """One class on one photo.

    Args:
        values: float32 [h, w] over the whole photo, coarser than it: above 0 speaks for the class, below 0 against it.
            The scale is the method's own.
        seen: bool [h, w]: what the network sees of the photo; `values` are 0 elsewhere.
        photo: The photo, reduced, as a JPEG file.
        grade: How good the map is; None where it was not graded.
        unknown: Why `predict` answers "unknown" for the photo; None where it names a class.
    """

    values: NDArray[np.float32]
    seen: NDArray[np.bool_]
    photo: bytes
    grade: Grade | None
    unknown: str | None = None

    @property
    def peak_xy(self) -> tuple[float, float]:
        """The highest place, in shares of the photo's width and height from the left and the top."""
        row, column = np.unravel_index(int(np.argmax(self.values)), self.values.shape)
        height, width = self.values.shape
        return round((int(column) + 0.5) / width, 3), round((int(row) + 0.5) / height, 3)


@dataclass(frozen=True, eq=False, repr=False)
class Heatmaps(Gallery):
    """Maps over photos, one row for each photo and class explained; in a notebook they show themselves.

    Args:
        paths: The photo of each row.
        class_names: The class that each row explains; None where the photo could not be read.
        probs: float32 [n], its probability; NaN where the photo could not be read.
        maps: The maps; None where the photo could not be read.
        errors: For each row None, or why the photo could not be read.
        method: How the maps were made, a name in `foveal.explainers.EXPLAINERS`.

    Raises:
        FovealError: `bad-value`: the fields do not fit together.
    """

    _NOUN: ClassVar[str] = "map"

    paths: tuple[str, ...]
    class_names: tuple[str | None, ...]
    probs: NDArray[np.float32]
    maps: tuple[Heatmap | None, ...]
    errors: tuple[str | None, ...]
    method: str

    def __post_init__(self) -> None:
        sizes = {len(self.paths), len(self.class_names), len(self.probs), len(self.maps), len(self.errors)}
        if len(sizes) > 1:
            raise bad_value("Heatmaps", "fields of one length", sorted(sizes))
        for error, found, name in zip(self.errors, self.maps, self.class_names, strict=True):
            if (error is None) != (found is not None and name is not None):
                raise bad_value("Heatmaps", "a map and a class, or an error, in each row", (error, name))

    def picture(self, row: int) -> NDArray[np.uint8]:
        """The photo with the map of a row beside it and the verdict below, uint8 [H, W, 3] in RGB.

        Raises:
            FovealError: `bad-value`: the photo of this row could not be read.
        """
        found = self.maps[row]
        if found is None:
            raise bad_value("Heatmaps.picture", "a row with a map", f"row {row}: {self.errors[row]}")
        import simplejpeg

        title = f"{self.class_names[row]}  {self.probs[row]:.1%}"
        return draw(
            simplejpeg.decode_jpeg(found.photo), found.values, found.seen, title=title, lines=self._lines(found)
        )

    def _said(self, row: int) -> str:
        """Probability, class and verdict."""
        found = self.maps[row]
        verdict = f"  {found.grade.verdict}" if found is not None and found.grade is not None else ""
        unknown = "  (predict answers unknown)" if found is not None and found.unknown is not None else ""
        return f"{self.probs[row]:6.1%} {printable(str(self.class_names[row]))}{verdict}{unknown}"

    def to_records(self) -> list[dict[str, Any]]:
        """One plain dictionary for each row.

        Returns:
            Dictionaries with the keys `path`, `label`, `prob`, `method`, `peak_xy`, `grade` (None, or `better`,
            `beaten`, `random_maps`, `deletion`, `insertion`, `random_deletion`, `random_insertion`, the random ones as
            means), `unknown` (why `predict` names no class, or None) and `error`.
        """
        return [
            {
                "path": path,
                "label": name,
                "prob": None if error is not None else float(prob),
                "method": self.method,
                "peak_xy": None if found is None else list(found.peak_xy),
                "grade": None if found is None or found.grade is None else _grade_record(found.grade),
                "unknown": None if found is None else found.unknown,
                "error": error,
            }
            for path, name, prob, found, error in zip(
                self.paths, self.class_names, self.probs, self.maps, self.errors, strict=True
            )
        ]

    def _repr_png_(self) -> bytes | None:
        """What a notebook shows of a single map."""
        return self._png(0) if len(self) == 1 and self.maps[0] is not None else None

    def _png(self, row: int) -> bytes:
        from PIL import Image

        return as_png(Image.fromarray(self.picture(row)))

    def _about(self, row: int) -> str:
        return str(self.class_names[row])

    def _lines(self, found: Heatmap) -> tuple[tuple[str, bool], ...]:
        unknown = () if found.unknown is None else ((f"predict answers unknown: {found.unknown}", True),)
        dark = () if found.seen.all() else (("dark: not seen by the network", False),)
        if found.grade is None:
            return (*unknown, (f"{self.method}, not graded", False), *dark)
        grade = found.grade
        return (
            *unknown,
            (f"{self.method}: {grade.verdict}", not grade.better),
            (
                f"deletion {grade.deletion_area:.2f} (random {grade.random_deletion.mean():.2f}), "
                f"insertion {grade.insertion_area:.2f} (random {grade.random_insertion.mean():.2f})",
                False,
            ),
            *dark,
        )


def _grade_record(grade: Grade) -> dict[str, Any]:
    return {
        "better": grade.better,
        "beaten": grade.beaten,
        "random_maps": len(grade.random_deletion),
        "deletion": grade.deletion_area,
        "insertion": grade.insertion_area,
        "random_deletion": float(grade.random_deletion.mean()),
        "random_insertion": float(grade.random_insertion.mean()),
    }
