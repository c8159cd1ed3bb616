"""Find out how an adopted network wants pixels, where its file does not say, by trying on labelled photos."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from foveal.adopting.finish import Finished, finish
from foveal.adopting.foreign import NORMALISATIONS, Foreign, Wishes
from foveal.classifier.classifier import Classifier
from foveal.data.dataset import Dataset
from foveal.errors import FovealError
from foveal.features.extract import extract
from foveal.features.settings import Settings, open_cache
from foveal.features.view import View
from foveal.metrics.classification import log_losses
from foveal.runtimes.engine import Choice
from foveal.types.text import counted
from foveal.workflows.some_photos import spread

_PHOTOS = 200
_EXACT = Choice("onnx", "f32")


@dataclass(frozen=True)
class _Trial:
    """One normalisation, tried."""

    name: str
    foreign: Foreign
    accuracy: float
    log_loss: float


def find_normalisation(
    read: Callable[[Wishes], Foreign], wishes: Wishes, class_names: tuple[str, ...], photos: Dataset, settings: Settings
) -> Foreign:
    """Read a file with every normalisation in turn, and keep the one whose answers fit labelled photos best.

    Judged by log loss on up to 200 photos, which a wrong scale makes large even where the answers are right by chance.

    Args:
        read: Reads the file.
        wishes: What the user says of it.
        class_names: In the order of its columns.
        photos: Labelled photos of these classes.
        settings: How to run.

    Returns:
        What was read with the best, which says so in its notes.

    Raises:
        FovealError: `class-mismatch`; and where none of them can be run, the reason of the last.
    """
    some = photos.take(np.array(spread(np.arange(len(photos)), _PHOTOS)))
    trials: list[_Trial] = []
    refused: FovealError | None = None
    for name in NORMALISATIONS:
        foreign = read(replace(wishes, normalise=name))
        try:
            trials.append(_try(name, foreign, finish(foreign), class_names, some, settings))
        except FovealError as error:
            # Pixels of 0 to 255 can drive a network made for 0 to 1 beyond what half precision holds.
            if error.code != "export-differs":
                raise
            refused = error
    if not trials:
        raise refused or ValueError("no normalisation to try")
    best = min(trials, key=lambda trial: trial.log_loss)
    tried = ", ".join(f"{trial.name} {trial.accuracy:.1%}" for trial in trials)
    note = f"pixels are normalised as fits {counted(len(some), 'photo')} best: {best.name} (accuracy: {tried})"
    return replace(best.foreign, notes=(note,))


def _try(
    name: str, foreign: Foreign, finished: Finished, class_names: tuple[str, ...], photos: Dataset, settings: Settings
) -> _Trial:
    view = View(foreign.architecture, finished.network, foreign.preprocess, tuple(finished.network.outputs), _EXACT)
    model = Classifier(class_names, (view,), finished.head, 1.0)
    model.check(photos)
    with (
        open_cache(replace(settings, cache=False)) as cache,
        extract(photos.photos(), model.views, cache, engines=model.engines, progress=settings.progress) as found,
    ):
        rows = np.flatnonzero(found.readable)
        probs = model.probs(found.gather(rows, model.views))
    labels = model.labels_of(photos)[rows]
    right = float((probs.argmax(axis=1) == labels).mean()) if len(rows) else 0.0
    loss = float(log_losses(labels, probs).mean()) if len(rows) else float("inf")
    return _Trial(name, foreign, right, loss)
