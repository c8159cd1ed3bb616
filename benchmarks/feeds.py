"""Photos to training batches: photos a second of foveal's feed and of what training scripts use, in one run.

Claim: with as many threads as the others have worker processes, the first epoch (decode, random crop, flip) is at
    least 1.5 times as fast as torchvision's ImageFolder in a DataLoader, and the epochs after it at least six times as
    fast, because photos are decoded once; from WebDataset shards the first epoch is at least 1.5 times as fast as the
    library webdataset. Pictures of 32×32 pixels: at least ten times as fast after the first epoch.
Command: python benchmarks/feeds.py FOLDER [--runs 3] [--batch 16] [--size 224] [--workers 2]
    FOLDER has a folder of photos for each class. fastai and webdataset take part where they are installed.
         python benchmarks/feeds.py --small [--runs 3]
    pictures of 32×32 pixels, shifted and mirrored, against the same by torchvision's transforms.
Result: printed; each figure with its spread over the runs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib import metadata, util
from pathlib import Path

import numpy as np
from harness import Place

_EPOCHS = 3
_SMALL, _SMALL_BATCH = 20_000, 512
_RIVALS = Path(__file__).parent / "rivals"


def feed(folder: str, batch: int, size: int, workers: int, sampling: str) -> None:
    """The seconds of each epoch of foveal's feed, on a folder or on shards."""
    from foveal.data.read import read
    from foveal.training.photos.augment import Augment
    from foveal.training.photos.feed import PhotoFeed

    dataset = read(folder)
    photos = PhotoFeed(
        dataset.photos(),
        dataset.labels,
        batch=batch,
        size_wh=(size, size),
        augment=Augment(crop=(0.35, 1.0)),
        seed=0,
        sampling=sampling,
        threads=workers,
    )
    _say([_timed(photos, number) for number in range(_EPOCHS)], photos.steps * batch)


def small_feed(workers: int) -> None:
    """The same of pictures of 32×32 pixels; the first epoch holds them as one array."""
    from foveal.training.photos.augment import Augment
    from foveal.training.photos.feed import PhotoFeed

    pictures = list(np.random.default_rng(0).integers(0, 256, (_SMALL, 32, 32, 3), np.uint8))
    augment = Augment(crop=None, pad_crop=2)
    photos = PhotoFeed(
        pictures, np.zeros(_SMALL, int), batch=_SMALL_BATCH, size_wh=(32, 32), augment=augment, seed=0, threads=workers
    )
    _say([_timed(photos, number) for number in range(_EPOCHS)], photos.steps * _SMALL_BATCH)


def _timed(photos: object, number: int) -> float:
    started = time.perf_counter()
    for _ in photos.epoch(number):  # type: ignore[attr-defined]
        pass
    return time.perf_counter() - started


def _say(seconds: list[float], photos: int) -> None:
    print(json.dumps({"seconds": seconds, "photos": photos}))


def contest(contenders: Mapping[str, Sequence[str]], runs: int) -> None:
    """Run all in turn, each as a process, and print photos a second of the first epoch and of those after it."""
    first: dict[str, list[float]] = {name: [] for name in contenders}
    later: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(runs):
        for name, command in contenders.items():
            done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(f"{name} failed:\n{done.stderr[-2000:]}")
            said = json.loads(done.stdout.strip().splitlines()[-1])
            rates = [said["photos"] / seconds for seconds in said["seconds"]]
            first[name].append(rates[0])
            later[name].append(statistics.median(rates[1:]))
    print(f"{'photos a second':34} {'first epoch':>12} {'(spread)':>15} {'later':>10} {'(spread)':>15}  n")
    for name in contenders:
        columns = [
            f"{statistics.median(rates):{width},.0f} {f'({min(rates):,.0f}-{max(rates):,.0f})':>15}"
            for rates, width in ((first[name], 12), (later[name], 10))
        ]
        print(f"{name:34} {' '.join(columns)}  {runs}")


def _machine() -> None:
    names = ("numpy", "opencv-python-headless", "simplejpeg", "torch", "torchvision", "fastai", "webdataset")
    found = []
    for name in names:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(f"no {name}")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"{platform.machine()}, {cores} cores, Python {platform.python_version()}, {', '.join(found)}")


def _installed(name: str, needs: str) -> bool:
    there = util.find_spec(needs) is not None
    if not there:
        print(f"{name} is left out: it is not installed")
    return there


def photographs(given: argparse.Namespace) -> None:
    """The contest on a folder, and on shards made of it."""
    from foveal.data.writers import webdataset
    from foveal.workflows.convert import convert

    # The library webdataset gives whole shards to its workers: all of them shall have some.
    webdataset._SHARD_PHOTOS = 100
    with Place() as place:
        shards = place.folder / "shards"
        convert(given.folder, to="webdataset", out=shards)
        numbers = [str(each) for each in (given.batch, given.size)]
        workers = str(given.workers)
        own = [__file__, "--batch", numbers[0], "--size", numbers[1], "--workers", workers]
        after = [*numbers, str(_EPOCHS), workers]
        contenders = {
            "foveal, folder": [*own, "--own", "shuffle", given.folder],
            "torchvision ImageFolder": [str(_RIVALS / "torchvision_feed.py"), given.folder, *after],
            "foveal, shards": [*own, "--own", "shards", str(shards)],
        }
        if _installed("fastai", "fastai"):
            contenders["fastai"] = [str(_RIVALS / "fastai_feed.py"), given.folder, *after]
        if _installed("webdataset", "webdataset"):
            contenders["webdataset, shards"] = [str(_RIVALS / "webdataset_feed.py"), str(shards), *after]
        contest(contenders, given.runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", default="")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--own", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.own == "small":
        small_feed(given.workers)
    elif given.own:
        feed(given.folder, given.batch, given.size, given.workers, given.own)
    else:
        _machine()
        if given.small:
            numbers = map(str, (_SMALL, _SMALL_BATCH, _EPOCHS, given.workers))
            contenders = {
                "foveal, 32×32": [__file__, "--workers", str(given.workers), "--own", "small"],
                "torchvision transforms, 32×32": [str(_RIVALS / "torchvision_small.py"), *numbers],
            }
            contest(contenders, given.runs)
        else:
            photographs(given)


if __name__ == "__main__":
    main()
