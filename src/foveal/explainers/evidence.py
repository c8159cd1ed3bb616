"""The training photos that decided: those nearest to a photo among its answer's class, and among the runner-up's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from foveal.classifier.classifier import Classifier
from foveal.errors import FovealError
from foveal.explainers.explanations import Explanation
from foveal.explainers.subject import Subject
from foveal.imaging.thumbnail import shown_jpeg
from foveal.trust.evidence import EvidenceIndex
from foveal.types.text import printable, shortened

_CLASSES = 2
_PHOTO_SIDE = 224


@dataclass(frozen=True)
class Neighbour:
    """One photo that was learnt from.

    Args:
        name: What it was called.
        distance: One minus the cosine of the angle between the two photos' places, from 0 to 2.
        closeness: Share of the photos learnt from that are farther from the nearest kept one of their class, 0 to 1.
        picture: Its thumbnail, a JPEG file; empty where there is none.
    """

    name: str
    distance: float
    closeness: float
    picture: bytes


@dataclass(frozen=True)
class ClassEvidence:
    """The nearest photos of one class.

    Args:
        label: The class.
        prob: Its probability.
        nearest: Its photos, nearest first.
    """

    label: str
    prob: float
    nearest: tuple[Neighbour, ...]


@dataclass(frozen=True, repr=False)
class Evidence(Explanation):
    """What one photo was recognised by; in a notebook it shows itself.

    Args:
        path: The photo.
        photo: It, reduced, as a JPEG file.
        classes: The most probable class, and the runner-up.
        kept: How many of the photos learnt from were searched.
        learnt_from: How many there were.
        unknown: Why `predict` answers "unknown" for the photo; None where it names a class.
    """

    path: str
    photo: bytes
    classes: tuple[ClassEvidence, ...]
    kept: int
    learnt_from: int
    unknown: str | None = None

    @property
    def nearer(self) -> str | None:
        """The class of the nearest photo of all; None where there is none. It need not be the most probable one."""
        found = [(each.nearest[0].distance, each.label) for each in self.classes if each.nearest]
        return min(found)[1] if found else None

    @property
    def _found(self) -> str:
        return "; ".join(f"{printable(each.label)} {each.prob:.1%}: {_closest(each)}" for each in self.classes)

    def to_record(self) -> dict[str, Any]:
        """JSON-able form, without the pictures."""
        return {
            "path": self.path,
            "classes": [
                {
                    "label": each.label,
                    "prob": each.prob,
                    "nearest": [
                        {"path": near.name, "distance": near.distance, "closeness": near.closeness}
                        for near in each.nearest
                    ],
                }
                for each in self.classes
            ],
            "kept": self.kept,
            "learnt_from": self.learnt_from,
            "unknown": self.unknown,
        }

    def png(self) -> bytes:
        """One picture: the photo, and a row of its nearest photos for each class; a PNG file."""
        from foveal.explainers.evidence_sheet import draw_sheet

        return draw_sheet(self)


def evidence_for(subject: Subject, path: str, *, k: int = 5) -> Evidence:
    """What a photo was recognised by.

    Args:
        subject: The photo and the classifier.
        path: What the photo is called.
        k: How many photos of each class.

    Raises:
        FovealError: `no-evidence`: the classifier kept no photos.
    """
    index = evidence_of(subject.model)
    probs = subject.probs()
    best = np.argsort(-probs, kind="stable")[:_CLASSES].tolist()
    classes = tuple(
        ClassEvidence(
            subject.model.class_names[column], float(probs[column]), tuple(_nearest(subject, index, column, k))
        )
        for column in best
    )
    return Evidence(
        path, shown_jpeg(subject.image_rgb, _PHOTO_SIDE), classes, len(index), index.learnt_from, subject.unknown
    )


def evidence_of(model: Classifier) -> EvidenceIndex:
    """The photos that a classifier kept.

    Raises:
        FovealError: `no-evidence`: none.
    """
    index = model.trust.evidence
    if index is None:
        raise FovealError(
            "no-evidence",
            "expected a model that keeps some of the photos it learnt from, got one that keeps none",
            hint="fit it again with --evidence (evidence=True)",
        )
    return index


def _nearest(subject: Subject, index: EvidenceIndex, column: int, k: int) -> Iterator[Neighbour]:
    rows, distances = index.nearest(subject.features, column, k)
    closeness = index.closeness(distances)
    for row, distance, close in zip(rows[0].tolist(), distances[0].tolist(), closeness[0].tolist(), strict=True):
        yield Neighbour(index.names[row], round(distance, 4), round(close, 3), index.picture(row))


def _closest(each: ClassEvidence) -> str:
    if not each.nearest:
        return "no photo of it was kept"
    near = each.nearest[0]
    return f"nearest {shortened(printable(near.name), 40)}, closer than {near.closeness:.0%}"
