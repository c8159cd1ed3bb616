"""Figures as files: drawn by matplotlib without a window, written wholly or not at all."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foveal.errors import FovealError
from foveal.imaging.plotting import quiet_matplotlib
from foveal.storage import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("png", "svg", "pdf")
_DPI = 150
_STYLE = {
    # Ships with matplotlib, so that the same words are set at the same place on any machine.
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "text.parse_math": False,
    # What is drawn depends on nothing but its content.
    "svg.hashsalt": "foveal",
}


def check_picture(path: Path, option: str) -> None:
    """Refuse a file whose ending names no picture.

    Raises:
        FovealError: `bad-option`.
    """
    if path.suffix[1:].lower() not in FORMATS:
        raise FovealError(
            "bad-option",
            f"{option}: expected a file ending in .{', .'.join(FORMATS)}, got {path}",
            hint=f"as in {option} {path.stem or 'picture'}.png",
        )


@contextlib.contextmanager
def figure(width: float, height: float) -> Iterator[Figure]:
    """A figure of some inches, white, in foveal's style; drawn and saved within the `with`."""
    with quiet_matplotlib():
        import matplotlib as mpl
        from matplotlib.figure import Figure

    style: Any = _STYLE
    with mpl.rc_context(style):
        yield Figure(figsize=(width, height), facecolor="white", dpi=_DPI)


def save(drawn: Figure, path: Path) -> Path:
    """Write a figure in the format that the file's ending names.

    Returns:
        The path written.

    Raises:
        FovealError: `bad-option`: an ending that names no picture. `cannot-write`.
    """
    check_picture(path, "picture")
    kind = path.suffix[1:].lower()
    dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    buffer = io.BytesIO()
    drawn.savefig(buffer, format=kind, metadata=dates.get(kind))
    with write_atomically(path) as file:
        file.write(buffer.getvalue())
    return path
