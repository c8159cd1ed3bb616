"""Ask a classifier about photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from foveal.backbones.catalogue import find
from foveal.backbones.imagenet import imagenet_labels, imagenet_tree
from foveal.backbones.network import load_network
from foveal.classifier import bundle
from foveal.classifier.caution import Caution
from foveal.classifier.classifier import Classifier
from foveal.classifier.photos import as_photos
from foveal.data.photo import AnyPhoto
from foveal.errors import FovealError
from foveal.features.settings import Settings
from foveal.heads.logits import LogitsHead
from foveal.trust.tree import ClassTree
from foveal.trust.trust import Trust
from foveal.types.classifications import Classifications
from foveal.workflows.views import make_view, usable_here

IMAGENET = "imagenet"


def load(model: str | Path, *, photos: Sequence[AnyPhoto] = (), settings: Settings | None = None) -> Classifier:
    """Load a model file, or an ImageNet classifier.

    Args:
        model: Path of a `*.foveal` file; or "imagenet" for the 1,000 classes, "imagenet:NAME" with another backbone.
        photos: Photos it is about to be asked about; they calibrate int8 where that is asked for.
        settings: May name runtime and precision.

    Raises:
        FovealError: `not-found`, `model-foreign`, `model-damaged`, `model-too-new`, `unknown-name`.
    """
    settings = settings or Settings()
    name, _, backbone = str(model).partition(":")
    if name == IMAGENET and not Path(model).exists():
        return imagenet_classifier(backbone or "auto", photos=photos, settings=settings)
    loaded = bundle.load(model)
    return replace(loaded, views=tuple(usable_here(view, settings) for view in loaded.views))


def imagenet_classifier(
    backbone: str = "auto", *, photos: Sequence[AnyPhoto] = (), settings: Settings | None = None
) -> Classifier:
    """The classes a backbone was trained on, with its published preprocessing.

    Args:
        backbone: Name of a backbone with an ImageNet layer.
        photos: See `load`.
        settings: How to run.

    Raises:
        FovealError: `unknown-name`; `no-classes` for a backbone without an ImageNet layer.
    """
    card = find(backbone)
    if card.classes != "imagenet1k":
        raise FovealError(
            "no-classes",
            f"{card.name}: expected a backbone that names the ImageNet classes, got one without",
            hint="`foveal models` says which do; or fit it on your own photos",
        )
    network = load_network(card, classifier=True)
    view = make_view(card, network, card.preprocess, ("logits",), photos, settings or Settings(), learns=False)
    labels = imagenet_labels()
    names, parents, leaves = imagenet_tree()
    trust = Trust(tree=ClassTree(names, np.array(parents, np.int32), np.array(leaves, np.int32)))
    return Classifier(
        labels, (view,), LogitsHead(len(labels)), 1.0, record={"backbones": [card.to_dict()]}, trust=trust
    )


def predict(
    model: str | Path | Classifier,
    photos: Sequence[str | Path] | str | Path,
    *,
    coverage: float | None = None,
    max_error: float | None = None,
    sure: float | None = None,
    unknown: str = "auto",
    settings: Settings | None = None,
) -> Classifications:
    """Recognise photos; see `Classifier.predict`.

    Args:
        model: A classifier, or what `load` takes.
        photos: Photos and folders.
        coverage: See `Classifier.predict`, as the next three.
        max_error: Answer only where at most this share of the answers is wrong.
        sure: Answer only with what is at least this probable.
        unknown: "auto" or "never".
        settings: How to run.
    """
    settings = settings or Settings()
    # Names and options are checked before the network is loaded: a typing mistake should not cost half a second.
    Caution(coverage=coverage, max_error=max_error, sure=sure, unknown=unknown)
    given = as_photos(photos)
    loaded = model if isinstance(model, Classifier) else load(model, photos=given, settings=settings)
    return loaded.predict(given, coverage=coverage, max_error=max_error, sure=sure, unknown=unknown, settings=settings)
