"""From what the user names to a dataset: the first source that recognises it reads it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from foveal.data.dataset import UNLABELLED, Dataset
from foveal.data.sources import sources
from foveal.errors import FovealError
from foveal.types.checked import bad_value
from foveal.types.finding import Finding
from foveal.types.text import listing, printable


def read(path: str | Path, *, labelled: bool = True) -> Dataset:
    """Read which photos there are; none is opened.

    Args:
        path: A folder, or for `labelled=False` also a photo. `~` stands for the home folder.
        labelled: Whether the folders give the classes. Otherwise every photo below the folder counts and none has a
            class.

    Raises:
        FovealError: `not-found`, `not-a-folder`, `no-permission`, `no-photos`; labelled also `one-class`,
            `class-case`, `class-twice`, `part-twice`, `class-mismatch`.
    """
    place = Path(path).expanduser()
    _must_exist([place])
    for source in sources():
        if source.detect(place):
            return source.read(place, labelled=labelled)
    if labelled:
        raise FovealError(
            "not-a-folder",
            f"expected a folder with one folder of photos for each class, got the file {printable(str(place))}",
            hint="name the folder that holds the class folders",
        )
    return _unlabelled(place.parent, (place.name,), ())


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
        return read(places[0], labelled=False)
    found: dict[str, str] = {}
    findings: list[Finding] = []
    for place in places:
        dataset = read(place, labelled=False)
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
