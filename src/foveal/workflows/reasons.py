"""Explain a classifier's answers with photos it learnt from, or with the patch that would change them."""

from __future__ import annotations

from pathlib import Path

from foveal.classifier.classifier import Classifier
from foveal.classifier.photos import as_photos
from foveal.errors import FovealError, unknown_name
from foveal.explainers.evidence import Evidence, evidence_for, evidence_of
from foveal.explainers.explanations import Explanations
from foveal.explainers.mind_change import MindChange
from foveal.explainers.patch import FILLS, search_patch
from foveal.features.settings import Settings
from foveal.workflows.each_subject import each_subject
from foveal.workflows.predict import load


def evidence(
    model: str | Path | Classifier, photos: object, *, k: int = 5, settings: Settings | None = None
) -> Explanations[Evidence]:
    """The training photos that decided: the nearest of each photo's answer, and of its runner-up.

    Args:
        model: A classifier that was fitted with `evidence=True`, or the path of its file.
        photos: A path, a folder (searched recursively), an image as uint8 [H, W, 3] RGB, or a sequence of these.
        k: How many photos of each class.
        settings: How to run.

    Returns:
        For each photo a `foveal.explainers.evidence.Evidence`; all together they show themselves in a notebook.

    Raises:
        FovealError: `no-evidence`: the model keeps no photos. `bad-option`: `k` below 1. `not-found`, `no-photos`,
            `bad-image`.
    """
    if k < 1:
        raise FovealError("bad-option", f"k: expected at least 1 photo a class, got {k}", hint="as in k=5")
    settings = settings or Settings()
    given = as_photos(photos)
    loaded = model if isinstance(model, Classifier) else load(model, photos=given, settings=settings)
    evidence_of(loaded)
    said = each_subject(
        loaded, given, lambda subject, path: evidence_for(subject, path, k=k), settings.progress, together=True
    )
    paths, found, errors = zip(*said, strict=True)
    return Explanations(paths, found, errors, "evidence")


def smallest_patch(
    model: str | Path | Classifier, photos: object, *, fill: str = "blur", settings: Settings | None = None
) -> Explanations[MindChange]:
    """What would change its mind: the smallest square of each photo that, when hidden, changes the answer.

    Args:
        model: A classifier, or what `load` takes.
        photos: As in `evidence`.
        fill: What hides the square: "blur", "grey" or "mean" (the photo's mean colour).
        settings: How to run.

    Returns:
        For each photo a `foveal.explainers.mind_change.MindChange`; all together they show themselves in a notebook.

    Raises:
        FovealError: `unknown-name`: fill. `not-found`, `no-photos`, `bad-image`.
    """
    if fill not in FILLS:
        raise unknown_name("fill", fill, FILLS)
    settings = settings or Settings()
    given = as_photos(photos)
    loaded = model if isinstance(model, Classifier) else load(model, photos=given, settings=settings)
    # One photo at a time: the patches tried on it are spread over the processors.
    said = each_subject(
        loaded, given, lambda subject, path: search_patch(subject, path, fill=fill), settings.progress, together=False
    )
    paths, found, errors = zip(*said, strict=True)
    return Explanations(paths, found, errors, "patch")
