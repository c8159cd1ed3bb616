"""The card of a backbone: everything foveal knows about a pretrained network besides its weights."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foveal.errors import FovealError
from foveal.imaging.preprocess import Preprocess


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

        Narrower taps see edges and colours only; they cost time and gained nothing in cross-validation.
        """
        return tuple(name for name, columns in self.outputs.items() if name == "embedding" or columns >= 32)

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
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        reason = f"no field {error}" if isinstance(error, KeyError) else str(error)
        raise FovealError(
            "bad-card",
            f"{path}: expected a backbone card in TOML, got: {reason}",
            hint="docs/backbones.md shows every field of a card",
        ) from error


def _card(values: dict[str, Any], path: Path) -> Card:
    outputs = {str(name): int(columns) for name, columns in values.pop("outputs").items()}
    if "embedding" not in outputs or min(outputs.values()) < 1:
        raise ValueError("[outputs] needs `embedding`, and every output at least one column")
    top1 = values.pop("published_top1", None)
    # Read where the network is wrapped; the catalogue has no use for it.
    values.pop("onnx", None)
    return Card(
        licence=Licence(**values.pop("licence")),
        weights=Weights(**values.pop("weights", {"builder": "", "package": "", "file": "", "sha256": ""})),
        preprocess=Preprocess.from_dict(values.pop("preprocess")),
        outputs=outputs,
        published_top1=None if top1 is None else float(top1),
        parameters=int(values.pop("parameters")),
        macs=int(values.pop("macs", 0)),
        classes=str(values.pop("classes", "")),
        origin=path,
        **values,
    )
