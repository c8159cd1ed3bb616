"""From what the user names to a dataset: the first source that recognises it reads it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from foveal.data.dataset import UNLABELLED, Dataset
from foveal.data.options import ReadOptions
from foveal.data.sources import SOURCES
from foveal.data.sources import source as source_named
from foveal.errors import FovealError
from foveal.types.checked import bad_value
from foveal.types.finding import Finding
from foveal.types.text import listing, printable


def read(path: str | Path, *, source: str = "auto", options: ReadOptions | None = None) -> Dataset:
    """Read which photos there are; no photo is opened, none is copied.

    Args:
        path: A folder, table, archive or other form of `foveal.data.sources.SOURCES`; for unlabelled reading also a
            photo. `~` stands for the home folder.
        source: Name of the form; "auto" takes the first that recognises the path.
        options: What the form leaves open.

    Raises:
        FovealError: `not-found`, `not-a-folder`, `no-permission`, `no-photos`; labelled also `one-class`,
            `class-case`, `class-twice`, `part-twice`, `class-mismatch`. `bad-option`: an option that the form does not
            follow. `unknown-name`: no such source.
    """
    options = options or ReadOptions()
    place = Path(path).expanduser()
    _must_exist([place])
    for name in SOURCES if source == "auto" else (source,):
        found = source_named(name)
        if source != "auto" or found.detect(place):
            _refuse_ignored(name, options.given() - found.options)
            return found.read(place, options)
    if options.labelled:
        raise FovealError(
            "not-a-folder",
            f"expected labelled photos: a folder with one folder of photos for each class, a table or an archive, got "
            f"the file {printable(str(place))}",
            hint="name the folder that holds the class folders, or the table that lists photos and labels",
        )
    return _unlabelled(place.parent, (place.name,), ())


def _refuse_ignored(name: str, ignored: frozenset[str]) -> None:
    """An option that would do nothing is a mistake of the one who gave it."""
    if ignored:
        given = ", ".join(f"--{option.replace('_', '-')}" for option in sorted(ignored))
        followed = [form for form in SOURCES if ignored <= source_named(form).options]
        raise FovealError(
            "bad-option",
            f"{given}: expected photos in a form that has a use for it, got {name!r}",
            hint=f"leave it out; it is for {' and '.join(followed)}",
        )


def read_many(paths: Iterable[str | Path]) -> Dataset:
    """Read several photos and folders as one dataset without classes.

    Args:
        paths: Photos and folders. Their order is kept; photos of a folder are sorted. A photo named twice counts once.

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
    found: dict[str, str] = {}
    findings: list[Finding] = []
    for place in places:
        dataset = read(place, options=ReadOptions(labelled=False))
        absolute = str(dataset.root.resolve())
        for relative in dataset.paths:
            found.setdefault(f"{absolute}/{relative}", (dataset.root / relative).as_posix())
        for finding in dataset.findings:
            named = tuple((dataset.root / relative).as_posix() for relative in finding.paths)
            findings.append(replace(finding, paths=named))
    return _unlabelled(Path(), tuple(found.values()), tuple(findings))


def _unlabelled(root: Path, paths: tuple[str, ...], findings: tuple[Finding, ...]) -> Dataset:
    labels = np.full(len(paths), UNLABELLED, dtype=np.int32)
    return Dataset(root, paths, labels, (), np.zeros(len(paths), dtype=np.int8), findings)


def _must_exist(places: list[Path]) -> None:
    missing: list[Path] = []
    for place in places:
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
