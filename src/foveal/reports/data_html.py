"""The report of a data check as one HTML file: worst first, with pictures."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from foveal.data.dataset import Dataset
from foveal.data.report import DataReport
from foveal.reports.charts import bars, curve
from foveal.reports.thumbnails import thumbnails
from foveal.storage import write_atomically
from foveal.types.data_finding import NOTHING, DataFinding
from foveal.types.text import printable, shortened

# As many pictures as a page can hold and still open at once on a phone; every other photo is in the quarantine file.
_PICTURES_EACH = 24
_PICTURES_ALL = 360
_NAMES_EACH = 400


def write_html(report: DataReport, path: str | Path) -> Path:
    """Write the report as one self-contained HTML file, which needs no network and runs no program.

    Args:
        report: What `foveal.check` returned.
        path: The file; it is whole or not there.

    Raises:
        FovealError: `cannot-write`.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    target = Path(path).expanduser()
    environment = Environment(
        loader=PackageLoader("foveal.reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    page = environment.get_template("data.html").render(**_content(report, target.resolve()))
    with write_atomically(target) as file:
        file.write(page.encode("utf-8", "replace"))
    return target


def _content(report: DataReport, target: Path) -> dict[str, Any]:
    """Everything the template shows on a page that goes to `target`, an absolute path."""
    dataset = report.dataset
    shown = _shown(report)
    rows = [int(row) for finding, count in shown for row in _with_others(finding, count)]
    pictures = thumbnails(dataset, rows)
    evaluation = report.evaluation
    return {
        "name": printable(dataset.root.resolve().name or str(dataset.root)),
        "photos": len(dataset),
        "readable": report.readable,
        "classes": len(dataset.class_names),
        "accuracy": None if evaluation is None else evaluation.accuracy,
        "interval": None if evaluation is None else evaluation.accuracy_interval,
        "bars": bars(dataset.counts()) if dataset.class_names else "",
        "notes": [str(note) for note in report.notes],
        "edits": dict(dataset.edits),
        "seconds": report.seconds["total"],
        "findings": [_finding(finding, count, dataset, pictures, target) for finding, count in shown],
    }


def _shown(report: DataReport) -> list[tuple[DataFinding, int]]:
    """How many pictures each finding gets: the worst findings are served first."""
    left = _PICTURES_ALL
    shown = []
    for finding in report.findings:
        each = 2 if (finding.others != NOTHING).any() else 1
        count = min(len(finding.rows), _PICTURES_EACH // each, left // each)
        left -= count * each
        shown.append((finding, count))
    return shown


def _with_others(finding: DataFinding, count: int) -> Iterator[int]:
    for at in range(count):
        yield int(finding.rows[at])
        if finding.others[at] != NOTHING:
            yield int(finding.others[at])


def _finding(
    finding: DataFinding, count: int, dataset: Dataset, pictures: Mapping[int, str], target: Path
) -> dict[str, Any]:
    named = finding.rows[count : count + _NAMES_EACH].tolist()
    return {
        "code": finding.code,
        "title": finding.title,
        "score": finding.score,
        "why": finding.why,
        "advice": finding.advice,
        "count": len(finding.rows),
        "cards": [_card(finding, at, dataset, pictures, target) for at in range(count)],
        "names": [_photo(row, dataset, {}, target) for row in named],
        "unnamed": len(finding.rows) - count - len(named),
        "curve": curve(finding.values["measured"], finding.values["ahead"]) if "ahead" in finding.values else "",
        "lines": [
            each["text"] for each in finding.values.get("classes", ()) if isinstance(each, dict) and "text" in each
        ],
    }


def _card(finding: DataFinding, at: int, dataset: Dataset, pictures: Mapping[int, str], target: Path) -> dict[str, Any]:
    row, other = int(finding.rows[at]), int(finding.others[at])
    suggested = int(finding.suggested[at])
    return {
        "photo": _photo(row, dataset, pictures, target),
        "other": _photo(other, dataset, pictures, target) if other != NOTHING else None,
        "suggested": printable(dataset.class_names[suggested]) if suggested != NOTHING else "",
        "note": printable(finding.notes[at]) if finding.notes else "",
        "score": float(finding.scores[at]),
    }


def _photo(row: int, dataset: Dataset, pictures: Mapping[int, str], target: Path) -> dict[str, str]:
    path = dataset.paths[row]
    return {
        "name": printable(shortened(path, 44)),
        "path": printable(path),
        "label": ", ".join(printable(dataset.class_names[each]) for each in _labels(dataset, row)),
        "picture": pictures.get(row, ""),
        "link": _link(dataset.photo(row), target),
    }


def _labels(dataset: Dataset, row: int) -> list[int]:
    if dataset.label_sets is None:
        label = int(dataset.labels[row])
        return [label] if label >= 0 else []
    start, end = dataset.label_sets.starts[row : row + 2]
    classes: list[int] = dataset.label_sets.classes[start:end].tolist()
    return classes


def _link(photo: object, target: Path) -> str:
    """Address of a photo that is a file, as seen from the page; empty for one inside an archive."""
    if not isinstance(photo, Path):
        return ""
    try:
        relative = os.path.relpath(photo.resolve(), target.parent)
    except ValueError:  # another drive
        return photo.resolve().as_uri()
    return quote(os.fsencode(relative.replace(os.sep, "/")))
