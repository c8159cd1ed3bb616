"""What would change its mind: the smallest square that, when hidden, makes the classifier say something else.

A search without gradients, over sizes and places. At each size the places are tried that a guide holds for the most
important: at first a map that tells the answer from the runner-up, then also what the patches tried so far did. Once a
size changes the answer, a smaller one is tried. The patch found is therefore the smallest of those tried, and a smaller
one may exist; that none was found up to the largest size is a result, too.

In the line of Fong & Vedaldi, "Interpretable explanations of black boxes by meaningful perturbation" (ICCV 2017,
arXiv:1704.03296), who search for the smallest mask of any shape by gradients.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from foveal.errors import unknown_name
from foveal.explainers.class_map import class_map, has_class_maps
from foveal.explainers.mind_change import MindChange
from foveal.explainers.occlusion import occlusion
from foveal.explainers.subject import Subject, blurred
from foveal.imaging.thumbnail import shown_jpeg

FILLS = ("blur", "grey", "mean")
"""What stands where the patch is: the photo blurred beyond recognition, grey, or the photo's mean colour."""

LARGEST = 0.4
"""Share of the photo that a patch covers at most."""

RUNS = 300
"""How many patches are tried at most, the ones drawn at random included; the guide comes on top."""

# Sides shrink by this factor from size to size, areas by a third.
_SHRINK = 0.8
# Places tried at each size, besides the nine inside the patch that changed the answer at the size before.
_PLACES = 20
_SMALLEST_SIDE = 4
_RANDOM = 20
# Patches tried, from the largest size down, before it is said that none changes the answer.
_GIVE_UP = 150
_GREY = 128
_PHOTO_SIDE = 480


@dataclass(frozen=True, eq=False)
class _Patch:
    """A square on the canvas and what the classifier says when it is hidden; `lead` is below 0 where that is new."""

    top: int
    left: int
    side: int
    probs: NDArray[np.float32]
    lead: float


def search_patch(subject: Subject, path: str, *, fill: str = "blur", runs: int = RUNS) -> MindChange:
    """Search for the smallest square that changes the answer.

    Args:
        subject: The photo and the classifier. Its answer is the most probable class, also where a photo may show any
            number of them.
        path: What the photo is called.
        fill: A name in `FILLS`.
        runs: How many patches are tried at most.

    Raises:
        FovealError: `unknown-name`: fill.
    """
    if fill not in FILLS:
        raise unknown_name("fill", fill, FILLS)
    search = _Search(replace(subject, grounds=tuple(_ground(each, fill) for each in subject.inputs)), runs)
    best = search.run()
    height, width = subject.canvas_hw
    names, probs = subject.model.class_names, subject.probs()
    return MindChange(
        path=path,
        photo=shown_jpeg(subject.image_rgb, _PHOTO_SIDE),
        label=names[search.column],
        prob=float(probs[search.column]),
        box=None
        if best is None
        else (
            best.left / width,
            best.top / height,
            (best.left + best.side) / width,
            (best.top + best.side) / height,
        ),
        searched_to=search.largest**2 / (height * width),
        new_label=None if best is None else names[int(best.probs.argmax())],
        new_prob=None if best is None else float(best.probs.max()),
        elsewhere=(0, 0) if best is None else search.elsewhere(best.side),
        fill=fill,
        runs=search.used,
        unknown=subject.unknown,
    )


class _Search:
    """The search on one photo, and everything it tried."""

    def __init__(self, subject: Subject, runs: int) -> None:
        probs = subject.probs()
        order = np.argsort(-probs, kind="stable")
        self.column = int(order[0])
        self._subject = subject
        self._height, self._width = subject.canvas_hw
        self.largest = min(int((LARGEST * self._height * self._width) ** 0.5), self._height, self._width)
        self._left = runs - _RANDOM
        self.used = 0
        self._lead = _lead(probs, self.column)
        self._guide = _unit(_guide(subject, self.column, int(order[1]) if len(order) > 1 else None))
        self._did = np.zeros(subject.canvas_hw, np.float64)

    def run(self) -> _Patch | None:
        """The smallest patch found that changes the answer."""
        best: _Patch | None = None
        side = self.largest
        while side >= _SMALLEST_SIDE:
            found = self._try(side, [*_inside(best, side), *self._promising(side)])
            # A smaller patch may do what a larger one does not: hide the collar only, and not the whole shirt.
            if found is None and (best is not None or self.used >= _GIVE_UP):
                break
            best, side = found, int(side * _SHRINK)
        return None if best is None else self._refined(best, max(side, _SMALLEST_SIDE - 1))

    def elsewhere(self, side: int) -> tuple[int, int]:
        """How many of some patches of a size, at random places, change the answer too, and how many were tried."""
        rng = np.random.default_rng(0)
        rows, columns = np.flatnonzero(self._subject.seen.any(axis=1)), np.flatnonzero(self._subject.seen.any(axis=0))
        tops = rng.integers(rows[0], max(rows[-1] + 2 - side, rows[0] + 1), _RANDOM)
        lefts = rng.integers(columns[0], max(columns[-1] + 2 - side, columns[0] + 1), _RANDOM)
        probs = self._hidden(side, list(zip(tops.tolist(), lefts.tolist(), strict=True)))
        return int((probs.argmax(axis=1) != self.column).sum()), _RANDOM

    def _refined(self, best: _Patch, failed: int) -> _Patch:
        """Halve what lies between a side that changed the answer and one that did not."""
        while best.side - failed > 1:
            side = (best.side + failed) // 2
            found = self._try(side, _inside(best, side))
            if found is None:
                failed = side
            else:
                best = found
        return best

    def _try(self, side: int, places: Iterable[tuple[int, int]]) -> _Patch | None:
        """The patch that changed the answer most clearly; None where none did, or there are no runs left."""
        chosen = list(dict.fromkeys(places))[: self._left]
        if not chosen:
            return None
        self._left -= len(chosen)
        probs = self._hidden(side, chosen)
        tried = [
            _Patch(top, left, side, row, _lead(row, self.column))
            for (top, left), row in zip(chosen, probs, strict=True)
        ]
        for patch in tried:
            self._did[patch.top : patch.top + side, patch.left : patch.left + side] += max(
                self._lead - patch.lead, 0
            ) / (side * side)
        best = min(tried, key=lambda patch: patch.lead)
        return best if best.lead < 0 else None

    def _hidden(self, side: int, places: list[tuple[int, int]]) -> NDArray[np.float32]:
        def masks() -> Iterator[NDArray[np.float32]]:
            for top, left in places:
                mask = np.ones((self._height, self._width), np.float32)
                mask[top : top + side, left : left + side] = 0
                yield mask

        self.used += len(places)
        return self._subject.with_hidden(masks())

    def _promising(self, side: int) -> Iterator[tuple[int, int]]:
        """Places with the most of what the guide and the patches so far point at, none close to another."""
        step = max(1, side // 8)
        sums = np.zeros((self._height + 1, self._width + 1))
        sums[1:, 1:] = (self._guide + _unit(self._did)).cumsum(axis=0).cumsum(axis=1)
        tops = np.unique([*range(0, self._height - side, step), self._height - side])
        lefts = np.unique([*range(0, self._width - side, step), self._width - side])
        y, x = tops[:, None], lefts[None, :]
        inside = sums[y + side, x + side] - sums[y, x + side] - sums[y + side, x] + sums[y, x]
        chosen: list[tuple[int, int]] = []
        for at in np.argsort(-inside, axis=None, kind="stable").tolist():
            place = int(tops[at // len(lefts)]), int(lefts[at % len(lefts)])
            if all(max(abs(place[0] - top), abs(place[1] - left)) > side / 6 for top, left in chosen):
                chosen.append(place)
            if len(chosen) == _PLACES:
                break
        yield from chosen


def _inside(best: _Patch | None, side: int) -> Iterator[tuple[int, int]]:
    """Nine places of a smaller patch inside the best one so far."""
    if best is not None:
        slack = best.side - side
        for down in (slack // 2, 0, slack):
            for right in (slack // 2, 0, slack):
                yield best.top + down, best.left + right


def _lead(probs: NDArray[np.float32], column: int) -> float:
    """By how much the logarithm of a class's probability is above the highest other one's."""
    logs = np.log(np.maximum(probs.astype(np.float64), 1e-12))
    return float(logs[column] - np.delete(logs, column).max(initial=-np.inf))


def _guide(subject: Subject, column: int, other: int | None) -> NDArray[np.float32]:
    """float32 [H, W] of the canvas: where what tells the answer from the runner-up is likely to be."""
    if not has_class_maps(subject.model):
        return occlusion(subject, column)
    found = class_map(subject, column)
    return found if other is None else found - class_map(subject, other)


def _unit(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """What is above 0, summing to 1; even where nothing is."""
    kept = np.maximum(values, 0).astype(np.float64)
    total = kept.sum()
    return kept / total if total > 0 else np.full(kept.shape, 1 / kept.size)


def _ground(image_rgb: NDArray[np.uint8], fill: str) -> NDArray[np.uint8]:
    """What an input shows where it is hidden, uint8 [h, w, 3]."""
    if fill == "grey":
        return np.full_like(image_rgb, _GREY)
    if fill == "mean":
        return np.broadcast_to(image_rgb.mean(axis=(0, 1)).round().astype(np.uint8), image_rgb.shape).copy()
    return blurred(image_rgb)
