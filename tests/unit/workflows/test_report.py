from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foveal.backbones.network import Network
from foveal.classifier import bundle
from foveal.classifier.classifier import Classifier
from foveal.errors import FovealError
from foveal.features.view import View
from foveal.heads.linear import LinearHead
from foveal.heads.sigmoid import SigmoidHead
from foveal.imaging.preprocess import Preprocess
from foveal.metrics.evaluate import measure
from foveal.metrics.multilabel_evaluate import measure_multilabel
from foveal.runtimes.engine import Choice
from foveal.types.finding import Finding
from foveal.workflows.report import check_target, render, report_path, write_report

HOSTILE = ("a|b<script>alert(1)</script>", "line\nbreak\x1b[31m", "plain")


def _model(names: tuple[str, ...], findings: tuple[Finding, ...] = (), *, test: bool = False) -> Classifier:
    classes = len(names)
    labels = np.arange(3 * classes) % classes
    probs = np.full((len(labels), classes), 0.1 / (classes - 1), np.float32)
    probs[np.arange(len(labels)), np.where(labels == 0, 1, labels)] = 0.9
    figures = measure(labels, probs, names, protocol="out of fold, 3 folds").to_dict()
    trial = {"features": "made.test", "probe": "ridge", "strength": 0.5, "accuracy": 0.75, "log_loss": 0.5}
    record: dict[str, Any] = {
        "created": "2030-01-02T03:04:05+00:00",
        "recipe": {"seed": 3, "effort": "low"},
        "backbones": [{"title": "Made", "name": "made.test"}],
        "licences": ["MIT"],
        "data": {"photos": len(labels), "classes": {}, "fingerprint": "ab" * 32},
        "selection": {"features": "made.test", "probe": "ridge", "strength": 0.5, "trials": [trial]},
        "calibration": {"temperature": 1.0, "tau": 0.0},
        "metrics": {"out_of_fold": figures, **({"test": figures} if test else {})},
        "findings": [finding.to_dict() for finding in findings],
        "seconds": {"total": 1.25},
        "versions": {"python": "3.11"},
    }
    preprocess = Preprocess(size_wh=(8, 8), mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    view = View("made.test", Network.of(b"n", {"embedding": 2}), preprocess, ("embedding",), Choice("onnx", "f32"))
    head = LinearHead(*(np.ones(shape, np.float32) for shape in (2, 2, (2, classes), classes)))
    return Classifier(names, (view,), head, 1.0, record=record)


def _multi_label_model(names: tuple[str, ...]) -> Classifier:
    one = _model(names)
    rng = np.random.default_rng(0)
    probs = rng.random((30, len(names))).astype(np.float32)
    targets, thresholds = rng.random(probs.shape) < probs, np.linspace(0.2, 0.6, len(names), dtype=np.float32)
    targets[:, -1] = False
    figures = measure_multilabel(targets, probs, probs >= thresholds, names, thresholds=thresholds, protocol="x")
    trial = {**one.record["selection"]["trials"][0], "mean_average_precision": 0.6543}
    record = {
        **one.record,
        "selection": {**one.record["selection"], "trials": [trial]},
        "calibration": {"temperature": 1.0, "shift": [0.0], "thresholds": thresholds.tolist()},
        "metrics": {"out_of_fold": figures.to_dict()},
    }
    assert isinstance(one.head, LinearHead)
    return replace(one, head=SigmoidHead(**one.head.arrays(), thresholds=thresholds), record=record)


def _report(model: Classifier, folder: Path) -> str:
    write_report(model, folder / "r.md")
    return (folder / "r.md").read_text(encoding="utf-8")


def test_names_cannot_break_out_of_their_cells(tmp_path: Path) -> None:
    finding = Finding("unreadable", "x|y <img src=x>", ("dir/<b>|\n# heading",))
    text = _report(_model(HOSTILE, (finding,)), tmp_path)
    outside = "".join(text.split("```")[::2])
    assert "<script>" not in outside
    assert "<img" not in outside
    assert "<b>" not in outside
    assert "\x1b" not in text
    assert "\n# heading" not in text
    assert r"a\|b&lt;script>" in text
    rows = [line for line in text.splitlines() if line.startswith(r"| a\|b")]
    assert {row.replace(r"\|", "").count("|") for row in rows} == {7, 5}


def test_the_figures_stand_in_the_report_and_on_the_terminal(tmp_path: Path) -> None:
    model = _model(("ant", "bee", "cat"), test=True)
    text, shown = _report(model, tmp_path), render(model)
    for words in ("66.7%", "ant taken for bee", "macro F1"):
        assert words in text
        assert words in shown
    assert "## Test photos, used once" in text
    assert "test photos, used once" in shown
    assert "| licence of the weights | MIT |" in text
    assert "ab" * 32 in text


def test_figures_of_several_labels(tmp_path: Path) -> None:
    model = _multi_label_model(HOSTILE)
    text, shown = _report(model, tmp_path), render(model)
    assert "mAP" in text
    assert "mAP" in shown
    assert r"| a\|b&lt;script>" in text
    assert "| plain | 0 | - | 0.60 |" in text
    assert "| thresholds | from 0.20 to 0.60, of each class its own |" in text
    assert "| 0.6543 |" in text
    assert "Confusion" not in text
    assert "help for rare classes" not in text
    assert all(line == line.rstrip() for line in shown.splitlines())
    rows = [line for line in text.splitlines() if line.startswith(r"| a\|b")]
    assert {row.replace(r"\|", "").count("|") for row in rows} == {9}


def test_many_classes_and_findings_are_cut(tmp_path: Path) -> None:
    names = tuple(f"class {number}" for number in range(40))
    findings = tuple(Finding("unreadable", "cut", (f"{number}.jpg",)) for number in range(250))
    model = _model(names, findings)
    text = _report(model, tmp_path)
    assert "Confusion" not in text
    assert "… and 50 more" in text
    assert render(model).splitlines()[0].endswith("class 11 …")


def test_the_report_lies_beside_the_model() -> None:
    assert report_path(Path("a/b.foveal")) == Path("a/b.report.md")
    assert report_path(Path("b.v2.foveal")) == Path("b.v2.report.md")


def test_a_model_may_replace_a_model_and_nothing_else(tmp_path: Path) -> None:
    model = bundle.save(replace(_model(("a", "b")), record={}), tmp_path / "m.foveal")
    (tmp_path / "notes").write_text("mine")
    (tmp_path / "empty").touch()
    for good in (model, tmp_path / "empty", tmp_path / "new", tmp_path / "far" / "away" / "m.foveal"):
        check_target(good)
    assert not (tmp_path / "far").exists()
    for bad, code in (
        (tmp_path, "bad-option"),
        (tmp_path / "notes", "bad-option"),
        (tmp_path / "notes" / "m.foveal", "cannot-write"),
    ):
        with pytest.raises(FovealError) as caught:
            check_target(bad)
        assert caught.value.code == code
