"""What a classifier says of photos with something gone wrong: each is decoded once, and stays with one thread."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.classifier.classifier import Classifier
from foveal.data.photo import AnyPhoto, as_photo
from foveal.data.photo_faults import why_unreadable
from foveal.errors import FovealError
from foveal.features.extract import decode_side
from foveal.features.fingerprint import content_key
from foveal.features.settings import Progress
from foveal.features.view import View, side_by_side
from foveal.imaging.corruptions.corrupt import corrupt
from foveal.imaging.preprocess import Preprocess
from foveal.runtimes.workers import on_every_processor

Condition = tuple[str, int]
"""A corruption or camera fault, and its strength; ("", 0) is the photo as it is."""

CLEAN: Condition = ("", 0)


@dataclass(frozen=True)
class Answers:
    """What was said of n photos under k conditions.

    Args:
        predicted: int32 [n, k], the most probable class; -1 where the photo could not be read.
        confidence: float32 [n, k], its probability; NaN where the photo could not be read.
        unknown: bool [n, k], which the gate turned away; None without a gate.
    """

    predicted: NDArray[np.int32]
    confidence: NDArray[np.float32]
    unknown: NDArray[np.bool_] | None

    def take(self, rows: NDArray[np.intp]) -> Answers:
        """The same for some of the photos, int [m]."""
        unknown = None if self.unknown is None else self.unknown[rows]
        return Answers(self.predicted[rows], self.confidence[rows], unknown)


def answers(
    classifier: Classifier, photos: Sequence[AnyPhoto], conditions: Sequence[Condition], *, progress: Progress
) -> Answers:
    """Ask a classifier about every photo under every condition, on every processor.

    The corruption is applied to the photo cut and resized for the network, as in ImageNet-C; a mirrored view sees the
    corrupted photo mirrored.

    Args:
        classifier: For one class a photo.
        photos: n photos; those that cannot be read are left out.
        conditions: k conditions.
        progress: Told how many photos are ready.
    """
    work = _Work(classifier, photos, conditions)
    on_every_processor(work.one, len(photos), progress)
    gated = classifier.trust.gate is not None
    return Answers(work.predicted, work.confidence, work.unknown if gated else None)


class _Work:
    def __init__(self, classifier: Classifier, photos: Sequence[AnyPhoto], conditions: Sequence[Condition]) -> None:
        self.classifier, self.photos, self.conditions = classifier, photos, conditions
        shape = (len(photos), len(conditions))
        self.predicted = np.full(shape, -1, np.int32)
        self.confidence = np.full(shape, np.nan, np.float32)
        self.unknown = np.zeros(shape, np.bool_)

    def one(self, index: int, stop: threading.Event) -> None:
        """Ask about one photo under every condition."""
        try:
            key, prepared = self._prepared(self.photos[index])
        except FovealError as error:
            why_unreadable(error, self.photos[index])
            return
        features = []
        for name, strength in self.conditions:
            if stop.is_set():
                return
            images = {
                preprocess: corrupt(name, image, strength, key=key) if name else image
                for preprocess, image in prepared.items()
            }
            features.append(self._features(images))
        self._note(index, np.stack(features))

    def _note(self, index: int, features: NDArray[np.float16]) -> None:
        probs = self.classifier.probs(features)
        self.predicted[index] = probs.argmax(axis=1)
        self.confidence[index] = probs.max(axis=1)
        unknown = self.classifier.unknown(features)
        if unknown is not None:
            self.unknown[index] = unknown

    def _prepared(self, given: AnyPhoto) -> tuple[bytes, dict[Preprocess, NDArray[np.uint8]]]:
        """What the photo is known by, and the photo at the network's size, not mirrored, for each way of preparing it.

        Chance follows the photo's content: each photo is corrupted alike for every model.
        """
        photo = as_photo(given)
        data = photo.read()
        views = self.classifier.views
        prepared: dict[Preprocess, NDArray[np.uint8]] = {}
        for side in sorted({decode_side(view) for view in views}):
            image = photo.decode(data, min_side=side)
            for view in views:
                if decode_side(view) == side and view.preprocess not in prepared:
                    prepared[view.preprocess] = view.preprocess.apply(image)
        return content_key(data + photo.salt), prepared

    def _features(self, images: dict[Preprocess, NDArray[np.uint8]]) -> NDArray[np.float16]:
        """float16 [D]: what the head is given, as `Extracted.gather` puts it together."""
        views = self.classifier.views
        return side_by_side(views, [self._row(view, images[view.preprocess]) for view in views])

    def _row(self, view: View, image: NDArray[np.uint8]) -> NDArray[np.float16]:
        seen = np.ascontiguousarray(image[:, ::-1]) if view.mirrored else image
        return view.row_of(seen, self.classifier.engines)
