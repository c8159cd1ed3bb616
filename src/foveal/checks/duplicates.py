"""The same photo twice: across the parts of a split, across classes, and within a class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.checks.evidence import Evidence
from foveal.checks.wording import percent
from foveal.data.dataset import PART_NAMES
from foveal.heads.linear import Array
from foveal.types.data_finding import DataFinding
from foveal.types.text import counted

_TRAIN, _VAL, _TEST = (PART_NAMES.index(name) for name in ("train", "val", "test"))


@dataclass(frozen=True)
class Twins:
    """Pairs of photos that are the same, as positions in the `Evidence` arrays.

    Args:
        first: int64 [p], the one photo.
        second: int64 [p], the other.
        score: float32 [p] in 0..1, how sure it is; 1 for equal files.
        exact: bool [p], whether the files are equal byte for byte.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    score: Array
    exact: NDArray[np.bool_]

    def select(self, mask: NDArray[np.bool_]) -> Twins:
        """The pairs where bool [p] holds."""
        return Twins(self.first[mask], self.second[mask], self.score[mask], self.exact[mask])

    def both_ways(self) -> Twins:
        """Each pair twice, so that every photo of a pair stands first once."""
        return Twins(
            np.concatenate([self.first, self.second]),
            np.concatenate([self.second, self.first]),
            np.concatenate([self.score, self.score]),
            np.concatenate([self.exact, self.exact]),
        )

    def best_of_first(self) -> Twins:
        """One pair for each photo that stands first: its surest; surest photos first."""
        order = np.lexsort((self.second, -self.score, self.first))
        _, starts = np.unique(self.first[order], return_index=True)
        kept = order[starts]
        kept = kept[np.argsort(-self.score[kept], kind="stable")]
        return Twins(self.first[kept], self.second[kept], self.score[kept], self.exact[kept])


def check(evidence: Evidence) -> Iterator[DataFinding]:
    """Copies, the worst kind first: test photos among those learnt from, one photo in two classes, plain copies."""
    twins = all_twins(evidence)
    if not len(twins.first):
        return
    first, second = evidence.parts[twins.first], evidence.parts[twins.second]
    for held_out, others in ((_TEST, (_TRAIN, _VAL)), (_VAL, (_TRAIN,))):
        ways = twins.select(first != second).both_ways()
        parts = evidence.parts[ways.first], evidence.parts[ways.second]
        leak = ways.select((parts[0] == held_out) & np.isin(parts[1], others)).best_of_first()
        if len(leak.first):
            yield _leak(evidence, leak, held_out)
    numbers = _label_numbers(evidence)
    one, other = numbers[twins.first], numbers[twins.second]
    contradictory = (one != other) & (one >= 0) & (other >= 0)
    if contradictory.any():
        yield _contradictory(evidence, twins.select(contradictory))
    plain = twins.select(~contradictory & (first == second))
    if len(plain.first):
        yield _copies(evidence, plain)


def all_twins(evidence: Evidence) -> Twins:
    """Equal files, and the near-duplicates that are not equal files; each pair once."""
    whole = np.ascontiguousarray(evidence.keys).view(f"V{evidence.keys.shape[1]}").ravel()
    content = np.unique(whole, return_inverse=True)[1].reshape(-1)
    numbers = _label_numbers(evidence)
    order = np.lexsort((numbers, evidence.parts, content))
    starts = np.flatnonzero(np.diff(content[order], prepend=-1))
    # Each photo of a content is paired with the first and the last, in order of part and label: so whatever differs
    # from some copy of itself in either is paired with one that it differs from, without all pairs being listed. Those
    # of one part and label are paired with the first of them as well: all but it are copies.
    lengths = np.diff(starts, append=len(order))
    ends = [np.repeat(order[at], lengths) for at in (starts, starts + lengths - 1)]
    told = np.stack([content, evidence.parts, numbers])[:, order]
    alike = np.flatnonzero(np.any(np.diff(told, axis=1, prepend=-2) != 0, axis=0))
    ends.append(np.repeat(order[alike], np.diff(alike, append=len(order))))
    exact = np.unique(np.sort(np.stack([np.tile(order, 3), np.concatenate(ends)]), axis=0), axis=1)
    exact = exact[:, exact[0] != exact[1]]
    near = evidence.pairs
    different = content[near.first] != content[near.second]
    equal = exact.shape[1]
    return Twins(
        np.concatenate([exact[0], near.first[different]]).astype(np.int64),
        np.concatenate([exact[1], near.second[different]]).astype(np.int64),
        np.concatenate([np.ones(equal), near.score[different]]).astype(np.float32),
        np.arange(equal + np.count_nonzero(different)) < equal,
    )


def copies_of(twins: Twins, worth: NDArray[np.float64]) -> Twins:
    """Which photos can go so that no pair is left: each of them first, the photo that stays second.

    The photo of most worth of each cluster stays; a photo goes only if it is paired directly with one that stays, so
    that a chain of frames that change little by little is not taken for one photo.

    Args:
        twins: The pairs.
        worth: float [m], of each photo; of equals the earlier stays.
    """
    ways = twins.both_ways()
    order = np.argsort(ways.first, kind="stable")
    photos, starts = np.unique(ways.first[order], return_index=True)
    ends = np.append(starts[1:], len(order))
    gone = np.zeros(len(worth), np.bool_)
    pairs: list[int] = []
    for at in np.argsort(-worth[photos], kind="stable").tolist():
        if gone[photos[at]]:
            continue
        around = order[starts[at] : ends[at]]
        around = around[~gone[ways.second[around]]]
        gone[ways.second[around]] = True
        pairs += around.tolist()
    chosen = np.array(pairs, np.int64)
    found = Twins(ways.second[chosen], ways.first[chosen], ways.score[chosen], ways.exact[chosen])
    return found.best_of_first()


def _leak(evidence: Evidence, leak: Twins, held_out: int) -> DataFinding:
    m, of = len(leak.first), int(np.count_nonzero(evidence.parts == held_out))
    part = PART_NAMES[held_out]
    learnt = "train" if held_out == _VAL else "train or val"
    verb = "is" if m == 1 else "are"
    return DataFinding(
        code="leak",
        title=f"{m:,} of {counted(of, f'{part} photo')} ({percent(m / of)}) {verb} also in {learnt}",
        score=(1.0 if held_out == _TEST else 0.95) * _surety(leak),
        why=f"These are learnt by heart, not understood: any figure measured on the {part} photos is too high.",
        advice=f"Take these photos out of {part}, and measure again.",
        rows=evidence.rows[leak.first],
        scores=leak.score,
        others=evidence.rows[leak.second],
        notes=_notes(leak),
        values={"part": part, "photos": of, "leaked": m, "share": m / of, "exact": int(leak.exact.sum())},
    )


def _contradictory(evidence: Evidence, twins: Twins) -> DataFinding:
    doubtful = _own_label_probability(evidence)
    swap = doubtful[twins.second] < doubtful[twins.first]
    listed = Twins(
        np.where(swap, twins.second, twins.first),
        np.where(swap, twins.first, twins.second),
        twins.score,
        twins.exact,
    ).best_of_first()
    m, several = len(listed.first), evidence.dataset.multi_label
    share = m / len(evidence.rows)
    if several:
        title = f"{counted(m, 'photo has', 'photos have')} a copy with other labels"
        why = "At most one of the two sets of labels can be right; the other teaches the wrong thing."
        advice = "Decide which labels are right, and take the other copy out."
    else:
        title = f"{counted(m, 'photo stands', 'photos stand')} in two classes at once"
        why = "At most one of the two labels can be right; the other teaches the wrong thing."
        advice = "Decide which label is right, and take the other copy out. The one listed first is the more doubtful."
    return DataFinding(
        code="duplicates-across-classes",
        title=title,
        score=min(0.9, 0.8 + 2 * share) * _surety(listed),
        why=why,
        advice=advice,
        rows=evidence.rows[listed.first],
        scores=listed.score,
        others=evidence.rows[listed.second],
        suggested=np.empty(0, np.int32) if several else evidence.labels[listed.second],
        notes=_notes(listed),
        values={"photos": len(listed.first), "pairs": len(twins.first), "exact": int(listed.exact.sum())},
    )


def _copies(evidence: Evidence, twins: Twins) -> DataFinding:
    facts = evidence.pixels["facts"]
    # The largest picture stays, and of equally large ones the largest file, which was compressed least.
    pixels = facts["width"].astype(np.float64) * facts["height"]
    listed = copies_of(twins, pixels + facts["file_bytes"] / 2.0**50)
    m, exact = len(listed.first), int(listed.exact.sum())
    share = m / len(evidence.rows)
    return DataFinding(
        code="duplicates",
        title=f"{counted(m, 'photo')} ({percent(share)}) {'is a copy' if m == 1 else 'are copies'} of another: "
        f"{exact:,} equal to the byte, {m - exact:,} nearly the same",
        score=min(0.5, 0.2 + 1.5 * share),
        why="Copies count one photo several times and show nothing new; split apart, they make the result look better.",
        advice="Take the copies out, or leave them: foveal keeps copies together when it measures.",
        rows=evidence.rows[listed.first],
        scores=listed.score,
        others=evidence.rows[listed.second],
        notes=_notes(listed),
        values={"photos": m, "share": share, "exact": exact, "near": m - exact},
    )


def _surety(twins: Twins) -> float:
    """Less where even the surest pair might be two photos of like things."""
    return float(twins.score.max()) ** 2


def _label_numbers(evidence: Evidence) -> NDArray[np.int64]:
    """int64 [m]: equal for photos of equal labels, be it one or several a photo; -1 = unlabelled."""
    if not evidence.dataset.multi_label:
        return evidence.labels.astype(np.int64)
    packed = np.packbits(evidence.dataset.take(evidence.rows).targets(), axis=1)
    return np.unique(packed, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _own_label_probability(evidence: Evidence) -> NDArray[np.float64]:
    """float64 [m]: probability out of fold of the label each photo has; ½ where nothing is known."""
    found = np.full(len(evidence.rows), 0.5)
    judged = evidence.judged
    if judged is not None:
        found[judged.at] = judged.probs[np.arange(len(judged.at)), judged.labels]
    return found


def _notes(twins: Twins) -> tuple[str, ...]:
    return tuple("equal files" if exact else "nearly the same picture" for exact in twins.exact.tolist())
