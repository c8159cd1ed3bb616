"""The report of a model as one HTML file: what anyone should know at the top, everything measured below."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from foveal.evaluation.measured import Measured
from foveal.reports import extra_sections, glance, made, stress_section
from foveal.reports.cautions import cautions, not_measured, on_own_photos
from foveal.reports.charts.bars import class_counts
from foveal.reports.charts.lines import learning_curve
from foveal.reports.figures_section import class_figures, label_figures
from foveal.reports.mistakes import Mistakes
from foveal.reports.model_report import ModelReport
from foveal.reports.next_steps import next_steps
from foveal.reports.pages import write_page
from foveal.reports.photos import Gallery
from foveal.reports.training_section import training
from foveal.reports.trust_section import calibration, trust
from foveal.types.evaluation import Evaluation
from foveal.types.robustness_figures import RobustnessFigures
from foveal.types.speed_figures import SpeedFigures
from foveal.types.text import counted

_MOST_FINDINGS = 200
_MOST_PATHS = 3


def write_model_html(report: ModelReport, path: str | Path) -> Path:
    """Write the report as one self-contained HTML file, which needs no network and runs no program.

    Args:
        report: A model and what was measured of it.
        path: The file; it is whole or not there.

    Raises:
        FovealError: `cannot-write`.
    """
    target = Path(path).expanduser()
    return write_page("model.html", _content(report, target), target)


def _content(report: ModelReport, target: Path) -> dict[str, Any]:
    record = report.model.record
    mistakes = [Mistakes(each) for each in report.measured]
    counts = record.get("data", {}).get("classes")
    curve = report.learning_curve
    return {
        "name": report.name or target.name.removesuffix(".html").removesuffix(".report"),
        "kind": counted(len(report.model.class_names), "class", "classes"),
        "facts": glance.facts(report),
        "what": glance.what(report),
        "how_good": glance.how_good(report),
        "cautions": [*on_own_photos(report.findings), *cautions(report.model, report.fullest.figures)],
        "steps": next_steps(report, next(each for each in mistakes if each.measured is report.fullest)),
        "parts": [
            _part(each, found, f"m{number}", target)
            for number, (each, found) in enumerate(zip(report.measured, mistakes, strict=True), 1)
        ],
        "training": training(record),
        "curve": "" if curve is None else learning_curve(curve["measured"], curve["ahead"], name="learning"),
        "counts": class_counts(counts, name="sizes") if counts else "",
        "data": made.data(record),
        "settings": made.settings(report.model),
        "weights": made.weights(record),
        "tried": made.tried(record),
        "findings": _findings(report),
        "unmeasured": not_measured([each.figures for each in report.measured]),
    }


def _part(measured: Measured, mistakes: Mistakes, name: str, target: Path) -> dict[str, Any]:
    """Everything about one measurement."""
    figures = measured.figures
    one = figures if isinstance(figures, Evaluation) else None
    gallery = Gallery(measured.dataset, mistakes.rows(), target)
    return {
        "id": name,
        "title": measured.title[:1].upper() + measured.title[1:],
        "protocol": figures.protocol,
        "out_of_fold": figures.protocol.startswith("out of fold"),
        "photos": counted(figures.photos, "photo"),
        "one_class": one is not None,
        "figures": class_figures(figures, name) if isinstance(figures, Evaluation) else label_figures(figures, name),
        "mistakes": mistakes.content(gallery),
        "wrong": len(mistakes.surest),
        "calibration": None if one is None else calibration(one, name),
        "trust": None if one is None else trust(one, name),
        "slices": extra_sections.slices(one.slices, one.accuracy, name) if one and one.slices else None,
        "robustness": stress_section.robustness(cast("RobustnessFigures", one.robustness), name)
        if one and one.robustness
        else None,
        "hierarchy": extra_sections.hierarchy(one.hierarchy) if one and one.hierarchy else None,
        "speed": stress_section.speed(cast("SpeedFigures", one.speed)) if one and one.speed else None,
    }


def _findings(report: ModelReport) -> dict[str, Any]:
    """What was noticed about the photos, when it was fitted and now."""
    listed = [*report.model.record.get("findings", ()), *(finding.to_dict() for finding in report.findings)]
    found = [*{(each["code"], each["message"]): each for each in listed}.values()]
    lines = []
    for each in found[:_MOST_FINDINGS]:
        paths, more = each["paths"][:_MOST_PATHS], len(each["paths"]) - _MOST_PATHS
        where = ", ".join(paths) + (f" and {more:,} more" if more > 0 else "")
        lines.append({"message": each["message"], "code": each["code"], "where": where})
    return {"lines": lines, "more": max(0, len(found) - _MOST_FINDINGS)}
