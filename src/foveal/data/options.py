"""How photos are to be read, where the form on disk leaves it open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from foveal.errors import FovealError, unknown_name

ROLES = ("path", "label", "labels", "split", "group", "image", "box")
"""What a column of a table can be."""

CLASSES = ("auto", "top", "nested")

USED_FOR = {
    "columns": "tables, and photos in Parquet files",
    "separator": "tables with a column of several labels",
    "label_from": "photos in a folder, told by file name",
    "classes": "folders in class folders, on disk or in an archive",
}
"""What each option is about."""


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """How photos are to be read; checked at birth.

    Args:
        labelled: Whether the classes matter. Without, every photo counts and none has a class.
        columns: Names of a table's columns by role (`ROLES`); what is not named is found by usual names.
        separator: Between the labels of a photo in a table's labels column; "auto" takes the first of `|`, `;`, `,`
            and blank that occurs.
        label_from: Pattern that takes the label from the file's path, as `{label}_{n}.jpg`; `{label}`, `{split}` and
            `{group}` count, any other name in braces stands for anything.
        classes: Of folders in class folders: "nested" makes each a class of a hierarchy ("animal/cat"), "top" makes
            them part of the top folder's class, "auto" decides by their names.
    """

    labelled: bool = True
    columns: Mapping[str, str] = field(default_factory=dict)
    separator: str = "auto"
    label_from: str = ""
    classes: str = "auto"

    def __post_init__(self) -> None:
        for role in self.columns:
            if role not in ROLES:
                raise unknown_name("column role", role, ROLES)
        if self.classes not in CLASSES:
            raise unknown_name("classes", self.classes, CLASSES)
        if not self.separator:
            raise FovealError(
                "bad-option",
                "separator (--separator): expected a character that stands between labels, got nothing",
                hint="leave it out, or name one: --separator ';'",
            )
        if self.label_from and "{label}" not in self.label_from and self.labelled:
            raise FovealError(
                "bad-option",
                f"label_from (--label-from): expected a pattern with {{label}} in it, got {self.label_from!r}",
                hint="for files called cat_001.jpg write --label-from '{label}_{n}.jpg'",
            )

    def given(self) -> frozenset[str]:
        """Names of the options that say something; a source that cannot follow one must not be handed it."""
        said = {
            "columns": bool(self.columns),
            "separator": self.separator != "auto",
            "label_from": bool(self.label_from),
            "classes": self.classes != "auto",
        }
        return frozenset(name for name, is_said in said.items() if is_said)
