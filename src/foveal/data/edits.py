"""What a person decided about single photos: leave them out, or give them another label. No file is ever touched."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from foveal.data.dataset import Dataset
from foveal.data.label_sets import LabelSets
from foveal.data.saved_csv import rows_of
from foveal.data.sources.names import natural_key
from foveal.errors import FovealError
from foveal.types.finding import Finding
from foveal.types.text import listing, printable

ACTIONS = ("keep", "exclude", "relabel")
COLUMNS = ("path", "action", "new_label", "label", "finding", "score", "note")
"""Columns of the file that `foveal check --quarantine` writes; edited, it goes to `--exclude` and `--relabel`."""

SEPARATOR = "|"
"""Between the labels of a photo that has several."""

_SHOWN = 20
_TABLES = (".csv", ".tsv")


@dataclass(frozen=True)
class Edits:
    """Decisions by path, as `Dataset.paths` spells it.

    Args:
        exclude: Photos to leave out.
        relabel: New label of photos; several stand with "|" between them where photos may have several.
        files: Name and SHA-256 of each file they came from, for the model's record.
    """

    exclude: frozenset[str]
    relabel: dict[str, str]
    files: tuple[tuple[str, str], ...] = ()


def read_edits(*, exclude: Path | None = None, relabel: Path | None = None) -> Edits:
    """Read decisions.

    Args:
        exclude: A CSV file with a `path` column, of which rows count whose `action` is "exclude", or all where there is
            no such column; or a text file with one path a line.
        relabel: A CSV file with columns `path` and `new_label` (or `label` where there is no `new_label`), of which
            rows count whose `action` is "relabel", or all where there is no such column. The same file for both must
            have it.

    Raises:
        FovealError: `not-found`, `bad-edits`: no such file, or one that says something else.
    """
    both = exclude == relabel
    left_out = frozenset(path for path, _ in _decisions(exclude, "exclude", both)) if exclude else frozenset()
    renamed = dict(_decisions(relabel, "relabel", both)) if relabel else {}
    files = dict.fromkeys(file for file in (exclude, relabel) if file is not None)
    digests = tuple((file.name, hashlib.sha256(file.read_bytes()).hexdigest()) for file in files)
    return Edits(left_out, renamed, digests)


def apply_edits(dataset: Dataset, edits: Edits) -> Dataset:
    """A dataset with the decisions carried out, and named in its findings and its `edits`.

    Args:
        dataset: The photos.
        edits: What was decided.

    Raises:
        FovealError: `edits-mismatch`: none of the paths is one of the dataset's. `bad-edits`: a new label for photos
            without labels.
    """
    wanted = edits.exclude | edits.relabel.keys()
    at = {path: index for index, path in enumerate(dataset.paths) if path in wanted}
    if wanted and not at:
        raise FovealError(
            "edits-mismatch",
            f"expected paths of photos in {printable(str(dataset.root))}, got {listing(sorted(wanted))}",
            hint=f"paths start from that folder, as in {printable(dataset.paths[0])}" if len(dataset) else "",
        )
    findings = list(dataset.findings)
    unknown = sorted(wanted - at.keys())
    if unknown:
        message = f"decisions about photos that are not there, passed over ({len(unknown):,}): {listing(unknown)}"
        findings.append(Finding("edit-without-photo", message, tuple(unknown[:_SHOWN])))
    changed = _relabelled(dataset, {at[path]: label for path, label in edits.relabel.items() if path in at})
    keep = np.ones(len(dataset), np.bool_)
    keep[[at[path] for path in edits.exclude if path in at]] = False
    record = {
        "excluded": int((~keep).sum()),
        "relabelled": sum(path in at for path in edits.relabel),
        "files": [{"name": name, "sha256": digest} for name, digest in edits.files],
    }
    return _without_empty_classes(replace(changed.select(keep), findings=tuple(findings), edits=record))


def _decisions(file: Path, action: str, both: bool) -> Iterator[tuple[str, str]]:
    """Path and new label (or "") of each row that says `action`, in a file that may be said to hold both kinds."""
    text = _text(file)
    rows = _rows(file, text)
    header = next(rows, [])
    if "path" not in header:
        # a comma in the first path does not make a table of a list
        is_list = len(header) == 1 or (header and file.suffix.lower() not in _TABLES)
        if action == "exclude" and is_list:
            yield from ((line, "") for line in text.replace("\r\n", "\n").split("\n") if line)
            return
        raise _bad(
            file, "a header with a column called path", f"the columns {listing(header)}" if header else "nothing"
        )
    label = next((name for name in ("new_label", "label") if name in header), None)
    if action == "relabel" and label is None:
        raise _bad(file, "a column called new_label", f"the columns {listing(header)}")
    if both and "action" not in header:
        raise _bad(file, "a column called action, where one file says what to leave out and what to relabel", "none")
    for number, cells in enumerate(rows, 2):
        row = dict.fromkeys(header, "") | dict(zip(header, cells, strict=False))
        if not any(cells) or _action(file, number, row, action) != action:
            continue
        new = row.get(label, "") if label is not None and action == "relabel" else ""
        if action == "relabel" and not new:
            raise _bad(file, "a new label in every row to relabel", f"none in line {number}")
        yield row["path"], new


def _text(file: Path) -> str:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise FovealError(
            "not-found", f"{file}: expected a file of decisions, got: {error.strerror}", hint="check the path"
        ) from error
    try:
        return data.decode("utf-8-sig", "surrogatepass")  # as `DataReport.save_quarantine` writes names of any bytes
    except UnicodeDecodeError:
        return data.decode("utf-8-sig", "surrogateescape")  # as `ls` writes them


def _rows(file: Path, text: str) -> Iterator[list[str]]:
    try:
        yield from rows_of(text)
    except csv.Error as error:
        raise _bad(file, "a CSV file", str(error)) from error


def _action(file: Path, number: int, row: dict[str, str], default: str) -> str:
    action = row.get("action", default).strip().lower()
    if action not in ACTIONS:
        raise _bad(file, f"an action out of {', '.join(ACTIONS)}", f"{action!r} in line {number}")
    return action


def _relabelled(dataset: Dataset, new: dict[int, str]) -> Dataset:
    if not new:
        return dataset
    if not dataset.class_names:
        raise FovealError(
            "bad-edits",
            f"{printable(str(dataset.root))}: expected labelled photos to relabel, got photos without labels",
            hint="leave --relabel out",
        )
    sets = {row: label.split(SEPARATOR) if dataset.multi_label else [label] for row, label in new.items()}
    names = sorted({*dataset.class_names, *(name for each in sets.values() for name in each)}, key=natural_key)
    number = {name: at for at, name in enumerate(names)}
    moved = np.array([number[name] for name in dataset.class_names], np.int32)
    if dataset.label_sets is None:
        labels = np.where(dataset.labels >= 0, moved[dataset.labels], -1)
        labels[list(sets)] = [number[each[0]] for each in sets.values()]
        return replace(dataset, labels=labels, class_names=tuple(names))
    starts, classes = dataset.label_sets.starts.tolist(), moved[dataset.label_sets.classes].tolist()
    given = LabelSets.of(
        [number[name] for name in sets[row]] if row in sets else classes[starts[row] : starts[row + 1]]
        for row in range(len(dataset))
    )
    return replace(dataset, label_sets=given, class_names=tuple(names))


def _without_empty_classes(dataset: Dataset) -> Dataset:
    """Classes that lost their last photo are no classes any more."""
    counts: Sequence[int] = list(dataset.counts().values())
    used = [at for at, count in enumerate(counts) if count]
    if len(used) == len(counts):
        return dataset
    table = np.full(len(counts), -1, np.int32)
    table[used] = np.arange(len(used))
    names = tuple(dataset.class_names[at] for at in used)
    if dataset.label_sets is None:
        labels = np.where(dataset.labels >= 0, table[dataset.labels], -1)
        return replace(dataset, labels=labels, class_names=names)
    sets = dataset.label_sets
    return replace(dataset, label_sets=LabelSets(sets.starts, table[sets.classes]), class_names=names)


def _bad(file: Path, expected: str, got: str) -> FovealError:
    return FovealError(
        "bad-edits",
        f"{file}: expected {expected}, got {got}",
        hint="`foveal check PHOTOS --quarantine FILE` writes one to start from",
    )
