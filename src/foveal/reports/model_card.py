"""The model card: what a model is, what it is for and how good it is, from measured facts alone.

The headings follow Mitchell et al., "Model cards for model reporting" (FAT* 2019), and the Hugging Face Hub, which
reads the block of metadata at the top.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from foveal.classifier.classifier import Classifier
from foveal.reports import made
from foveal.reports.cautions import cautions, not_measured
from foveal.reports.pages import render
from foveal.reports.splitting import told
from foveal.types.before_after import main_story
from foveal.types.evaluation import Evaluation
from foveal.types.multilabel_evaluation import Figures, MultiLabelEvaluation

NOT_MEASURED = "not measured"
_MOST_CLASSES = 1000
_FIGURES = (
    "accuracy",
    "balanced_accuracy",
    "mean_average_precision",
    "macro_f1",
    "micro_f1",
    "kappa",
    "mcc",
    "subset_accuracy",
    "hamming_loss",
    "log_loss",
    "brier",
    "ece",
    "adaptive_ece",
)
_SECTIONS = {
    "prediction_sets": ("trust", "sets"),
    "abstention": ("trust", "abstention"),
    "unknown_gate": ("trust", "gate"),
    "slices": ("slices",),
    "hierarchy": ("hierarchy",),
    "robustness": ("robustness",),
    "speed": ("speed",),
}


def card_dict(model: Classifier) -> dict[str, Any]:
    """The card as JSON-able values; what was not measured is the text "not measured".

    Args:
        model: The model; everything is taken from it and its record.
    """
    record = model.record
    measured = {
        name: figures
        for name, figures in ((_own(model), model.evaluation), ("test", model.test_evaluation))
        if figures is not None
    }
    main = next(iter(measured.values()), None)
    fullest = max(measured.values(), key=lambda each: each.photos, default=None)
    data = record.get("data")
    return {
        "model": {
            "task": "multi-label image classification" if model.multi_label else "image classification",
            "classes": list(model.class_names),
            "made": record.get("created", NOT_MEASURED),
            "made_with": record.get("versions", {}).get("foveal", ""),
            "settings": {name: value for name, value in made.settings(model) if name != "versions"},
        },
        "weights": [_weights(card) for card in record.get("backbones", ())],
        "training_data": NOT_MEASURED
        if data is None
        else {**data, "split": told(record.get("split", {})) or NOT_MEASURED},
        **({"training": _training(record["training"])} if "training" in record else {}),
        "evaluation": {name: _evaluation(figures) for name, figures in measured.items()} or NOT_MEASURED,
        "calibration": _calibration(main),
        "learning_curve": record.get("learning_curve") or NOT_MEASURED,
        **{name: _section(measured, path) for name, path in _SECTIONS.items()},
        "cautions": [] if fullest is None else [" ".join(each) for each in cautions(model, fullest)],
        "not_measured": [name for name, _ in not_measured([*measured.values()])],
        "findings": dict(Counter(each["code"] for each in record.get("findings", ()))),
        "licences": list(record.get("licences", ())),
        "versions": dict(record.get("versions", {})),
    }


def card_markdown(model: Classifier) -> str:
    """The card as Markdown, with a block of metadata in YAML at the top.

    Args:
        model: The model.
    """
    card = card_dict(model)
    metadata = "\n".join(_yaml(card))
    tables = {
        name: table
        for name, figures in (
            ("Held-out photos" if _own(model) == "held_out" else "Out of fold", model.evaluation),
            ("Test photos", model.test_evaluation),
        )
        if figures is not None and (table := _class_rows(figures))
    }
    body = render("card.md", {"card": card, "class_tables": tables, "unsaid": NOT_MEASURED})
    return f"---\n{metadata}\n---\n\n{body.strip()}\n"


def _weights(card: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("name", "title", "paper", "trained_on", "parameters", "licence", "weights_sha256")
    return {key: card[key] for key in keys if key in card}


def _own(model: Classifier) -> str:
    """The measurement that came with learning: out of fold, or on photos held out of a training."""
    return "held_out" if "held_out" in model.record.get("metrics", {}) else "out_of_fold"


def _training(found: Mapping[str, Any]) -> dict[str, Any]:
    """What a card says of a training; the model file has all of it."""
    keys = ("recipe", "network", "teacher", "parts", "epochs", "trained_parameters", "parameters", "held_out_used_for")
    return {**{key: found[key] for key in keys}, "before_after": main_story(found)}


def _evaluation(figures: Figures) -> dict[str, Any]:
    """The figures of all classes together, those of each class by name."""
    main: dict[str, Any] = {name: value for name in _FIGURES if (value := getattr(figures, name, None)) is not None}
    if isinstance(figures, MultiLabelEvaluation):
        main["mean_average_precision_interval"] = figures.mean_average_precision_interval.to_dict()
    else:
        main["accuracy_interval"] = figures.accuracy_interval.to_dict()
        main |= {"top_k": figures.top_k, "intervals": figures.intervals, "averages": figures.averages}
        main["most_confused"] = [dict(pair) for pair in figures.most_confused]
    classes = [dict(score) for score in figures.per_class[:_MOST_CLASSES]]
    return {"protocol": figures.protocol, "photos": figures.photos, **main, "per_class": classes}


def _calibration(figures: Figures | None) -> Any:
    if isinstance(figures, Evaluation):
        return {**figures.calibration, "ece": figures.ece, "ece_by_chance": figures.ece_expected}
    return NOT_MEASURED if figures is None else {"ece": figures.ece}


def _section(measured: Mapping[str, Figures], path: tuple[str, ...]) -> Any:
    """A part of the first evaluation that has it."""
    for figures in measured.values():
        value: Any = getattr(figures, path[0], None)
        for key in path[1:]:
            value = value.get(key) if value else None
        if value:
            return value
    return NOT_MEASURED


def _class_rows(figures: Figures) -> list[tuple[str, str, str, str, str]]:
    return [
        (
            score["name"],
            f"{score['photos']:,}",
            f"{score['recall']:.1%} ({score['recall_interval']['low']:.0%} to {score['recall_interval']['high']:.0%})",
            f"{score['precision']:.1%}",
            f"{score['f1']:.3f}",
        )
        for score in figures.per_class[:_MOST_CLASSES]
    ]


def _yaml(card: Mapping[str, Any]) -> Iterator[str]:
    """Metadata as the Hub reads it. Texts are JSON strings, which YAML takes whatever they hold."""
    licences = card["licences"]
    if len(licences) == 1:
        yield f"license: {json.dumps(licences[0].lower())}"
    elif licences:
        yield "license: other"
        yield f"license_name: {json.dumps(' AND '.join(licences))}"
    yield "library_name: foveal"
    yield "pipeline_tag: image-classification"
    kind = "fine-tuned" if "training" in card else "linear-probe"
    yield f"tags: {json.dumps(['foveal', 'image-classification', 'transfer-learning', kind])}"
    if card["evaluation"] == NOT_MEASURED:
        return
    several = "multi-label" in card["model"]["task"]
    key = "mean_average_precision" if several else "accuracy"
    yield f"metrics: {json.dumps([key, 'f1'])}"
    yield "model-index:"
    yield f"- name: {json.dumps('foveal, ' + str(len(card['model']['classes'])) + ' classes')}"
    yield "  results:"
    for each in card["evaluation"].values():
        yield "  - task: {type: image-classification}"
        dataset = {"name": f"{each['photos']} photos, {each['protocol']}", "type": "private"}
        yield f"    dataset: {json.dumps(dataset)}"
        yield f"    metrics: {json.dumps([{'type': key, 'value': round(each[key], 6)}])}"
