"""Whether 95 % intervals hold the truth in 95 of 100 cases, and how often the paired test cries wolf.

Claim: averaged over the cases of a row, intervals cover in 94 to 96 % and the paired test errs in at most 5.5 %.
Command: python benchmarks/intervals.py [SIMULATIONS]
Result: see docs/benchmarks.md. Every case draws classifiers whose true figures are known, then test sets from them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from statistics import NormalDist

import numpy as np
from harness import machine
from numpy.typing import NDArray

from foveal.metrics.areas import class_areas, over_classes
from foveal.metrics.confusion_intervals import confusion_intervals
from foveal.metrics.intervals import bootstrap, clustered, f1_interval, mean_interval, roc_interval, wilson
from foveal.metrics.paired import Discordance, mcnemar, paired_bootstrap, paired_difference
from foveal.types.interval import Interval

Case = Callable[[np.random.Generator], Iterator[tuple[str, bool]]]


def holds(interval: Interval, truth: float) -> bool:
    """Whether the interval holds the truth, rounding apart."""
    return interval.low - 1e-12 <= truth <= interval.high + 1e-12


def share(rng: np.random.Generator) -> Iterator[tuple[str, bool]]:
    """A share such as accuracy, recall, precision or specificity."""
    for n in (20, 50, 100, 341, 1000):
        truth = rng.uniform(0.02, 0.98)
        yield f"Wilson, n = {n}", holds(wilson(int(rng.binomial(n, truth)), n), truth)
    for n in (100, 341, 1000):
        truth = rng.uniform(0.5, 0.98)
        values = rng.random(n) < truth
        yield f"bootstrap of a share, n = {n}", holds(bootstrap(values, resamples=1000), truth)


def groups(rng: np.random.Generator) -> Iterator[tuple[str, bool]]:
    """A share over groups of photos that are right or wrong together."""
    for count in (50, 200):
        truth, alike = rng.uniform(0.6, 0.95), 2.0
        each = rng.beta(truth * alike, (1 - truth) * alike, count)
        sizes = rng.integers(1, 8, count)
        values = rng.random(sizes.sum()) < np.repeat(each, sizes)
        found = clustered(values, np.repeat(np.arange(count), sizes), resamples=1000)
        yield f"bootstrap over {count} groups", holds(found, truth)
        yield f"(the same, groups ignored, {count})", holds(wilson(int(values.sum()), len(values)), truth)


def one_f1(rng: np.random.Generator) -> Iterator[tuple[str, bool]]:
    """F1 of one class that a tenth to a half of the photos belong to."""
    for n in (100, 341, 1000):
        prior, recall, alarms = rng.uniform(0.1, 0.5), rng.uniform(0.6, 0.99), rng.uniform(0.005, 0.1)
        cells = np.array([prior * recall, prior * (1 - recall), (1 - prior) * alarms])
        hits, missed, false = rng.multinomial(n, [*cells, 1 - cells.sum()])[:3]
        truth = 2 * cells[0] / (2 * cells[0] + cells[1] + cells[2])
        found = f1_interval(int(hits), int(hits + missed), int(hits + false))
        yield f"F1 of a class, n = {n}", holds(found, truth)


def confusion(rng: np.random.Generator) -> Iterator[tuple[str, bool]]:
    """Figures of a whole confusion matrix."""
    for classes, n in ((2, 100), (2, 1000), (10, 341), (10, 3000), (30, 3000)):
        right, spread = rng.uniform(0.6, 0.99), rng.dirichlet(np.full(classes, 0.3), classes)
        shares = spread * (1 - right)
        shares[np.diag_indices(classes)] += right
        shares *= rng.dirichlet(np.full(classes, 5.0))[:, None]
        truths = figures(shares)
        found = confusion_intervals(rng.multinomial(n, shares.ravel()).reshape(classes, classes))
        for name, truth in truths.items():
            yield f"{name}, C = {classes}, n = {n}", name in found and holds(found[name], truth)


def figures(shares: NDArray[np.float64]) -> dict[str, float]:
    """The true figures of shares [C, C], written out again rather than taken from the code under test."""
    hits, true, predicted = np.diagonal(shares), shares.sum(axis=1), shares.sum(axis=0)
    chance, right = float(true @ predicted), float(hits.sum())
    spread = np.sqrt((1 - true @ true) * (1 - predicted @ predicted))
    return {
        "balanced_accuracy": float((hits / true).mean()),
        "macro_f1": float((2 * hits / (true + predicted)).mean()),
        "kappa": (right - chance) / (1 - chance),
        "mcc": float((right - chance) / spread),
    }


def areas(rng: np.random.Generator) -> Iterator[tuple[str, bool]]:
    """The area under the ROC curve of two normal distributions, and the mean of those of several classes."""
    for positives, negatives in ((10, 300), (30, 300), (100, 900)):
        truth = rng.uniform(0.7, 0.995)
        gap, width = NormalDist().inv_cdf(truth), rng.uniform(0.5, 2)
        # The area is Φ(gap / √(1 + width²)) for a spread of 1 and of `width`.
        scores = np.concatenate((rng.normal(gap * np.hypot(1, width), width, positives), rng.normal(size=negatives)))
        labels = np.repeat([0, 1], (positives, negatives))
        found = class_areas(labels, np.stack([scores, -scores], axis=1))
        interval = roc_interval(found.roc_auc[0], found.roc_error[0], positives=positives, negatives=negatives)
        yield f"ROC-AUC, {positives} and {negatives}", holds(interval, truth)
    for n in (341, 1000):
        truth, classes = rng.uniform(0.8, 0.99), 5
        labels = rng.permutation(np.arange(n) % classes)
        scores = rng.normal(size=(n, classes))
        scores[np.arange(n), labels] += NormalDist().inv_cdf(truth) * np.sqrt(2)
        found = class_areas(labels, scores)
        interval = roc_interval(over_classes(found.roc_auc), found.macro_error, positives=n, negatives=n)
        yield f"macro ROC-AUC, C = {classes}, n = {n}", holds(interval, truth)


def losses(rng: np.random.Generator) -> Iterator[tuple[str, bool]]:
    """Mean log loss of calibrated confidences."""
    for n in (100, 341, 1000):
        strength = rng.uniform(2, 20)
        sure = rng.beta(strength, 1, n)
        right = rng.random(n) < sure
        each = -np.log(np.where(right, sure, 1 - sure))
        many = ((np.arange(20_000) + 0.5) / 20_000) ** (1 / strength)
        truth = float(-(many * np.log(many) + (1 - many) * np.log1p(-many)).mean())
        yield f"log loss, n = {n}", holds(mean_interval(each), truth)


def pairs(rng: np.random.Generator) -> Iterator[tuple[str, bool]]:
    """Two classifiers on the same photos, equal in truth for the tests and not for the intervals."""
    for n in (50, 100, 341, 1000, 3000):
        differing = rng.uniform(0.02, 0.3)
        gained, lost = rng.multinomial(n, [differing / 2, differing / 2, 1 - differing])[:2]
        yield f"McNemar mid-p errs, n = {n}", mcnemar(int(gained), int(lost)) <= 0.05
        yield f"McNemar exact errs, n = {n}", mcnemar(int(gained), int(lost), test="exact") <= 0.05
    for n in (50, 100, 341, 1000, 3000):
        differing, uneven = rng.uniform(0.02, 0.3), rng.uniform(0.1, 0.9)
        gained, lost = rng.multinomial(n, [differing * uneven, differing * (1 - uneven), 1 - differing])[:2]
        truth = differing * (2 * uneven - 1)
        yield f"Tango, paired, n = {n}", holds(paired_difference(Discordance(n, int(gained), int(lost))), truth)
        if n in (100, 341, 1000):
            first, second = np.zeros(n), np.zeros(n)
            second[:gained], first[gained : gained + lost] = 1, 1
            yield f"bootstrap, paired, n = {n}", holds(paired_bootstrap(first, second, resamples=1000), truth)


def main() -> None:
    """Run every case so often and print how often each interval held the truth."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    machine()
    print(f"{'':36} {'share':>7}  95 % of this share    n")
    cases: tuple[Case, ...] = (share, groups, one_f1, confusion, areas, losses, pairs)
    for case in cases:
        rng = np.random.default_rng(1)
        held: dict[str, list[bool]] = {}
        for _ in range(times):
            for name, hit in case(rng):
                held.setdefault(name, []).append(hit)
        for name, hits in held.items():
            low, high, _ = wilson(sum(hits), len(hits))
            print(f"{name:36} {np.mean(hits):7.1%}  {low:.1%} to {high:.1%}  {len(hits):6,}", flush=True)


if __name__ == "__main__":
    main()
