"""Explanations that are no maps, one a photo: evidence, and what would change the classifier's mind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from foveal.explainers.gallery import Gallery, picture_html, write_picture
from foveal.types.checked import bad_value
from foveal.types.text import printable, shortened


class Explanation(ABC):
    """What is said of one photo; in a notebook it shows itself.

    Subclasses have the fields `path`, what the photo is called, and `unknown`, why `predict` answers "unknown" for it,
    or None.
    """

    path: str
    unknown: str | None

    @property
    def said(self) -> str:
        """What was found, in words, one line."""
        return self._found if self.unknown is None else f"{self._found} (predict answers unknown)"

    @property
    @abstractmethod
    def _found(self) -> str:
        """What was found, in words."""

    @abstractmethod
    def to_record(self) -> dict[str, Any]:
        """JSON-able form, without pictures."""

    @abstractmethod
    def png(self) -> bytes:
        """As a picture, a PNG file."""

    def save(self, path: Path) -> Path:
        """Write the picture.

        Raises:
            FovealError: `cannot-write`.
        """
        return write_picture(path, self.png())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({shortened(printable(self.path), 50)}: {self.said})"

    def _repr_html_(self) -> str:
        return picture_html(f"{printable(self.path)}: {self.said}", self.png())


Said = TypeVar("Said", bound=Explanation)


@dataclass(frozen=True, eq=False, repr=False)
class Explanations(Gallery, Generic[Said]):
    """Explanations of n photos, one each; in a notebook they show themselves.

    Args:
        paths: The photos.
        found: What is said of each; None where it could not be read.
        errors: For each photo None, or why it could not be read.
        method: "evidence" or "patch".

    Raises:
        FovealError: `bad-value`: the fields do not fit together.
    """

    _NOUN: ClassVar[str] = "photo"

    paths: tuple[str, ...]
    found: tuple[Said | None, ...]
    errors: tuple[str | None, ...]
    method: str

    def __post_init__(self) -> None:
        if not len(self.paths) == len(self.found) == len(self.errors):
            raise bad_value(
                "Explanations", "fields of one length", (len(self.paths), len(self.found), len(self.errors))
            )
        if any((each is None) == (error is None) for each, error in zip(self.found, self.errors, strict=True)):
            raise bad_value("Explanations", "an explanation or an error for each photo", "both or none")

    def to_records(self) -> list[dict[str, Any]]:
        """One plain dictionary a photo: `path`, `method`, `error`, and what the method adds where it could be read."""
        return [
            {"path": path, "method": self.method, "error": error, **({} if found is None else found.to_record())}
            for path, found, error in zip(self.paths, self.found, self.errors, strict=True)
        ]

    def __getitem__(self, row: int) -> Said | None:
        return self.found[row]

    def _one(self, row: int) -> Said:
        found = self.found[row]
        if found is None:
            raise bad_value("Explanations", "a photo that could be read", f"row {row}: {self.errors[row]}")
        return found

    def _said(self, row: int) -> str:
        return self._one(row).said

    def _png(self, row: int) -> bytes:
        return self._one(row).png()

    def _about(self, row: int) -> str:
        return self.method
