"""What a classifier says about photos: one row of class probabilities for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.types.checked import bad_value, read_only
from foveal.types.text import counted, printable, shortened

UNKNOWN = "unknown"
"""What is answered where the most probable class had better not be."""

SUM_TOLERANCE = 1e-3  # rounding of a float32 softmax over 20,000 classes stays well below this
SHOWN = 10


@dataclass(frozen=True, eq=False, repr=False)
class Classifications:
    """Class probabilities of n photos over C classes.

    Args:
        paths: File of each photo, n of them.
        class_names: Name of each column, C of them, all different.
        probs: float32 [n, C] in 0..1, rows sum to 1; a row of NaN for a photo that could not be read.
        errors: For each photo None, or why it could not be read.
        thresholds: None where every photo shows one class. Where it may show any number of them: float32 [C] in 0..1,
            from which probability on it is said to show each class; rows of `probs` then need not sum to 1.
        doubts: For each photo None, or why its most probable class is not the answer; empty = nothing was doubted.
        broader: For each doubted photo the group of classes that is answered instead, or None; empty = none is.
        sets: bool [n, C], the classes among which the true one is, at the rate asked for; None = not asked for. Rows
            of photos that could not be read are False.

    Raises:
        FovealError: `bad-value`: the fields do not fit together.
    """

    paths: tuple[str, ...]
    class_names: tuple[str, ...]
    probs: NDArray[np.float32]
    errors: tuple[str | None, ...]
    thresholds: NDArray[np.float32] | None = None
    doubts: tuple[str | None, ...] = ()
    broader: tuple[str | None, ...] = ()
    sets: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        probs = np.asarray(self.probs, dtype=np.float32)
        object.__setattr__(self, "paths", tuple(self.paths))
        object.__setattr__(self, "class_names", tuple(self.class_names))
        object.__setattr__(self, "errors", tuple(self.errors))
        n, classes = len(self.paths), len(self.class_names)
        if classes == 0 or len(set(self.class_names)) != classes:
            raise bad_value("Classifications", "one or more different class_names", list(self.class_names)[:20])
        if probs.shape != (n, classes):
            raise bad_value("Classifications", f"probs [{n}, {classes}]", list(probs.shape))
        if len(self.errors) != n:
            raise bad_value("Classifications", f"{n} errors", len(self.errors))
        failed = np.array([error is not None for error in self.errors], dtype=bool)
        _check_rows(probs, failed, sums=self.thresholds is None)
        object.__setattr__(self, "probs", read_only(probs))
        if self.thresholds is not None:
            thresholds = np.asarray(self.thresholds, dtype=np.float32)
            if thresholds.shape != (classes,) or not ((thresholds >= 0) & (thresholds <= 1)).all():
                raise bad_value("Classifications", f"thresholds [{classes}] in 0..1", list(thresholds.shape))
            object.__setattr__(self, "thresholds", read_only(thresholds))
        self._check_caution(n, classes)

    def _check_caution(self, n: int, classes: int) -> None:
        for name in ("doubts", "broader"):
            given = tuple(getattr(self, name))
            if len(given) not in (0, n):
                raise bad_value("Classifications", f"{n} {name}, or none", len(given))
            object.__setattr__(self, name, given)
        if self.sets is not None:
            sets = np.asarray(self.sets)
            if sets.shape != (n, classes) or sets.dtype != np.bool_:
                raise bad_value("Classifications", f"sets bool [{n}, {classes}]", f"{sets.dtype} {list(sets.shape)}")
            object.__setattr__(self, "sets", read_only(sets))

    @property
    def multi_label(self) -> bool:
        """Whether a photo may show any number of classes."""
        return self.thresholds is not None

    @property
    def labels(self) -> tuple[str | None, ...]:
        """Name of the most probable class of each photo; None where it could not be read."""
        best = self.probs.argmax(axis=1)
        return tuple(
            None if error is not None else self.class_names[column]
            for column, error in zip(best, self.errors, strict=True)
        )

    @property
    def answers(self) -> tuple[str | None, ...]:
        """What is answered for each photo: its most probable class, a group of classes, or `UNKNOWN`.

        None where it could not be read. `doubts` says why an answer is not the most probable class.
        """
        return tuple(self._answer(row, label) for row, label in enumerate(self.labels))

    def _answer(self, row: int, label: str | None) -> str | None:
        if label is None or not self.doubts or self.doubts[row] is None:
            return label
        return (self.broader[row] if self.broader else None) or UNKNOWN

    @property
    def label_sets(self) -> tuple[tuple[str, ...] | None, ...]:
        """Names of the classes that each photo is said to show, most probable first; None where it could not be read.

        With `thresholds`, those that reach theirs, which may be none; else the most probable class alone.
        """
        return tuple(
            None if error is not None else tuple(name for name, _ in self._shown(row))
            for row, error in enumerate(self.errors)
        )

    @property
    def confidences(self) -> NDArray[np.float32]:
        """float32 [n]: probability of the most probable class; NaN where the photo could not be read."""
        best: NDArray[np.float32] = self.probs.max(axis=1)
        return best

    def top(self, k: int) -> list[list[tuple[str, float]]]:
        """The k most probable classes of each photo, best first; of equal ones the earlier column first.

        Args:
            k: How many, at least 1; more than C gives all C.

        Returns:
            For each photo a list of (class name, probability); empty where it could not be read.

        Raises:
            FovealError: `bad-value`: k below 1.
        """
        if k < 1:
            raise bad_value("Classifications.top", "k of at least 1", k)
        return [self._best(row, k) for row in range(len(self))]

    def to_records(self, top: int) -> list[dict[str, Any]]:
        """One plain dictionary for each photo.

        Args:
            top: How many classes to list, at least 1.

        Returns:
            Dictionaries with the keys `path`, `label`, `confidence`, `top` (a list of `label`, `prob`) and `error`;
            with `thresholds` also `labels`, as `top` but of the classes that reach theirs. `label` and `confidence` are
            None and the lists are empty where the photo could not be read. `answer` and `reason` are the entries of
            `answers` and `doubts`, where something can be doubted; `set`, where sets were asked for, is as `top`.
        """
        records: list[dict[str, Any]] = []
        for row, (path, best, error) in enumerate(zip(self.paths, self.top(top), self.errors, strict=True)):
            label, confidence = best[0] if best else (None, None)
            record = {"path": path, "label": label, "confidence": confidence, "top": _listed(best), "error": error}
            if self.multi_label:
                record["labels"] = _listed(self._shown(row))
            if self.doubts:
                record |= {"answer": self._answer(row, label), "reason": self.doubts[row]}
            if self.sets is not None:
                record["set"] = _listed(self._ranked(row, np.flatnonzero(self.sets[row])))
            records.append(record)
        return records

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, which: slice | int) -> Classifications:
        if isinstance(which, int | np.integer):
            row = range(len(self))[which]
            which = slice(row, row + 1)
        sets = None if self.sets is None else self.sets[which]
        rows = self.paths[which], self.class_names, self.probs[which], self.errors[which]
        return Classifications(*rows, self.thresholds, self.doubts[which], self.broader[which], sets)

    def __repr__(self) -> str:
        failed = sum(error is not None for error in self.errors)
        size = f"{counted(len(self), 'photo')}, {counted(len(self.class_names), 'class', 'classes')}"
        return f"Classifications({size}, {failed} unreadable)\n{self}"

    def __str__(self) -> str:
        rows = [
            (shortened(printable(record["path"]), 50), *_columns(record)) for record in self[:SHOWN].to_records(top=1)
        ]
        width = max((len(path) for path, _, _ in rows), default=0)
        lines = [f"{path:<{width}}  {confidence:>7}  {label}" for path, confidence, label in rows]
        if len(self) > SHOWN:
            lines.append(f"… and {len(self) - SHOWN:,} more")
        return "\n".join(lines)

    def _shown(self, row: int) -> list[tuple[str, float]]:
        """The classes that a photo is said to show, best first."""
        if self.thresholds is None:
            return self._best(row, 1)
        return self._ranked(row, np.flatnonzero(self.probs[row] >= self.thresholds))

    def _ranked(self, row: int, columns: NDArray[np.intp]) -> list[tuple[str, float]]:
        """Some classes with their probabilities, best first."""
        probs = self.probs[row]
        order = columns[np.argsort(-probs[columns], kind="stable")]
        return [(self.class_names[column], float(probs[column])) for column in order]

    def _best(self, row: int, k: int) -> list[tuple[str, float]]:
        if self.errors[row] is not None:
            return []
        probs = self.probs[row]
        order = np.argsort(-probs, kind="stable")[:k]
        return [(self.class_names[column], float(probs[column])) for column in order]


def _check_rows(probs: NDArray[np.float32], failed: NDArray[np.bool_], *, sums: bool) -> None:
    good = probs[~failed] if failed.any() else probs
    expected = "rows of probs in 0..1 that sum to 1" if sums else "probs in 0..1"
    if good.size and not (good.min() >= 0 and good.max() <= 1 + SUM_TOLERANCE):
        raise bad_value("Classifications", expected, "other numbers, or NaN")
    if sums and good.size and np.abs(good.sum(axis=1, dtype=np.float64) - 1).max() > SUM_TOLERANCE:
        raise bad_value("Classifications", expected, "other sums")
    if failed.any() and not np.isnan(probs[failed]).all():
        raise bad_value("Classifications", "a row of NaN wherever errors has a text", "numbers beside an error")


def _listed(ranked: list[tuple[str, float]]) -> list[dict[str, Any]]:
    return [{"label": name, "prob": prob} for name, prob in ranked]


def _columns(record: dict[str, Any]) -> tuple[str, str]:
    if record["error"] is not None:
        return "-", f"not read: {printable(record['error'])}"
    if "labels" in record:
        shown = ", ".join(f"{printable(each['label'])} {each['prob']:.1%}" for each in record["labels"])
        return "", shown or "none of the classes"
    if record.get("reason") is not None:
        return "", f"{printable(record['answer'])} ({printable(record['reason'])})"
    return f"{record['confidence']:.1%}", printable(record["label"])
