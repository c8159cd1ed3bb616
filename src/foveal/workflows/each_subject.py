"""One photo after another, each as a classifier sees it, and what is to be said of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from foveal.classifier.classifier import Classifier
from foveal.data.photo import AnyPhoto, photo_name
from foveal.data.photo_faults import why_unreadable
from foveal.errors import FovealError
from foveal.explainers.subject import Subject
from foveal.features.settings import Progress
from foveal.runtimes.workers import on_every_processor

Said = TypeVar("Said")


def each_subject(
    model: Classifier,
    photos: Sequence[AnyPhoto],
    say: Callable[[Subject, str], Said],
    progress: Progress,
    *,
    together: bool,
) -> list[tuple[str, Said | None, str | None]]:
    """Say something of each photo.

    Args:
        model: The classifier.
        photos: n photos.
        say: Given a photo as the classifier sees it and its name, what is to be said of it.
        progress: Told how many photos are done.
        together: Whether several photos are looked at at once, one a processor; not where `say` itself keeps every
            processor busy.

    Returns:
        For each photo its name; what was said, or None where it could not be read; and None, or why it could not.
    """
    said: list[tuple[str, Said | None, str | None]] = [("", None, None)] * len(photos)

    def one(number: int, _: threading.Event) -> None:
        photo = photos[number]
        name = photo_name(photo, number)
        try:
            subject = Subject.of(model, photo)
        except FovealError as error:
            said[number] = (name, None, why_unreadable(error, photo))
            return
        said[number] = (name, say(subject, name), None)

    on_every_processor(one, len(photos), progress, most=None if together else 1)
    return said
