"""A split that can be kept: which photo is held out when, in a small CSV file."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Dataset
from foveal.data.saved_csv import rows_of
from foveal.data.splits import MOST_FOLDS
from foveal.errors import FovealError
from foveal.storage import write_atomically
from foveal.types.checked import bad_value, integers, read_only
from foveal.types.names import Names
from foveal.types.text import listing, printable

_HEADER = ["path", "fold", "group"]


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """Folds of n photos.

    Args:
        paths: Name of each photo, as `Dataset.paths` spells it.
        folds: int8 [n], the fold that each is held out in, 0 … K − 1.
        groups: int64 [n]; photos that belong together share a number, and so a fold.

    Raises:
        FovealError: `bad-value`: other shapes, a group in two folds, or folds that are not 0 … K − 1 with K ≥ 2.
    """

    paths: Names
    folds: NDArray[np.int8]
    groups: NDArray[np.int64]

    def __post_init__(self) -> None:
        folds = integers("Split", "folds", self.folds, length=len(self.paths))
        groups = integers("Split", "groups", self.groups, length=len(self.paths))
        present = np.unique(folds)
        if not 2 <= len(present) <= MOST_FOLDS or present[0] != 0 or present[-1] != len(present) - 1:
            raise bad_value("Split", f"folds 0 … K − 1 with K in 2..{MOST_FOLDS}", present[:20].tolist())
        if len(np.unique(np.stack([groups, folds]), axis=1).T) > len(np.unique(groups)):
            raise bad_value("Split", "every group in one fold", "a group in several")
        object.__setattr__(self, "folds", read_only(folds.astype(np.int8)))
        object.__setattr__(self, "groups", read_only(groups))

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def count(self) -> int:
        """Number of folds K."""
        return int(self.folds.max()) + 1

    def __repr__(self) -> str:
        return f"Split({len(self)} photos, {self.count} folds, {len(np.unique(self.groups))} groups)"

    def save(self, path: str | Path) -> Path:
        """Write it as CSV with the columns path, fold, group; the file is whole or not there.

        Raises:
            FovealError: `cannot-write`.
        """
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_HEADER)
        writer.writerows(zip(self.paths, self.folds.tolist(), self.groups.tolist(), strict=True))
        target = Path(path).expanduser()
        with write_atomically(target) as file:
            file.write(text.getvalue().encode("utf-8", "surrogateescape"))
        return target

    def of(self, dataset: Dataset) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
        """Fold, int8 [m], and group, int64 [m], of the photos of a dataset. Photos it no longer has do not matter.

        Raises:
            FovealError: `split-mismatch`: the dataset has photos that the split does not know, or whole folds are gone.
        """
        at = {path: index for index, path in enumerate(self.paths)}
        found = np.array([at.get(path, -1) for path in dataset.paths], np.int64)
        if (found < 0).any():
            unknown = [dataset.paths[row] for row in np.flatnonzero(found < 0)[:5].tolist()]
            raise FovealError(
                "split-mismatch",
                f"expected a split that holds every photo of {printable(str(dataset.root))}, got one without "
                f"{listing(unknown, count=int((found < 0).sum()))}",
                hint="make a new one: `foveal split` with the same --exclude and --relabel as here; a photo that could "
                "not be learnt from then, such as one in two classes, is not in the old one",
            )
        folds = self.folds[found]
        if len(np.unique(folds)) < self.count:
            raise FovealError(
                "split-mismatch",
                f"expected photos in each of {self.count} folds, got {len(np.unique(folds))}",
                hint="make a new one with `foveal split`",
            )
        return folds, self.groups[found]


def read_split(path: str | Path) -> Split:
    """Read what `Split.save` wrote.

    Raises:
        FovealError: `not-found`; `split-damaged`: another kind of file, or one that does not hold together.
    """
    file = Path(path).expanduser()
    try:
        text = file.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise FovealError(
            "not-found", f"{file}: expected a split file, got: {error.strerror}", hint="`foveal split` writes one"
        ) from error
    rows = rows_of(text)
    try:
        if next(rows, None) != _HEADER:
            raise _damaged(file, f"the first line {printable(text.partition(chr(10))[0][:60])!r}")
        cells = list(filter(any, rows))
        folds, groups = ([int(row[column]) for row in cells] for column in (1, 2))
        return Split(Names(row[0] for row in cells), np.array(folds, np.int64), np.array(groups, np.int64))
    except (ValueError, IndexError, OverflowError, csv.Error) as error:
        raise _damaged(file, str(error)) from error
    except FovealError as error:
        if error.code != "bad-value":
            raise
        raise _damaged(file, error.message) from error


def _damaged(file: Path, got: str) -> FovealError:
    return FovealError(
        "split-damaged",
        f"{file}: expected a split as `foveal split` writes it (columns {', '.join(_HEADER)}), got {got}",
        hint="make a new one with `foveal split`; a spreadsheet may save it as CSV, under the same column names",
    )
