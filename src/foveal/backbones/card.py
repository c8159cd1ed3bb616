"""The card of a backbone: everything foveal knows about a pretrained network besides its weights."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foveal.errors import FovealError
from foveal.imaging.preprocess import Preprocess

# Fewer columns than this in a tap are not worth a probe's time.
_NARROWEST_TAP = 32

# What is safe as the name of a folder and in a list with commas.
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_FIELDS: dict[str, type] = {
    **dict.fromkeys(("name", "short_name", "title", "paper", "trained_on", "classes"), str),
    **dict.fromkeys(("parameters", "macs"), int),
    "published_top1": float,
    **dict.fromkeys(("licence", "weights", "preprocess", "outputs"), dict),
}
_OPTIONAL = ("classes", "macs", "published_top1", "weights")
_WEIGHTS: dict[str, type] = {**dict.fromkeys(("builder", "package", "file", "sha256", "install"), str), "depth": float}
_NO_WEIGHTS = {"builder": "", "package": "", "file": "", "sha256": ""}
_KINDS = {str: "text", int: "whole number", float: "number", dict: "table"}


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Where the published weights of a backbone come from.

    Args:
        builder: Name in `foveal.backbones.BUILDERS` that turns them into a network file, or "" for a ready ONNX file.
        package: Importable package that carries the file, or "" when `file` stands beside the card.
        file: Path of the file inside the package, or beside the card.
        sha256: Of that file, in hexadecimal.
        install: What to install when the package is absent.
        depth: Depth multiplier handed to the builder.
    """

    builder: str
    package: str
    file: str
    sha256: str
    install: str = ""
    depth: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Licence:
    """Terms of the weights: SPDX identifier, who holds them, where that is said."""

    spdx: str
    holder: str = ""
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Card:
    """A pretrained network.

    Args:
        name: `architecture.tag`, unique in the catalogue.
        short_name: What people type.
        title: How the literature calls it.
        paper: Reference of the architecture.
        trained_on: The photos it learnt from.
        classes: Name of the class list behind its logits: "imagenet1k", or "" when it has none.
        parameters: Number of weights.
        macs: Multiply-adds for one photo at the input size; 0 when unknown.
        published_top1: Per cent on ILSVRC2012 validation as published; None when unknown.
        licence: Terms of the weights.
        weights: Where they come from.
        preprocess: The published preprocessing.
        outputs: Name to number of columns of every pooled output of the network file.
        origin: The card's file.
    """

    name: str
    short_name: str
    title: str
    paper: str
    trained_on: str
    classes: str
    parameters: int
    macs: int
    published_top1: float | None
    licence: Licence
    weights: Weights
    preprocess: Preprocess
    outputs: Mapping[str, int]
    origin: Path

    @property
    def features(self) -> tuple[str, ...]:
        """Outputs a probe learns from: the embedding and every tap with at least 32 columns, first to last.

        Narrower taps see edges and colours only; they cost time and gained nothing in cross-validation. Logits are a
        linear function of the embedding and add nothing to it.
        """
        taps = {name for name, columns in self.outputs.items() if columns >= _NARROWEST_TAP and name != "logits"}
        return tuple(name for name in self.outputs if name == "embedding" or name in taps)

    def to_dict(self) -> dict[str, object]:
        """JSON-able form, as printed by `foveal models --json` and kept in model files."""
        return {
            "name": self.name,
            "short_name": self.short_name,
            "title": self.title,
            "paper": self.paper,
            "trained_on": self.trained_on,
            "classes": self.classes,
            "parameters": self.parameters,
            "macs": self.macs,
            "published_top1": self.published_top1,
            "licence": vars(self.licence),
            "weights_sha256": self.weights.sha256,
            "preprocess": self.preprocess.to_dict(),
            "outputs": dict(self.outputs),
        }


def read_card(path: Path) -> Card:
    """Read a card from its TOML file.

    Raises:
        FovealError: `bad-card`: not TOML, or a field is missing, unknown or of the wrong kind.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        return _card(values, path)
    except (OSError, ValueError, FovealError) as error:
        reason = error.message if isinstance(error, FovealError) else str(error)
        raise FovealError(
            "bad-card",
            f"{path}: expected a backbone card in TOML, got: {reason}",
            hint="docs/backbones.md shows every field of a card",
        ) from error


def is_name(text: str) -> bool:
    """Whether a backbone can be called so."""
    return _NAME.fullmatch(text) is not None and text != "auto"


def _card(values: dict[str, Any], path: Path) -> Card:
    # Read where the network is wrapped; the catalogue has no use for it.
    values.pop("onnx", None)
    _check(values, _FIELDS, _OPTIONAL, "")
    _check(values["licence"], dict.fromkeys(("spdx", "holder", "source"), str), ("holder", "source"), "licence.")
    weights = values.pop("weights", _NO_WEIGHTS)
    _check(weights, _WEIGHTS, ("install", "depth"), "weights.")
    for field in ("name", "short_name"):
        if not is_name(values[field]):
            raise ValueError(f"{field} = {values[field]!r}: use lower-case letters, digits, '.', '_' and '-'")
    outputs = values.pop("outputs")
    _check(outputs, dict.fromkeys(("embedding", *outputs), int), (), "outputs.")
    if min(outputs.values()) < 1 or values["parameters"] < 1 or values.get("macs", 0) < 0:
        raise ValueError("columns of [outputs], parameters and macs are counts")
    classes = values.pop("classes", "")
    # A ready file has the layer or has not; a builder writes it when it is asked to.
    if classes not in ("", "imagenet1k") or (classes and not weights["builder"] and outputs.get("logits") != 1000):
        raise ValueError(f'classes = {classes!r}: leave it out, or say "imagenet1k" and give outputs.logits = 1000')
    return Card(
        licence=Licence(**values.pop("licence")),
        weights=Weights(**weights),
        preprocess=Preprocess.from_dict(values.pop("preprocess")),
        outputs=outputs,
        published_top1=values.pop("published_top1", None),
        macs=values.pop("macs", 0),
        classes=classes,
        origin=path,
        **values,
    )


def _check(table: dict[str, Any], fields: Mapping[str, type], optional: tuple[str, ...], where: str) -> None:
    """Refuse a table of the card that lacks a field, has one too many or one of the wrong kind."""
    for name in fields:
        if name not in table and name not in optional:
            raise ValueError(f"no field {where}{name}")
    for name, value in table.items():
        if name not in fields:
            raise ValueError(f"an unknown field {where}{name}")
        kind = fields[name]
        if type(value) is not kind and not (kind is float and type(value) is int):
            raise ValueError(f"{where}{name} = {value!r}, which is no {_KINDS[kind]}")
