"""What a check of a dataset says: its findings, worst first, and what to do with each photo."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from foveal.data.dataset import PART_NAMES, Dataset
from foveal.data.edits import COLUMNS, SEPARATOR
from foveal.storage import write_atomically
from foveal.types.data_finding import NOTHING, DataFinding
from foveal.types.evaluation import Evaluation
from foveal.types.finding import Finding
from foveal.types.text import counted, listing, printable

# What is proposed for the photos of a finding, to be edited by a person; of other findings photos are kept.
_PROPOSED = {
    "leak": "exclude",
    "duplicates-across-classes": "exclude",
    "wrong-labels": "relabel",
    "truncated-photos": "exclude",
    "corrupt-photos": "exclude",
    "empty-files": "exclude",
    "too-large-photos": "exclude",
    "not-photos": "exclude",
    "unreadable-files": "exclude",
}
# A label is changed, and a copy left out, only where that is more likely right than not.
_LEAST_SURE = 0.5


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class DataReport:
    """The outcome of a check.

    Args:
        dataset: The n photos.
        findings: What was found, worst first.
        readable: How many photos could be read.
        notes: What was noticed while the photos were listed.
        evaluation: How well cross-validation recognised the classes; None where there are none.
        split: How the photos were split for that.
        seconds: What took how long.
    """

    dataset: Dataset
    findings: tuple[DataFinding, ...]
    readable: int
    notes: tuple[Finding, ...]
    evaluation: Evaluation | None
    split: Mapping[str, Any]
    seconds: Mapping[str, float]

    def __repr__(self) -> str:
        codes = listing([finding.code for finding in self.findings]) or "nothing found"
        return f"DataReport({counted(len(self.dataset), 'photo')}, {codes})"

    def finding(self, code: str) -> DataFinding | None:
        """The worst finding with this code, if there is one."""
        return next((finding for finding in self.findings if finding.code == code), None)

    def to_dict(self, *, most: int | None = None) -> dict[str, Any]:
        """The report as JSON-able values; `docs/json.md` explains the keys.

        Args:
            most: How many photos of each finding to list; None = all.
        """
        dataset = self.dataset
        parts = np.bincount(dataset.parts, minlength=len(PART_NAMES)).tolist()
        return {
            "photos": len(dataset),
            "readable": self.readable,
            "classes": dataset.counts(),
            "parts": {name: count for name, count in zip(PART_NAMES, parts, strict=True) if count},
            "findings": [finding.to_dict(dataset.paths, dataset.class_names, most=most) for finding in self.findings],
            "notes": [note.to_dict() for note in self.notes],
            "evaluation": None if self.evaluation is None else self.evaluation.to_dict(),
            "split": dict(self.split),
            "edits": dict(dataset.edits),
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
        }

    def summary(self) -> str:
        """The findings in a line each, worst first."""
        dataset = self.dataset
        classes = counted(len(dataset.class_names), "class", "classes") if dataset.class_names else "no classes"
        lines = [f"{counted(len(dataset), 'photo')}, {classes}, {self.readable:,} readable"]
        if self.evaluation is not None:
            lines[0] += f"; out of fold {self.evaluation.accuracy:.1%}"
        if not self.findings:
            return "\n".join([*lines, "nothing to complain about"])
        for finding in self.findings:
            lines.append(f"{finding.score:5.2f}  {finding.code:<28} {printable(finding.title)}")
        return "\n".join(lines)

    def save_quarantine(self, path: str | Path) -> Path:
        """Write a CSV file with every photo that a finding names and a proposal for each, to be edited by a person.

        A photo stands there once, under the worst finding that proposes something for it, else under its worst. Hand
        the file to `exclude=` and `relabel=` of `read`, or to `--exclude` and `--relabel`; nothing happens to the
        photos themselves.

        Raises:
            FovealError: `cannot-write`.
        """
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(self._proposals())
        target = Path(path).expanduser()
        with write_atomically(target) as file:
            file.write(text.getvalue().encode("utf-8", "surrogatepass"))
        return target

    def _proposals(self) -> Iterator[tuple[str, ...]]:
        dataset = self.dataset
        for number, at, action in sorted(self._decided().values()):
            finding = self.findings[number]
            row, other, suggested = (int(each[at]) for each in (finding.rows, finding.others, finding.suggested))
            new = dataset.class_names[suggested] if suggested != NOTHING else ""
            note = finding.notes[at] if finding.notes else ""
            if other != NOTHING:
                note = f"{note} {dataset.paths[other]}".strip()
            score = f"{finding.scores[at]:.3f}"
            yield dataset.paths[row], action, new, self._label(row), finding.code, score, note

    def _decided(self) -> dict[int, tuple[int, int, str]]:
        """For each photo found: the number of its finding, its place in it, and what is proposed."""
        decided: dict[int, tuple[int, int, str]] = {}
        for number, finding in enumerate(self.findings):
            for at, row in enumerate(finding.rows.tolist()):
                action = _proposed(finding, at)
                if row not in decided or (decided[row][2] == "keep" and action != "keep"):
                    decided[row] = number, at, action
        return decided

    def _label(self, row: int) -> str:
        dataset = self.dataset
        if dataset.label_sets is None:
            label = int(dataset.labels[row])
            return dataset.class_names[label] if label >= 0 else ""
        start, end = dataset.label_sets.starts[row : row + 2]
        return SEPARATOR.join(dataset.class_names[each] for each in dataset.label_sets.classes[start:end].tolist())


def _proposed(finding: DataFinding, at: int) -> str:
    action = _PROPOSED.get(finding.code, "keep")
    unsure = finding.scores[at] < _LEAST_SURE or (action == "relabel" and finding.suggested[at] == NOTHING)
    return "keep" if unsure else action
