"""The mistakes of a model as photos: what is taken for what, what it is surest of, what it turns away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from foveal.evaluation.measured import Measured
from foveal.reports.photos import Gallery
from foveal.types.evaluation import Evaluation
from foveal.types.text import counted, printable

_PAIRS, _PHOTOS_A_PAIR = 8, 4
_SUREST = 24
_TURNED_AWAY = 12


class Mistake(NamedTuple):
    """A photo, the class it was taken for, and the probability of that; `missed` where a label was not found."""

    at: int
    said: int
    sure: float
    missed: bool = False


class Mistakes:
    """Which photos of a measurement a page shows.

    Args:
        measured: What was measured.
    """

    def __init__(self, measured: Measured) -> None:
        self.measured = measured
        self.surest = _wrong_labels(measured) if measured.dataset.multi_label else _wrong_classes(measured)
        self.pairs = _pairs(measured, self.surest)
        shown = {each.at for _, members in self.pairs for each in members}
        self.others = [each for each in self.surest if each.at not in shown][:_SUREST]
        self.turned_away = _turned_away(measured)

    def rows(self) -> Iterator[int]:
        """The photos shown, as indices into the dataset."""
        shown = [*self.others, *self.turned_away, *(each for _, members in self.pairs for each in members)]
        yield from (int(self.measured.rows[each.at]) for each in shown)

    def confident(self, least: float) -> int:
        """How many mistakes are at least so probable."""
        return sum(each.sure >= least for each in self.surest)

    def content(self, gallery: Gallery) -> dict[str, Any]:
        """The photos for a template: `pairs`, `surest`, `turned_away`."""
        return {
            "pairs": [
                {
                    "title": f"{printable(pair['true'])} taken for {printable(pair['predicted'])}",
                    "count": f"{counted(pair['photos'], 'photo')}, {pair['share']:.0%}",
                    "cards": [
                        {**self._card(each, gallery), "bold": "", "said": f"{each.sure:.0%}"} for each in members
                    ],
                }
                for pair, members in self.pairs
            ],
            "surest": [self._card(each, gallery) for each in self.others],
            "turned_away": [self._card(each, gallery) for each in self.turned_away],
        }

    def _card(self, mistake: Mistake, gallery: Gallery) -> dict[str, Any]:
        photo = gallery.photo(int(self.measured.rows[mistake.at]))
        name = printable(self.measured.class_names[mistake.said])
        said = (
            f"{name} not found, {mistake.sure:.0%} sure" if mistake.missed else f"taken for {name}, {mistake.sure:.0%}"
        )
        return {"photo": photo, "bold": photo["label"], "said": said}


def _wrong_classes(measured: Measured) -> list[Mistake]:
    said = measured.probs.argmax(axis=1)
    sure = measured.probs.max(axis=1)
    wrong = np.flatnonzero((said != measured.labels) & (measured.labels >= 0))
    order = wrong[np.argsort(-sure[wrong], kind="stable")]
    return [Mistake(int(at), int(said[at]), float(sure[at])) for at in order]


def _wrong_labels(measured: Measured) -> list[Mistake]:
    """One for each photo: the label whose probability is farthest from the truth, where that is most of the way."""
    truth = _targets(measured)
    off = np.abs(measured.probs - truth)
    worst = off.argmax(axis=1)
    by = off[np.arange(len(off)), worst]
    order = np.argsort(-by, kind="stable")
    order = order[by[order] > 0.5]
    return [Mistake(int(at), int(worst[at]), float(by[at]), missed=bool(truth[at, worst[at]])) for at in order]


def _targets(measured: Measured) -> NDArray[np.bool_]:
    dataset = measured.dataset
    given = dataset.targets()[measured.rows]
    column = {name: index for index, name in enumerate(dataset.class_names)}
    nowhere = np.zeros(len(given), np.bool_)
    return np.stack([given[:, column[name]] if name in column else nowhere for name in measured.class_names], axis=1)


def _pairs(measured: Measured, surest: list[Mistake]) -> list[tuple[Any, list[Mistake]]]:
    if not isinstance(measured.figures, Evaluation):
        return []
    numbers = {name: index for index, name in enumerate(measured.class_names)}
    found = []
    for pair in measured.figures.most_confused[:_PAIRS]:
        wanted = numbers[pair["true"]], numbers[pair["predicted"]]
        members = [each for each in surest if (int(measured.labels[each.at]), each.said) == wanted]
        found.append((pair, members[:_PHOTOS_A_PAIR]))
    return found


def _turned_away(measured: Measured) -> list[Mistake]:
    if measured.unknown is None:
        return []
    rows = np.flatnonzero(measured.unknown)[:_TURNED_AWAY]
    said = measured.probs[rows].argmax(axis=1) if len(rows) else rows
    return [Mistake(int(at), int(one), float(measured.probs[at, one])) for at, one in zip(rows, said, strict=True)]
