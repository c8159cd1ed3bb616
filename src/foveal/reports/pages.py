"""What all pages share: how they are filled in, written, and guarded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foveal.storage import write_atomically
from foveal.types.text import printable


@dataclass(frozen=True)
class Table:
    """A table of a page; the first column names the rows.

    Args:
        caption: What it shows.
        columns: Names of the columns.
        rows: One text a column.
        words: Which columns beside the first hold words, set to the left; the others hold numbers.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: Sequence[int] = ()


def render(template: str, content: Mapping[str, Any]) -> str:
    """Fill in a template of this package; every text put into it is escaped for HTML or Markdown.

    Args:
        template: File in `templates/`.
        content: What it shows. Drawings are marked with `|safe` there, and nothing else is.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("foveal.reports"),
        autoescape=template.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown if template.endswith(".html") else _markdown,
    )
    return environment.get_template(template).render(**content)


def write_page(template: str, content: Mapping[str, Any], path: Path) -> Path:
    """Fill in a template and write it as one file, which is whole or not there.

    Raises:
        FovealError: `cannot-write`.
    """
    page = render(template, content)
    with write_atomically(path) as file:
        file.write(page.encode("utf-8", "replace"))
    return path


def _shown(value: Any) -> Any:
    """Whatever is put into a page: names of files and classes may hold anything."""
    return printable(value) if type(value) is str else value


def _markdown(value: Any) -> Any:
    """The same where no cell of a table and no element of HTML may begin."""
    return printable(value).replace("|", "\\|").replace("<", "&lt;") if type(value) is str else value
