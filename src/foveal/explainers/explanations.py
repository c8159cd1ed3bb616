"""Explanations that are no maps, one a photo: evidence, and what would change the classifier's mind."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from foveal.explainers.heatmaps import file_name
from foveal.storage import write_atomically
from foveal.types.checked import bad_value
from foveal.types.text import counted, printable, shortened

_SHOWN = 10
_PICTURES_SHOWN = 24


class Explanation(Protocol):
    """What is said of one photo."""

    @property
    def said(self) -> str:
        """In words, one line."""
        ...

    def to_record(self) -> dict[str, Any]:
        """JSON-able form."""
        ...

    def png(self) -> bytes:
        """As a picture, a PNG file."""
        ...


@dataclass(frozen=True, eq=False, repr=False)
class Explanations:
    """Explanations of n photos; in a notebook they show themselves.

    Args:
        paths: The photos.
        found: What is said of each; None where it could not be read.
        errors: For each photo None, or why it could not be read.
        method: "evidence" or "patch".

    Raises:
        FovealError: `bad-value`: the fields do not fit together.
    """

    paths: tuple[str, ...]
    found: tuple[Explanation | None, ...]
    errors: tuple[str | None, ...]
    method: str

    def __post_init__(self) -> None:
        if not len(self.paths) == len(self.found) == len(self.errors):
            raise bad_value(
                "Explanations", "fields of one length", (len(self.paths), len(self.found), len(self.errors))
            )
        if any((each is None) == (error is None) for each, error in zip(self.found, self.errors, strict=True)):
            raise bad_value("Explanations", "an explanation or an error for each photo", "both or none")

    def said(self, row: int) -> str:
        """What is said of a photo, in words, or why it could not be read."""
        found = self.found[row]
        return f"not read: {printable(str(self.errors[row]))}" if found is None else found.said

    def to_records(self) -> list[dict[str, Any]]:
        """One plain dictionary a photo: `path`, `method`, `error`, and what the method adds where it could be read."""
        return [
            {"path": path, "method": self.method, "error": error, **({} if found is None else found.to_record())}
            for path, found, error in zip(self.paths, self.found, self.errors, strict=True)
        ]

    def save(self, folder: str | Path) -> list[Path]:
        """Write the pictures into a folder, `PHOTO.METHOD.png`.

        Returns:
            The files, for the photos that could be read. A name that two photos share gets a number.

        Raises:
            FovealError: `cannot-write`.
        """
        written: list[Path] = []
        for found, name in self._names():
            path = Path(folder) / name
            content = found.png()
            with write_atomically(path) as file:
                file.write(content)
            written.append(path)
        return written

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, row: int) -> Explanation | None:
        return self.found[row]

    def __repr__(self) -> str:
        failed = sum(error is not None for error in self.errors)
        return f"Explanations({counted(len(self), 'photo')} by {self.method}, {failed} unreadable)\n{self}"

    def __str__(self) -> str:
        rows = [(shortened(printable(path), 50), self.said(row)) for row, path in enumerate(self.paths[:_SHOWN])]
        width = max((len(path) for path, _ in rows), default=0)
        lines = [f"{path:<{width}}  {said}" for path, said in rows]
        if len(self) > _SHOWN:
            lines.append(f"… and {len(self) - _SHOWN:,} more")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """What a notebook shows: the pictures, each with its text for those who cannot see them."""
        figures = []
        for row, found in enumerate(self.found[:_PICTURES_SHOWN]):
            said = html.escape(f"{printable(self.paths[row])}: {self.said(row)}")
            if found is None:
                figures.append(f"<p>{said}</p>")
                continue
            data = base64.b64encode(found.png()).decode("ascii")
            figures.append(f'<p><img alt="{said}" src="data:image/png;base64,{data}"></p>')
        if len(self) > _PICTURES_SHOWN:
            figures.append(f"<p>… and {len(self) - _PICTURES_SHOWN:,} more</p>")
        return f"<div>{''.join(figures)}</div>"

    def _names(self) -> Iterator[tuple[Explanation, str]]:
        """Every explanation with the file name of its picture."""
        taken: set[str] = set()
        for path, found in zip(self.paths, self.found, strict=True):
            if found is None:
                continue
            stem = file_name(Path(path).stem)
            number, wanted = 1, f"{stem}.{self.method}.png"
            while wanted.casefold() in taken:
                number += 1
                wanted = f"{stem}.{self.method}.{number}.png"
            taken.add(wanted.casefold())
            yield found, wanted
