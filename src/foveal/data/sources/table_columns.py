"""Which column of a table is what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from foveal.data.sources.table_refusals import no_column, same_columns
from foveal.errors import FovealError, unknown_name
from foveal.types.text import printable

_PATH = ("path", "file", "filename", "file_name", "filepath", "file_path", "image", "image_path", "image_file")
_MORE_PATH = ("image_name", "imagename", "img", "img_path", "photo", "photo_path", "picture")
_GROUP_IDS = ("group_id", "patient_id", "subject_id", "video_id", "session_id")

USUAL: dict[str, tuple[str, ...]] = {
    "path": (*_PATH, *_MORE_PATH),
    "label": ("label", "class", "category", "species", "target", "class_name", "label_name", "classname"),
    "labels": ("labels", "tags", "classes", "categories"),
    "split": ("split", "part", "set", "subset", "partition"),
    "group": ("group", "patient", "subject", "video", "session", *_GROUP_IDS),
}
"""Names, lower case with "_" between words, by which a column is known for what it is."""

_IDENTITY = ("id", "image_id", "img_id", "photo_id", "id_code")


@dataclass(frozen=True)
class Columns:
    """Indices of the columns that count.

    Args:
        path: File of each photo.
        label: Its label, or labels.
        several: Whether there may be several labels.
        split: Its part.
        group: What it must stay together with.
    """

    path: int
    label: int | None = None
    several: bool = False
    split: int | None = None
    group: int | None = None

    @property
    def wanted(self) -> tuple[int | None, ...]:
        """Path, label, split and group, in this order."""
        return self.path, self.label, self.split, self.group


def find_columns(
    path: Path,
    header: Sequence[str],
    named: Mapping[str, str],
    *,
    labelled: bool,
    without_text: Sequence[str] = (),
) -> Columns:
    """Find the columns of a table by what the user named and by usual names.

    Args:
        path: The table, for messages.
        header: Names of its columns.
        named: Names by role.
        labelled: Whether there must be labels; without, only the path counts.
        without_text: Columns that hold something else than text and numbers, which can be no path.

    Raises:
        FovealError: `table-columns`: none or several could be it. `table-header`: a wanted name stands there twice.
            `unknown-name`: no such column. `bad-option`: a role that tables of paths do not have.
    """
    for role, name in named.items():
        if role not in USUAL:
            raise _no_such_role(path, role)
        if name not in header:
            raise unknown_name(f"column in {printable(path.name)}", name, header)
    if "label" in named and "labels" in named:
        raise FovealError(
            "bad-option",
            f"--columns: expected either label or labels, got label={named['label']} and labels={named['labels']}",
            hint="label is for one label a photo, labels for any number of them",
        )
    at = _path_column(path, header, named, without_text)
    if not labelled:
        return Columns(at)
    split, group = (_one(path, header, named, role) for role in ("split", "group"))
    label, several = _label_column(path, header, named)
    return Columns(at, label, several, split, group)


def _path_column(path: Path, header: Sequence[str], named: Mapping[str, str], without_text: Sequence[str]) -> int:
    textual = [name for name in header if name not in without_text]
    found = _matching(textual, named, "path")
    if not found:
        found = [name for name in textual if _usual(name) in _IDENTITY]
    if not found:
        raise no_column(path, "path", header)
    return _index(path, header, "path", found)


def _label_column(path: Path, header: Sequence[str], named: Mapping[str, str]) -> tuple[int | None, bool]:
    """Its index and whether it holds several labels; what the user named leaves nothing to find."""
    roles = [role for role in ("label", "labels") if role in named] or ["label", "labels"]
    found = {role: _matching(header, named, role) for role in roles}
    both = [name for names in found.values() for name in names]
    if not both:
        return None, False
    role = next(role for role in roles if found[role])
    return _index(path, header, role, both), role == "labels"


def _one(path: Path, header: Sequence[str], named: Mapping[str, str], role: str) -> int | None:
    found = _matching(header, named, role)
    return _index(path, header, role, found) if found else None


def _matching(header: Sequence[str], named: Mapping[str, str], role: str) -> list[str]:
    if role in named:
        return [named[role]]
    taken = set(named.values())
    return [name for name in header if _usual(name) in USUAL[role] and name not in taken]


def _usual(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def _index(path: Path, header: Sequence[str], role: str, names: Sequence[str]) -> int:
    if len(set(names)) > 1:
        raise same_columns(path, role, names)
    if list(header).count(names[0]) > 1:
        raise FovealError(
            "table-header",
            f"{printable(str(path))}: expected one column called {names[0]!r}, got {list(header).count(names[0])}",
            hint="rename the columns so that each has a name of its own",
        )
    return list(header).index(names[0])


def _no_such_role(path: Path, role: str) -> FovealError:
    return FovealError(
        "bad-option",
        f"--columns {role}=…: expected one of {', '.join(USUAL)} for the table {printable(path.name)}, got {role}",
        hint="photos inside a Parquet file and boxes are other forms; name the file that holds them",
    )
