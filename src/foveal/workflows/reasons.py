"""Explain a classifier's answers with photos it learnt from, or with the patch that would change them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from foveal.classifier.classifier import Classifier
from foveal.classifier.photos import as_photos
from foveal.data.photo import as_photo, photo_name
from foveal.errors import FovealError
from foveal.explainers.evidence import evidence, evidence_of
from foveal.explainers.explanations import Explanation, Explanations
from foveal.explainers.patch import smallest_patch
from foveal.explainers.subject import Subject
from foveal.features.settings import Settings
from foveal.workflows.predict import load

# Codes of errors that are the photo's own; any other would befall every photo, and ends the run.
_PHOTO_FAULTS = ("image-", "bad-image", "needs-extra")


def nearest_evidence(
    model: str | Path | Classifier, photos: object, *, k: int = 5, settings: Settings | None = None
) -> Explanations:
    """The training photos that decided: the nearest of each photo's answer, and of its runner-up.

    Args:
        model: A classifier that was fitted with `evidence=True`, or the path of its file.
        photos: A path, a folder (searched recursively), an image as uint8 [H, W, 3] RGB, or a sequence of these.
        k: How many photos of each class.
        settings: How to run.

    Returns:
        For each photo a `foveal.explainers.evidence.Evidence`.

    Raises:
        FovealError: `no-evidence`: the model keeps no photos. `bad-option`: `k` below 1. `not-found`, `no-photos`,
            `bad-image`.
    """
    if k < 1:
        raise FovealError("bad-option", f"k: expected at least 1 photo a class, got {k}", hint="as in k=5")
    settings = settings or Settings()
    loaded = _loaded(model, settings)
    evidence_of(loaded)
    return _each(loaded, photos, "evidence", lambda subject, path: evidence(subject, path, k=k), settings)


def smallest_patches(
    model: str | Path | Classifier, photos: object, *, fill: str = "blur", settings: Settings | None = None
) -> Explanations:
    """What would change its mind: the smallest square of each photo that, when hidden, changes the answer.

    Args:
        model: A classifier, or what `load` takes.
        photos: As in `nearest_evidence`.
        fill: What the square is hidden by, a name in `foveal.explainers.patch.FILLS`.
        settings: How to run.

    Returns:
        For each photo a `foveal.explainers.mind_change.MindChange`.

    Raises:
        FovealError: `unknown-name`: fill. `not-found`, `no-photos`, `bad-image`.
    """
    settings = settings or Settings()
    loaded = _loaded(model, settings)
    return _each(loaded, photos, "patch", lambda subject, path: smallest_patch(subject, path, fill=fill), settings)


def _loaded(model: str | Path | Classifier, settings: Settings) -> Classifier:
    return model if isinstance(model, Classifier) else load(model, settings=settings)


def _each(
    model: Classifier,
    photos: object,
    method: str,
    explain: Callable[[Subject, str], Explanation],
    settings: Settings,
) -> Explanations:
    given = as_photos(photos)
    rows: list[tuple[str, Explanation | None, str | None]] = []
    for number, photo in enumerate(given):
        settings.progress(number, len(given))
        path = photo_name(photo, number)
        try:
            subject = Subject.of(model, photo)
        except FovealError as error:
            if not error.code.startswith(_PHOTO_FAULTS):
                raise
            rows.append((path, None, error.message.removeprefix(f"{as_photo(photo).name}: ")))
            continue
        rows.append((path, explain(subject, path), None))
    settings.progress(len(given), len(given))
    paths, found, errors = zip(*rows, strict=True)
    return Explanations(paths, found, errors, method)
