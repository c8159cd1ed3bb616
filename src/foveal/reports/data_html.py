"""The report of a data check as one HTML file: worst first, with pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from foveal.data.report import DataReport
from foveal.reports.charts.bars import class_counts
from foveal.reports.charts.lines import learning_curve
from foveal.reports.pages import write_page
from foveal.reports.photos import Gallery
from foveal.types.data_finding import NOTHING, DataFinding
from foveal.types.text import printable

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
    target = Path(path).expanduser()
    return write_page("data.html", _content(report, target), target)


def _content(report: DataReport, target: Path) -> dict[str, Any]:
    """Everything the template shows on a page that goes to `target`."""
    dataset = report.dataset
    shown = _shown(report)
    rows = (int(row) for finding, count in shown for row in _with_others(finding, count))
    gallery = Gallery(dataset, rows, target)
    evaluation = report.evaluation
    return {
        "name": dataset.root.resolve().name or str(dataset.root),
        "photos": len(dataset),
        "readable": report.readable,
        "classes": len(dataset.class_names),
        "accuracy": None if evaluation is None else evaluation.accuracy,
        "interval": None if evaluation is None else evaluation.accuracy_interval,
        "bars": class_counts(dataset.counts(), name="classes") if dataset.class_names else "",
        "notes": [str(note) for note in report.notes],
        "edits": dict(dataset.edits),
        "seconds": report.seconds["total"],
        "findings": [_finding(finding, at, count, gallery) for at, (finding, count) in enumerate(shown, 1)],
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


def _finding(finding: DataFinding, number: int, count: int, gallery: Gallery) -> dict[str, Any]:
    named = finding.rows[count : count + _NAMES_EACH].tolist()
    values = finding.values
    return {
        "id": f"f{number}",
        "code": finding.code,
        "title": finding.title,
        "score": finding.score,
        "why": finding.why,
        "advice": finding.advice,
        "count": len(finding.rows),
        "cards": [_card(finding, at, gallery) for at in range(count)],
        "names": [gallery.photo(row) for row in named],
        "unnamed": len(finding.rows) - count - len(named),
        "curve": learning_curve(values["measured"], values["ahead"], name=f"f{number}") if "ahead" in values else "",
        "lines": [each["text"] for each in values.get("classes", ()) if isinstance(each, dict) and "text" in each],
    }


def _card(finding: DataFinding, at: int, gallery: Gallery) -> dict[str, Any]:
    row, other = int(finding.rows[at]), int(finding.others[at])
    suggested = int(finding.suggested[at])
    return {
        "photo": gallery.photo(row),
        "other": gallery.photo(other) if other != NOTHING else None,
        "suggested": printable(gallery.dataset.class_names[suggested]) if suggested != NOTHING else "",
        "note": finding.notes[at] if finding.notes else "",
        "score": float(finding.scores[at]),
    }
