"""Show where on a photo a classifier saw its answer, and how far such a map can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal.classifier.classifier import Classifier
from foveal.classifier.photos import as_photos
from foveal.errors import unknown_name
from foveal.explainers import EXPLAINERS
from foveal.explainers.class_map import has_class_maps
from foveal.explainers.grade import grade as grade_map
from foveal.explainers.heatmaps import Heatmap, Heatmaps
from foveal.explainers.subject import Explainer, Subject
from foveal.features.settings import Settings
from foveal.imaging.thumbnail import shown_jpeg
from foveal.workflows.each_subject import each_subject
from foveal.workflows.predict import load

# The photo beside its map: large enough to see what is meant, small enough to send.
_PHOTO_SIDE = 360

_METHODS = (*EXPLAINERS, "auto")


def explain(
    model: str | Path | Classifier,
    photos: object,
    *,
    method: str = "auto",
    class_name: str = "auto",
    grade: bool = True,
    settings: Settings | None = None,
) -> Heatmaps:
    """Explain a classifier's answers with maps over the photos.

    Args:
        model: A classifier, or what `load` takes.
        photos: A path, a folder (searched recursively), an image as uint8 [H, W, 3] RGB, or a sequence of these.
        method: A name in `foveal.explainers.EXPLAINERS`; "auto" is the exact class map ("cam") where the network
            allows it, else occlusion. "gradcam" and "integrated-gradients" need the extra `train`.
        class_name: The class to explain; "auto" is the most probable one of each photo, and where a photo may show any
            number of classes every one that it is said to show.
        grade: Whether each map is compared with random ones, which takes some hundred runs of the network a map.
        settings: How to run.

    Returns:
        One row for each photo and class explained; a photo that cannot be read has one with the reason.

    Raises:
        FovealError: `not-found`, `no-photos`, `bad-image`; `unknown-name`: method or class; `no-feature-map`: method
            "cam" or "gradcam" with a network that is no mean over a map; `needs-extra`, `operator-unknown`: methods by
            gradients.
    """
    settings = settings or Settings()
    if method not in _METHODS:
        raise unknown_name("method", method, _METHODS)
    explainer = None if method == "auto" else explainer_named(method)
    given = as_photos(photos)
    loaded = model if isinstance(model, Classifier) else load(model, photos=given, settings=settings)
    if class_name != "auto" and class_name not in loaded.class_names:
        raise unknown_name("class", class_name, loaded.class_names)
    if method == "auto":
        method = "cam" if has_class_maps(loaded) else "occlusion"
    chosen = explainer or explainer_named(method)

    def say(subject: Subject, _: str) -> list[_Said]:
        return _explained(subject, chosen, class_name, grade=grade)

    # A class map is one run of the network; whatever takes many spreads these over the processors.
    together = method == "cam" and not grade
    rows: list[tuple[str, str | None, float, Heatmap | None, str | None]] = []
    for path, said, error in each_subject(loaded, given, say, settings.progress, together=together):
        rows += [(path, None, np.nan, None, error)] if said is None else [(path, *each, None) for each in said]
    paths, names, probs, maps, errors = zip(*rows, strict=True)
    return Heatmaps(paths, names, np.array(probs, np.float32), maps, errors, method)


def explainer_named(name: str) -> Explainer:
    """The function that a name in `foveal.explainers.EXPLAINERS` stands for.

    Raises:
        FovealError: `needs-extra`: it takes gradients, and the extra `train` is not installed.
    """
    module, attribute = EXPLAINERS[name].split(":")
    if module.startswith("foveal.training."):
        from foveal.training.extra import require_train

        require_train(name)
    found: Explainer = getattr(import_module(module), attribute)
    return found


_Said = tuple[str, float, Heatmap]
"""Class, probability, map."""


def _explained(subject: Subject, explainer: Explainer, class_name: str, *, grade: bool) -> list[_Said]:
    probs = subject.probs()
    picture = shown_jpeg(subject.image_rgb, _PHOTO_SIDE)
    unknown = subject.unknown
    said: list[_Said] = []
    for column in _columns(subject.model, probs, class_name):
        values = explainer(subject, column)
        graded = grade_map(subject, column, values) if grade else None
        heatmap = Heatmap(values, subject.seen, picture, graded, unknown)
        said.append((subject.model.class_names[column], float(probs[column]), heatmap))
    return said


def _columns(model: Classifier, probs: NDArray[np.float32], class_name: str) -> Sequence[int]:
    """Which classes of a photo are explained: the one named, those it is said to show, or the most probable."""
    if class_name != "auto":
        return [model.class_names.index(class_name)]
    shown = [] if model.thresholds is None else np.flatnonzero(probs >= model.thresholds).tolist()
    return sorted(shown, key=lambda column: -probs[column]) or [int(probs.argmax())]
