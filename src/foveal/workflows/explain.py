"""Show where on a photo a classifier saw its answer, and how far such a map can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal.classifier.classifier import Classifier
from foveal.classifier.photos import as_photos
from foveal.data.photo import AnyPhoto, as_photo, photo_name
from foveal.errors import FovealError, unknown_name
from foveal.explainers import EXPLAINERS
from foveal.explainers.class_map import has_class_maps
from foveal.explainers.grade import grade as grade_map
from foveal.explainers.heatmaps import Heatmap, Heatmaps
from foveal.explainers.subject import Explainer, Subject
from foveal.features.settings import Settings
from foveal.imaging.opencv import opencv
from foveal.workflows.predict import load

# The photo beside its map: large enough to see what is meant, small enough to send.
_PHOTO_SIDE = 360
_PHOTO_QUALITY = 88

# Codes of errors that are the photo's own; any other would befall every photo, and ends the run.
_PHOTO_FAULTS = ("image-", "bad-image", "needs-extra")


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
    if method not in (*_methods(), "auto"):
        raise unknown_name("method", method, [*_methods(), "auto"])
    given = as_photos(photos)
    loaded = model if isinstance(model, Classifier) else load(model, photos=given, settings=settings)
    if class_name != "auto" and class_name not in loaded.class_names:
        raise unknown_name("class", class_name, loaded.class_names)
    if method == "auto":
        method = "cam" if has_class_maps(loaded) else "occlusion"
    explainer = explainer_named(method)
    rows: list[_Row] = []
    for number, photo in enumerate(given):
        settings.progress(number, len(given))
        rows += _explained(loaded, photo, photo_name(photo, number), explainer, class_name, grade=grade)
    settings.progress(len(given), len(given))
    paths, names, probs, maps, errors = zip(*rows, strict=True)
    return Heatmaps(paths, names, np.array(probs, np.float32), maps, errors, method)


def explainer_named(name: str) -> Explainer:
    """The function that a name in `foveal.explainers.EXPLAINERS`, or in that of `foveal.training`, stands for."""
    module, attribute = _methods()[name].split(":")
    found: Explainer = getattr(import_module(module), attribute)
    return found


def _methods() -> dict[str, str]:
    from foveal.training import EXPLAINERS as BY_GRADIENTS

    return {**EXPLAINERS, **BY_GRADIENTS}


_Row = tuple[str, str | None, float, Heatmap | None, str | None]
"""Path, class, probability, map, error."""


def _explained(
    model: Classifier, photo: AnyPhoto, name: str, explainer: Explainer, class_name: str, *, grade: bool
) -> list[_Row]:
    try:
        subject = Subject.of(model, photo)
    except FovealError as error:
        if not error.code.startswith(_PHOTO_FAULTS):
            raise
        return [(name, None, np.nan, None, error.message.removeprefix(f"{as_photo(photo).name}: "))]
    probs = subject.probs()
    picture = _small_jpeg(subject.image_rgb)
    rows: list[_Row] = []
    for column in _columns(model, probs, class_name):
        values = explainer(subject, column)
        graded = grade_map(subject, column, values) if grade else None
        heatmap = Heatmap(values, subject.seen, picture, graded)
        rows.append((name, model.class_names[column], float(probs[column]), heatmap, None))
    return rows


def _columns(model: Classifier, probs: NDArray[np.float32], class_name: str) -> Sequence[int]:
    """Which classes of a photo are explained: the one named, those it is said to show, or the most probable."""
    if class_name != "auto":
        return [model.class_names.index(class_name)]
    shown = [] if model.thresholds is None else np.flatnonzero(probs >= model.thresholds).tolist()
    return sorted(shown, key=lambda column: -probs[column]) or [int(probs.argmax())]


def _small_jpeg(image_rgb: NDArray[np.uint8]) -> bytes:
    """The photo at the size it is shown at, as a JPEG file."""
    import simplejpeg

    height, width = image_rgb.shape[:2]
    scale = _PHOTO_SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    cv2 = opencv()
    small = cv2.resize(image_rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    data: bytes = simplejpeg.encode_jpeg(np.ascontiguousarray(small), quality=_PHOTO_QUALITY, colorsubsampling="444")
    return data
