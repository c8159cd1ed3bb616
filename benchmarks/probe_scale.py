"""Time and memory of choosing and learning a head, from two photos a class to 100,000 photos of 1,000 classes.

Claim: the head is never what a user waits for; it scales to 100,000 photos × 1,000 classes on a laptop.
Command: python benchmarks/probe_scale.py [PHOTOS,CLASSES ...]
Method: synthetic features of 1,280 float16 columns (class means plus noise, of which 64 columns matter), each size in a
process of its own; one run each, as the larger ones take minutes. Peak memory is the whole process's.
Result: see docs/benchmarks.md.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time

import numpy as np

SIZES = ((20, 10), (200, 10), (3000, 10), (20_000, 100), (100_000, 10), (100_000, 1000))
COLUMNS = 1280


def features(photos: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Features float16 [n, D] and labels int32 [n]."""
    rng = np.random.default_rng(0)
    labels = (np.arange(photos) % classes).astype(np.int32)
    means = np.zeros((classes, COLUMNS), np.float32)
    means[:, :64] = rng.normal(size=(classes, 64)) * 0.7
    values = np.empty((photos, COLUMNS), np.float16)
    for start in range(0, photos, 8192):
        block = labels[start : start + 8192]
        values[start : start + 8192] = means[block] + rng.normal(size=(len(block), COLUMNS)).astype(np.float32)
    return values, labels


def one(size: tuple[int, int]) -> str:
    """Measure one size."""
    from foveal.data.splits import choose_folds, stratified_folds
    from foveal.probes.axes import principal_axes
    from foveal.probes.calibrate import calibrate
    from foveal.probes.select import select

    photos, classes = size
    values, labels = features(photos, classes)
    started = time.perf_counter()
    folds = stratified_folds(labels, folds=choose_folds(labels), seed=0)
    selection = select({"all": lambda: principal_axes(values)}, labels, folds, classes=classes)
    calibration = calibrate(selection.out_of_fold, labels, folds)
    seconds = time.perf_counter() - started
    accuracy = float((calibration.out_of_fold.argmax(axis=1) == labels).mean())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    winner = f"{selection.probe} {selection.strength:g}"
    return f"{photos:>8,} {classes:>7,} {seconds:>9.1f} {peak:>8.2f} {accuracy:>9.3f}  {winner}"


def main() -> None:
    """Measure every size."""
    sizes = [tuple(map(int, each.split(","))) for each in sys.argv[1:]] or SIZES
    print(f"{'photos':>8} {'classes':>7} {'seconds':>9} {'peak GB':>8} {'accuracy':>9}  winner")
    context = multiprocessing.get_context("spawn")
    for size in sizes:
        with context.Pool(1) as pool:
            print(pool.apply(one, (size,)), flush=True)


if __name__ == "__main__":
    main()
