"""From what the user names to a dataset: the first source that recognises it reads it."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from foveal.data.dataset import UNLABELLED, Dataset
from foveal.data.edits import apply_edits, read_edits
from foveal.data.joined import join_unlabelled
from foveal.data.options import USED_FOR, ReadOptions
from foveal.data.sources import SOURCES
from foveal.data.sources import source as source_named
from foveal.data.sources.inside import pointing_inside
from foveal.data.sources.shards import expand
from foveal.data.sources.table_files import PARQUET, tables_in
from foveal.errors import FovealError
from foveal.types.checked import bad_value
from foveal.types.text import listing, printable

NO_CLASSES = ("one-class", "not-a-folder")
"""Codes of the errors that say there are no classes; the photos can be read without labels then."""


def read(
    path: str | Path,
    *,
    source: str = "auto",
    options: ReadOptions | None = None,
    exclude: str | Path | None = None,
    relabel: str | Path | None = None,
) -> Dataset:
    """Read which photos there are; no photo is opened, none is copied.

    Args:
        path: A folder, table, archive or other form of `foveal.data.sources.SOURCES`; for unlabelled reading also a
            photo. `~` stands for the home folder.
        source: Name of the form; "auto" takes the first that recognises the path.
        options: What the form leaves open.
        exclude: File of photos to leave out; see `foveal.data.edits.read_edits`.
        relabel: File of photos with new labels.

    Raises:
        FovealError: `not-found`, `not-a-folder`, `no-permission`, `no-photos`; labelled also `one-class`,
            `class-case`, `class-twice`, `part-twice`, `class-mismatch`. `bad-option`: an option that the form does not
            follow. `unknown-name`: no such source. `bad-edits`, `edits-mismatch`: what `exclude` or `relabel` says
            cannot be done.
    """
    dataset = _read(path, source, options or ReadOptions())
    if exclude is None and relabel is None:
        return dataset
    left_out, renamed = (None if file is None else Path(file).expanduser() for file in (exclude, relabel))
    return apply_edits(dataset, read_edits(exclude=left_out, relabel=renamed))


def _read(path: str | Path, source: str, options: ReadOptions) -> Dataset:
    place = Path(path).expanduser()
    _must_exist([place])
    settled = source if source != "auto" else _settled(place, options)
    for name in (settled,) if settled else _forms(place, options):
        found = source_named(name)
        if settled or found.detect(place):
            _refuse_ignored(name, options.given() - found.options)
            try:
                return found.read(place, options)
            except FovealError as error:
                if name == "folder":
                    error.hint = pointing_inside(error, place)
                raise
    if options.labelled:
        raise FovealError(
            "not-a-folder",
            f"expected labelled photos: a folder with one folder of photos for each class, a table or an archive, got "
            f"the file {printable(str(place))}",
            hint="name the folder that holds the class folders, or the table that lists photos and labels",
        )
    return Dataset(place.parent, (place.name,), np.array([UNLABELLED]), (), np.zeros(1, np.int8))


def _settled(place: Path, options: ReadOptions) -> str:
    """The form of a folder, where what the user said leaves no doubt; else empty."""
    if not place.is_dir():
        return ""
    if options.label_from:
        return "names"
    tables = tables_in(place) if options.columns and not options.columns.keys() & {"image", "box"} else []
    # a Parquet file may hold the photos themselves
    return "table" if tables and not any(each.path.suffix.lower() in PARQUET for each in tables) else ""


def _forms(place: Path, options: ReadOptions) -> list[str]:
    """Names of the forms to try, in order."""
    # whoever wants no labels means every photo of a folder, not those that a table in it names
    every_photo = place.is_dir() and not options.labelled and not options.columns
    return [name for name in SOURCES if name != "table" or not every_photo]


def _refuse_ignored(name: str, ignored: frozenset[str]) -> None:
    """An option that would do nothing is a mistake of the one who gave it."""
    if ignored:
        flags = {option: f"--{option.replace('_', '-')}" for option in sorted(ignored)}
        given = ", ".join(flags.values())
        raise FovealError(
            "bad-option",
            f"{given}: expected photos in a form that has a use for it, got them read as by --source {name}",
            hint="; ".join(["leave it out", *(f"{flags[option]} is for {USED_FOR[option]}" for option in flags)]),
        )


def read_many(paths: Iterable[str | Path]) -> Dataset:
    """Read several photos, folders and archives as one dataset without classes.

    Args:
        paths: Photos, and whatever `read` takes. Their order is kept; photos of a folder are sorted. A photo named
            twice counts once.

    Returns:
        A dataset whose paths begin with what was named.

    Raises:
        FovealError: `not-found`: any of them is missing, naming all that are. `no-photos`, `no-permission`: a folder
            without photos or that may not be opened. `bad-value`: no paths.
    """
    places = [Path(path).expanduser() for path in paths]
    if not places:
        raise bad_value("read_many", "1 or more photos or folders", "none")
    _must_exist(places)
    if len(places) == 1:
        return read(places[0], options=ReadOptions(labelled=False))
    return join_unlabelled([read(place, options=ReadOptions(labelled=False)) for place in places])


def _must_exist(places: list[Path]) -> None:
    missing: list[Path] = []
    for place in itertools.chain.from_iterable(map(expand, places)):
        try:
            place.stat()
        except PermissionError as error:
            raise FovealError(
                "no-permission",
                f"{printable(str(place))}: a folder on the way to it may not be opened",
                hint="give yourself permission to read it, or name another place",
            ) from error
        except (OSError, ValueError):
            missing.append(place)
    if missing:
        raise FovealError(
            "not-found",
            f"expected photos or folders that exist, got {listing([str(place) for place in missing], most=20)}",
            hint=_near(missing[0]),
        )


def _near(missing: Path) -> str:
    """Names in the folder that look like the missing one; where that folder is missing too, it is what to look at."""
    try:
        names = [entry.name for entry in missing.parent.iterdir()]
    except (OSError, ValueError):
        return f"there is no folder {printable(str(missing.parent))} that could be opened either; check the path"
    close = difflib.get_close_matches(missing.name, names, n=3, cutoff=0.6)
    if not close:
        return f"check the path; nothing in {printable(str(missing.parent))} has a name like it"
    return f"did you mean {' or '.join(printable(str(missing.parent / name)) for name in close)}?"
