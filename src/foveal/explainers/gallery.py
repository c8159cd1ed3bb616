"""What a list of explanations can do: print itself, write its pictures, and show itself in a notebook."""

from __future__ import annotations

import base64
import html
import io
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from foveal.runtimes.workers import on_every_processor
from foveal.storage import write_atomically
from foveal.types.text import counted, printable, shortened

if TYPE_CHECKING:
    from PIL import Image

_SHOWN = 10
_PICTURES_SHOWN = 24

# Pillow's usual 6 takes three times as long to make photos a tenth smaller.
_COMPRESSION = 3


class Gallery(ABC):
    """Explanations of photos, one a row, some of which could not be read.

    Subclasses have the fields `paths`, `errors` (None, or why the photo could not be read) and `method`.
    """

    _NOUN: ClassVar[str]

    paths: tuple[str, ...]
    errors: tuple[str | None, ...]
    method: str

    def said(self, row: int) -> str:
        """What a row says, in words, or why the photo could not be read."""
        error = self.errors[row]
        return self._said(row) if error is None else f"not read: {printable(error)}"

    def save(self, folder: str | Path) -> list[Path]:
        """Write the pictures into a folder, one PNG file for each row that could be read.

        Returns:
            The files. A name that two rows share gets a number.

        Raises:
            FovealError: `cannot-write`.
        """
        names = list(self._names())

        def one(number: int, _: threading.Event) -> None:
            row, name = names[number]
            write_picture(Path(folder) / name, self._png(row))

        on_every_processor(one, len(names), lambda *_: None)
        return [Path(folder) / name for _, name in names]

    @abstractmethod
    def to_records(self) -> list[dict[str, Any]]:
        """One plain dictionary for each row."""

    @abstractmethod
    def _said(self, row: int) -> str:
        """What a row says that could be read."""

    @abstractmethod
    def _png(self, row: int) -> bytes:
        """The picture of a row that could be read, a PNG file."""

    @abstractmethod
    def _about(self, row: int) -> str:
        """What stands in a file's name behind the photo's."""

    def __len__(self) -> int:
        return len(self.paths)

    def __repr__(self) -> str:
        failed = sum(error is not None for error in self.errors)
        return f"{type(self).__name__}({counted(len(self), self._NOUN)} by {self.method}, {failed} unreadable)\n{self}"

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
        for row in range(min(len(self), _PICTURES_SHOWN)):
            said = f"{printable(self.paths[row])}: {self.said(row)}"
            readable = self.errors[row] is None
            figures.append(picture_html(said, self._png(row)) if readable else f"<p>{html.escape(said)}</p>")
        if len(self) > _PICTURES_SHOWN:
            figures.append(f"<p>… and {len(self) - _PICTURES_SHOWN:,} more</p>")
        return f"<div>{''.join(figures)}</div>"

    def _names(self) -> Iterator[tuple[int, str]]:
        """Row and file name of every picture."""
        taken: set[str] = set()
        for row, path in enumerate(self.paths):
            if self.errors[row] is not None:
                continue
            stem = f"{file_name(Path(path).stem)}.{file_name(self._about(row))}"
            number, wanted = 1, f"{stem}.png"
            while wanted.casefold() in taken:
                number += 1
                wanted = f"{stem}.{number}.png"
            taken.add(wanted.casefold())
            yield row, wanted


def picture_html(said: str, png: bytes) -> str:
    """A picture inside a page, with its text for those who cannot see it."""
    data = base64.b64encode(png).decode("ascii")
    return f'<img alt="{html.escape(said)}" style="margin:4px;max-width:100%" src="data:image/png;base64,{data}">'


def as_png(picture: Image.Image) -> bytes:
    """A picture as a PNG file."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=_COMPRESSION)
    return buffer.getvalue()


def write_picture(path: Path, content: bytes) -> Path:
    """Write a picture, wholly or not at all.

    Raises:
        FovealError: `cannot-write`.
    """
    with write_atomically(path) as file:
        file.write(content)
    return path


def file_name(text: str) -> str:
    """Text that every file system takes as a name: letters, digits and -_ of any alphabet, at most 60 of them."""
    kept = "".join(each if each.isalnum() or each in "-_" else "_" for each in printable(text))
    return kept.strip("_")[:60] or "photo"
