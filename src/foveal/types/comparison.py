"""Two classifiers on the same photos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from foveal.types.evaluation import Evaluation
from foveal.types.interval import Interval
from foveal.types.text import chance, counted, printable, shortened

Verdict = Literal["second", "first", "cannot tell"]
_SHOWN = 10


@dataclass(frozen=True)
class Change:
    """A photo that two classifiers answer differently.

    Args:
        path: The photo.
        true: Its class.
        first: What the first says.
        second: What the second says.
    """

    path: str
    true: str
    first: str
    second: str

    @property
    def side(self) -> str:
        """Who is right: "second" (gained), "first" (lost) or "neither"."""
        return "second" if self.second == self.true else "first" if self.first == self.true else "neither"

    def to_dict(self) -> dict[str, str]:
        """Plain values: the fields, and `right`, who is."""
        return {
            "path": self.path,
            "true": self.true,
            "first": self.first,
            "second": self.second,
            "right": self.side,
        }


@dataclass(frozen=True, repr=False)
class Comparison:
    """What the same n photos say of two classifiers.

    Args:
        names: What the two are called.
        first: Figures of the first.
        second: Figures of the second.
        gained: Photos that only the second gets right.
        lost: Photos that only the first gets right.
        interval: Of the accuracy of the second less that of the first, paired.
        p: McNemar's, mid-p: the chance of so uneven a split if neither were better.
        log_loss_interval: Of the log loss of the second less that of the first, paired; below 0 is better.
        verdict: Which is better, at the level of 5 %, or that these photos cannot tell.
        detectable: The smallest difference in accuracy that so many photos would show four times in five; None where
            the classifiers differ too seldom for any.
        needed: Photos that a difference as large as the one seen would need; None where there was none.
        changes: Every photo that the two answer differently: first those gained, then those lost, then the others.

    Notes:
        Everything is about the photos that both could read and the classes that both know.
    """

    names: tuple[str, str]
    first: Evaluation
    second: Evaluation
    gained: int
    lost: int
    interval: Interval
    p: float
    log_loss_interval: Interval
    verdict: Verdict
    detectable: float | None
    needed: int | None
    changes: tuple[Change, ...]

    @property
    def difference(self) -> float:
        """Accuracy of the second less that of the first."""
        return self.second.accuracy - self.first.accuracy

    def to_dict(self) -> dict[str, Any]:
        """Plain values; `docs/json.md` explains the keys."""
        return {
            "names": list(self.names),
            "photos": self.first.photos,
            "first": self.first.to_dict(),
            "second": self.second.to_dict(),
            "difference": self.difference,
            "interval": self.interval.to_dict(),
            "gained": self.gained,
            "lost": self.lost,
            "p": self.p,
            "log_loss_difference": self.second.log_loss - self.first.log_loss,
            "log_loss_interval": self.log_loss_interval.to_dict(),
            "verdict": self.verdict,
            "detectable": self.detectable,
            "needed": self.needed,
            "changes": [change.to_dict() for change in self.changes],
        }

    def summary(self) -> str:
        """The comparison in a few lines: who is better, by how much, and whether these photos can tell."""
        first, second = (printable(name) for name in self.names)
        width = max(len(first), len(second))
        low, high = 100 * self.interval.low, 100 * self.interval.high
        lines = [
            f"{name:<{width}}  accuracy {each.accuracy:.1%} ({each.accuracy_interval.low:.1%} to "
            f"{each.accuracy_interval.high:.1%}), log loss {each.log_loss:.3f}, calibration error {each.ece:.1%}"
            for name, each in ((first, self.first), (second, self.second))
        ]
        lines += [
            f"difference  {100 * self.difference:+.1f} points ({low:+.1f} to {high:+.1f}), paired over "
            f"{counted(self.first.photos, 'photo')}: {self.gained} gained, {self.lost} lost, {chance(self.p)}",
            self.conclusion(),
        ]
        lines += [f"  {_told(change)}" for change in self.changes[:_SHOWN]]
        if len(self.changes) > _SHOWN:
            lines.append(f"  … and {len(self.changes) - _SHOWN:,} more that changed; --json lists all")
        return "\n".join(lines)

    def conclusion(self) -> str:
        """One sentence: which is better, or what it would take to tell."""
        if self.verdict != "cannot tell":
            better = printable(self.names[1 if self.verdict == "second" else 0])
            share = f"{self.p:.1%}" if self.p >= 0.0005 else "less than 0.1%"
            return f"{better} is better; chance alone would show this {share} of the time"
        if self.gained + self.lost == 0:
            return "no difference in accuracy: no photo is right with one and wrong with the other"
        known = "the test set is too small to tell"
        if self.detectable is not None:
            known += f": it would show differences from {100 * self.detectable:.1f} points on"
        if self.needed is not None:
            known += f"; one as large as that seen needs about {self.needed:,} photos"
        return known

    def __repr__(self) -> str:
        return f"Comparison({self.names[0]!r}, {self.names[1]!r}, {self.difference:+.4f}, {self.verdict})"

    def __str__(self) -> str:
        return self.summary()


def _told(change: Change) -> str:
    word = {"second": "gained ", "first": "lost   ", "neither": "changed"}[change.side]
    first, second = printable(change.first), printable(change.second)
    return f"{word}  {shortened(printable(change.path), 50)}  {printable(change.true)}: {first} → {second}"
