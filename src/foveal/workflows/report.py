"""The result of a fit for people: a few lines for the terminal, and a Markdown file beside the model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from foveal.classifier import bundle
from foveal.classifier.classifier import Classifier
from foveal.errors import FovealError
from foveal.storage import cannot_write, write_atomically
from foveal.types.evaluation import Evaluation
from foveal.types.multilabel_evaluation import Figures, MultiLabelEvaluation
from foveal.types.text import printable
from foveal.workflows.folds import told
from foveal.workflows.target import check_file

_MOST_CLASSES = 1000
_MOST_CONFUSION = 30
_MOST_FINDINGS = 200


def report_path(model: Path) -> Path:
    """Where the report of a model file goes: beside it."""
    return model.with_name(f"{model.stem}.report.md")


def check_target(model: Path) -> None:
    """Refuse a model file that could not or should not be written, before the work is done rather than after.

    Raises:
        FovealError: `bad-option`: a folder, or a file that is no model and would be lost. `cannot-write`: its folder
            cannot be made or written to.
    """
    check_file(model, example="model.foveal")
    try:
        if model.exists() and not bundle.looks_like_one(model):
            raise FovealError(
                "bad-option",
                f"--out: expected a new file or an earlier model, got {model}, which is something else",
                hint="choose another name, or remove that file first",
            )
    except OSError as error:
        raise cannot_write(model, error) from error


def render(model: Classifier) -> str:
    """The figures in a few lines."""
    lines = [f"{len(model.class_names)} classes: {', '.join(map(printable, model.class_names[:12]))}"]
    if len(model.class_names) > 12:
        lines[0] += " …"
    for title, evaluation in _evaluations(model):
        lines += ["", title, *(f"  {line}".rstrip() for line in evaluation.summary().splitlines())]
    split = told(model.record.get("split", {}))
    return "\n".join([*lines, "", split] if split else lines)


def write_report(model: Classifier, path: Path) -> None:
    """Write the report, wholly or not at all.

    Raises:
        FovealError: `cannot-write`.
    """
    with write_atomically(path) as file:
        file.write("\n".join(_markdown(model)).encode())


def _evaluations(model: Classifier) -> Iterator[tuple[str, Figures]]:
    if model.evaluation is not None:
        yield "every photo judged by a model that had not seen it:", model.evaluation
    if model.test_evaluation is not None:
        yield "test photos, used once:", model.test_evaluation


def _markdown(model: Classifier) -> Iterator[str]:
    record = model.record
    yield f"# A recogniser of {len(model.class_names)} classes\n"
    count, seconds = record["data"]["photos"], record["seconds"]["total"]
    yield f"Fitted on {count:,} photos on {record['created']}, in {seconds:.1f} s.\n"
    for title, evaluation in _evaluations(model):
        yield f"## {title[0].upper()}{title[1:-1]}\n"
        if isinstance(evaluation, MultiLabelEvaluation):
            yield "```\n" + evaluation.overview() + "\n```\n"
            yield from _label_table(evaluation)
        else:
            yield "```\n" + evaluation.summary() + "\n```\n"
            yield from _class_tables(evaluation)
    yield "## How it was made\n"
    yield from _table(("what", "value"), _made(model))
    yield "### What was tried\n"
    yield from _tried(record["selection"]["trials"])
    if record["findings"]:
        yield "## What was noticed about the photos\n"
        for each in record["findings"][:_MOST_FINDINGS]:
            paths = f": {', '.join(each['paths'][:3])}" if each["paths"] else ""
            yield f"- {_cell(each['message'])} [{each['code']}]{_cell(paths)}"
        if len(record["findings"]) > _MOST_FINDINGS:
            yield f"- … and {len(record['findings']) - _MOST_FINDINGS} more; they are in the model file"
        yield ""


def _tried(trials: list[dict[str, Any]]) -> Iterator[str]:
    several = "mean_average_precision" in trials[0]
    rows = [
        (
            trial["features"],
            trial["probe"],
            f"{trial['strength']:g}",
            f"{trial['mean_average_precision']:.4f}" if several else f"{trial['accuracy']:.2%}",
            f"{trial['log_loss']:.4f}",
        )
        for trial in trials
    ]
    yield from _table(("features", "probe", "strength", "mAP" if several else "accuracy", "log loss"), rows)


def _made(model: Classifier) -> list[tuple[str, object]]:
    record = model.record
    selection = record["selection"]
    return [
        ("networks", ", ".join(f"{card['title']} ({card['name']})" for card in record["backbones"])),
        ("preprocessing", "; ".join(str(view.preprocess) for view in model.views if not view.mirrored)),
        ("computed with", ", ".join(dict.fromkeys(str(view.choice) for view in model.views))),
        ("head", f"{selection['probe']}, strength {selection['strength']:g}, on {selection['features']}"),
        ("split", told(record.get("split", {})) or "not said"),
        ("temperature", f"{model.temperature:.3f}"),
        _balance(record["calibration"]),
        ("seed", record["recipe"]["seed"]),
        ("effort", record["recipe"]["effort"]),
        ("licence of the weights", ", ".join(record["licences"])),
        ("data fingerprint", record["data"]["fingerprint"]),
        ("versions", ", ".join(f"{name} {version}" for name, version in record["versions"].items())),
    ]


def _balance(calibration: dict[str, Any]) -> tuple[str, str]:
    if "tau" in calibration:
        return "help for rare classes", f"{calibration['tau']:g} (0 none, 1 full)"
    lowest, highest = min(calibration["thresholds"]), max(calibration["thresholds"])
    return "thresholds", f"from {lowest:.2f} to {highest:.2f}, of each class its own"


def _label_table(evaluation: MultiLabelEvaluation) -> Iterator[str]:
    rows = [
        (
            score["name"],
            score["photos"],
            "-" if score["average_precision"] is None else f"{score['average_precision']:.3f}",
            f"{score['threshold']:.2f}",
            f"{score['recall']:.1%}",
            f"{score['recall_interval']['low']:.0%} to {score['recall_interval']['high']:.0%}",
            f"{score['precision']:.1%}",
            f"{score['f1']:.3f}",
        )
        for score in evaluation.per_class[:_MOST_CLASSES]
    ]
    header = ("label", "photos", "average precision", "threshold", "recall", "95 % interval", "precision", "F1")
    yield from _table(header, rows)


def _class_tables(evaluation: Evaluation) -> Iterator[str]:
    rows = [
        (
            score["name"],
            score["photos"],
            f"{score['recall']:.1%}",
            f"{score['recall_interval']['low']:.0%} to {score['recall_interval']['high']:.0%}",
            f"{score['precision']:.1%}",
            f"{score['f1']:.3f}",
        )
        for score in evaluation.per_class[:_MOST_CLASSES]
    ]
    yield from _table(("class", "photos", "recall", "95 % interval", "precision", "F1"), rows)
    if len(evaluation.per_class) <= _MOST_CONFUSION:
        yield "Confusion: true classes in rows, predicted ones in columns.\n"
        names = [score["name"] for score in evaluation.per_class]
        counts = zip(names, evaluation.confusion, strict=True)
        yield from _table(("", *names), [(name, *row) for name, row in counts])


def _table(header: tuple[str, ...], rows: list[Any]) -> Iterator[str]:
    yield f"| {' | '.join(map(_cell, header))} |"
    yield f"|{'---|' * len(header)}"
    yield from (f"| {' | '.join(map(_cell, row))} |" for row in rows)
    yield ""


def _cell(value: object) -> str:
    """Text that cannot break out of its table cell."""
    return printable(str(value)).replace("|", "\\|").replace("<", "&lt;")
