"""The result of a fit for people: a few lines for the terminal, and three files beside the model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from foveal.classifier import bundle
from foveal.classifier.classifier import Classifier
from foveal.errors import FovealError
from foveal.reports.model_card import card_dict, card_markdown
from foveal.reports.model_html import write_model_html
from foveal.reports.model_report import ModelReport
from foveal.reports.splitting import told
from foveal.storage import cannot_write, write_atomically
from foveal.types.evaluation import Evaluation
from foveal.types.multilabel_evaluation import Figures
from foveal.types.text import printable
from foveal.types.trust_figures import TrustFigures, trust_summary
from foveal.workflows.target import check_file, check_marked, check_page


def report_path(model: Path) -> Path:
    """Where the report of a model file goes: beside it."""
    return model.with_name(f"{model.stem}.report.html")


def card_paths(model: Path) -> tuple[Path, Path]:
    """Where the model card goes, in Markdown and in JSON: beside the model file."""
    return model.with_name(f"{model.stem}.card.md"), model.with_name(f"{model.stem}.card.json")


def check_target(model: Path) -> None:
    """Refuse a model file that could not or should not be written, before the work is done rather than after.

    The same is asked of the files beside it that a fit writes.

    Raises:
        FovealError: `bad-option`: a folder, or a file of another kind, which would be lost. `cannot-write`: its folder
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
    markdown, values = card_paths(model)
    check_page(report_path(model), example="report.html", option="--out")
    check_marked(markdown, b"\nlibrary_name: foveal\n", example="card.md", option="--out")
    check_marked(values, b'{\n "model": {\n  "task": "', example="card.json", option="--out")


def render(model: Classifier) -> str:
    """The figures in a few lines."""
    lines = [f"{len(model.class_names)} classes: {', '.join(map(printable, model.class_names[:12]))}"]
    if len(model.class_names) > 12:
        lines[0] += " …"
    for title, evaluation in _evaluations(model):
        said = evaluation.summary().splitlines()
        if isinstance(evaluation, Evaluation) and evaluation.trust is not None:
            said += trust_summary(cast("TrustFigures", evaluation.trust)).splitlines()
        lines += ["", title, *(f"  {line}".rstrip() for line in said)]
    gate = model.record.get("trust", {}).get("gate", {})
    if gate.get("reason"):
        lines += ["", f"nothing is answered with unknown: {gate['reason']}"]
    split = told(model.record.get("split", {}))
    return "\n".join([*lines, "", split] if split else lines)


def write_reports(model: Classifier, path: Path, report: ModelReport) -> list[Path]:
    """Write the page and the model card beside a model file, each wholly or not at all.

    Args:
        model: The model, with its record.
        path: Its file.
        report: What the page is made from.

    Returns:
        The files: the page, the card in Markdown, the card in JSON.

    Raises:
        FovealError: `cannot-write`.
    """
    page = write_model_html(report, report_path(path))
    markdown, values = card_paths(path)
    texts = {markdown: card_markdown(model), values: json.dumps(card_dict(model), ensure_ascii=False, indent=1)}
    for target, text in texts.items():
        with write_atomically(target) as file:
            file.write(text.encode("utf-8", "replace"))
    return [page, *texts]


def _evaluations(model: Classifier) -> Iterator[tuple[str, Figures]]:
    if model.evaluation is not None:
        trained = "held_out" in model.record.get("metrics", {})
        said = (
            "held-out photos, never trained on:" if trained else "every photo judged by a model that had not seen it:"
        )
        yield said, model.evaluation
    if model.test_evaluation is not None:
        yield "test photos, used once:", model.test_evaluation
