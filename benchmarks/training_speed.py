"""Fine-tuning all layers: photos a second of foveal's loop, of a plain torchvision-style loop, of timm's and of fastai.

Claim: on two cores, with lite0 at 224 pixels and the same random crops, foveal's loop trains at least 1.5 times as many
    photos a second as the plain loop and as fastai, both with their allocator tuned (foveal tunes its own).
Command: python benchmarks/training_speed.py FOLDER [--runs 3] [--photos 600] [--epochs 1] [--batch 0]
             [--rival-batch 32] [--workers 2] [--threads 0] [--size 224] [--hand-tuned]
             [--timm]
    FOLDER has a folder of photos for each class; --photos takes so many of them, spread over all; 0 takes all. With
    --batch 0 foveal has the recipe's own. --hand-tuned adds a plain loop with channels_last, batch norms that stand
    still and batches of 8; --timm adds timm's loader. The others read photos in --workers processes, foveal in
    --threads threads; 0 is as many as it takes by itself. fastai takes part where it is installed.
         python benchmarks/training_speed.py FOLDER --backbone resnet50 --weights random --device auto --timm
             --photos 0 --rival-batch 256 --workers 16
    on a GPU: from random weights by the recipe from-scratch, all in bfloat16 and channels_last.
What is timed: every step after the first --warm ones, reading of photos included, start-up and measuring left out. One
    epoch is one look at each photo: foveal decodes once, so that more --epochs favour it. foveal's recipe keeps the
    statistics of batch norms frozen where it begins with published weights; the others train them, as they come.
    Photos, seconds and so the rate are of the same folder for all; batches are each contender's own.
Result: printed; each figure with its spread over the runs, which go A B C A B C. See docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import metadata, util
from pathlib import Path
from typing import Any

import numpy as np
from harness import TUNED_MALLOC, Contender, Place

_RIVALS = Path(__file__).parent / "rivals"
_CROP = (0.35, 1.0)


class Clock:
    """A listener that knows how many photos were trained on after the first steps, and in what time.

    Args:
        warm: How many steps.
        batch: Photos a step.
    """

    def __init__(self, warm: int, batch: int) -> None:
        self._warm, self._batch = warm, batch
        self._began: tuple[int, float] | None = None
        self.photos, self.seconds, self.notes = 0, 0.0, list[str]()

    def __call__(self, event: Any) -> None:
        """Take note of an event."""
        from foveal.training.events import EpochDone, Note, StepDone

        now = time.perf_counter()
        if isinstance(event, Note):
            self.notes.append(event.text)
        elif isinstance(event, StepDone):
            self._steps = event.steps
            if self._began is None and event.step >= self._warm:
                self._began = event.step, now
        elif isinstance(event, EpochDone) and self._began is not None:
            step, began = self._began
            self.photos = round((event.row["epochs"] * self._steps - step) * self._batch)
            self.seconds = now - began


def own(given: argparse.Namespace) -> None:
    """Train as `foveal train` does, but with the rivals' crops, at the full size all the way and no photos held out.

    The last layer begins with zeros instead of a probe, which costs no less a step.
    """
    from foveal.data.read import read
    from foveal.training.carry_out import carry_out
    from foveal.training.networks.catalogue import find_spec
    from foveal.training.networks.create import create
    from foveal.training.options import Options
    from foveal.training.ranks.world import World
    from foveal.training.recipes import find_recipe
    from foveal.training.settings import TrainingData, TrainSettings
    from foveal.workflows.frozen_network import evaluated_as

    pretrained = given.weights != "random"
    recipe = _cropped(find_recipe("linear-then-full" if pretrained else "from-scratch"))
    network = create(find_spec(given.backbone), pretrained=pretrained)
    dataset = read(given.folder)
    without = tuple(word for word in ("smaller", "wise") if word in recipe.parts)
    options = Options(
        recipe=recipe.name, epochs=given.epochs, batch=given.batch or None, size=given.size, without=without
    )
    data = TrainingData(
        photos=dataset.photos(),
        labels=dataset.labels,
        class_names=dataset.class_names,
        train_rows=np.arange(len(dataset)),
        held_rows=np.zeros(0, np.intp),
        preprocess=evaluated_as(network.spec.preprocess, given.size),
    )
    start = _zeros(network, data.classes) if recipe.rooted else None
    with tempfile.TemporaryDirectory() as folder:
        batch = recipe.phases(recipe.build(network, data.classes, options, start), options)[0].batch
        clock = Clock(given.warm, min(batch, len(dataset)))
        settings = TrainSettings(
            folder=Path(folder),
            device=given.device,
            threads=given.threads,
            listener=clock,
        )
        carried = carry_out(recipe, network, data, options, settings, World(), start=start)
    device = carried.outcome.device.describe()
    print(json.dumps({"photos": clock.photos, "seconds": clock.seconds, "says": f"batch {batch}, {device}"}))


def _cropped(recipe: Any) -> Any:
    """The recipe with the crops that all contenders have."""

    class Cropped(type(recipe)):  # type: ignore[misc]
        def phases(self, recogniser: Any, options: Any) -> tuple[Any, ...]:
            planned = super().phases(recogniser, options)
            return tuple(replace(each, augment=replace(each.augment, crop=_CROP)) for each in planned)

    return Cropped()


def _zeros(network: Any, classes: int) -> Any:
    from foveal.heads.linear import LinearHead
    from foveal.training.probe_start import start_outputs
    from foveal.training.start import Start

    outputs = start_outputs(network)
    width = sum(network.output_columns[name] for name in outputs)
    zeros, ones = np.zeros(width, np.float32), np.ones(width, np.float32)
    return Start(
        outputs, LinearHead(zeros, ones, np.zeros((width, classes), np.float32), np.zeros(classes, np.float32))
    )


def contest(contenders: Mapping[str, Contender], runs: int) -> None:
    """Run all in turn, each as a process, and print photos a second."""
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    said: dict[str, str] = {}
    for number in range(runs):
        for name, contender in contenders.items():
            done = subprocess.run(
                [sys.executable, *contender.command],
                env={**os.environ, **contender.environment},
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                sys.exit(f"{name} failed:\n{done.stderr[-2000:]}")
            told = json.loads(done.stdout.strip().splitlines()[-1])
            if not told["photos"]:
                sys.exit(f"{name}: no step after the first ones; ask for more --photos, or a smaller --warm")
            rates[name].append(told["photos"] / told["seconds"])
            said[name] = f"{told['photos']} photos in {told['seconds']:.1f} s; {told.get('says', '')}".rstrip("; ")
            print(f"  run {number + 1}, {name}: {rates[name][-1]:.1f}/s", file=sys.stderr)
    base = statistics.median(next(iter(rates.values())))
    print(f"{'photos a second':34} {'median':>8} {'min':>8} {'max':>8} {'foveal is':>10}  n")
    for name, each in rates.items():
        middle = statistics.median(each)
        print(f"{name:34} {middle:8.1f} {min(each):8.1f} {max(each):8.1f} {base / middle:9.2f}x  {runs}   {said[name]}")


def machine() -> None:
    """Print what the figures were taken on."""
    found = []
    for name in ("foveal", "torch", "torchvision", "timm", "fastai"):
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(f"no {name}")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{platform.machine()}, {cores} cores{load}, Python {platform.python_version()}, {', '.join(found)}")


def some(folder: Path, most: int, into: Path) -> Path:
    """A folder with so many of the photos, spread evenly over all classes; the folder itself for 0."""
    photos = sorted(each for each in folder.rglob("*") if each.is_file() and each.parent != folder)
    if not most or most >= len(photos):
        return folder
    for row in np.linspace(0, len(photos) - 1, most).round().astype(int).tolist():
        target = into / photos[row].relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(photos[row], target)
    return into


def rivals(given: argparse.Namespace, folder: Path) -> dict[str, Contender]:
    """The commands of those foveal is compared with."""
    weights, name = given.weights, given.backbone
    if weights != "random":
        from foveal.backbones.catalogue import find
        from foveal.backbones.network import weights_file

        card = find(given.backbone)
        weights, name = str(weights_file(card)), f"tf_{card.name.rpartition('.')[0]}"

    def command(script: str, *more: str, batch: int = given.rival_batch) -> Contender:
        numbers = {"batch": batch, "epochs": given.epochs, "size": given.size, "workers": given.workers}
        words = [word for key, value in {**numbers, "warm": given.warm}.items() for word in (f"--{key}", str(value))]
        words += ["--network", name, "--weights", weights, "--device", given.device, *more]
        return Contender([str(_RIVALS / script), str(folder), *words], environment=TUNED_MALLOC)

    found: dict[str, Callable[[], Contender]] = {"torchvision-style loop": lambda: command("torchvision_train.py")}
    if given.hand_tuned:
        found["the same, tuned by hand, batch 8"] = lambda: command("torchvision_train.py", "--hand-tuned", batch=8)
    if given.timm:
        found["timm's loader and loop"] = lambda: command("torchvision_train.py", "--loader", "timm")
    if util.find_spec("fastai") is not None:
        found["fastai"] = lambda: command("fastai_train.py")
    else:
        print("fastai is left out: it is not installed")
    return {name: make() for name, make in found.items()}


def main() -> None:
    """Race the contenders."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    numbers = {
        "runs": 3,
        "photos": 600,
        "epochs": 1,
        "batch": 0,
        "rival-batch": 32,
        "workers": 2,
        "threads": 0,
        "size": 224,
    }
    for name, value in {**numbers, "warm": 4}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--backbone", default="lite0")
    parser.add_argument("--weights", choices=("auto", "random"), default="auto")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--hand-tuned", action="store_true")
    parser.add_argument("--timm", action="store_true")
    parser.add_argument("--own", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.own:
        own(given)
        return
    machine()
    with Place() as place:
        folder = some(given.folder, given.photos, place.folder / "photos")
        words = ["--epochs", str(given.epochs), "--batch", str(given.batch), "--size", str(given.size)]
        words += ["--threads", str(given.threads), "--warm", str(given.warm), "--backbone", given.backbone]
        words += ["--weights", given.weights, "--device", given.device]
        mine = Contender([__file__, str(folder), "--own", *words])
        contest({"foveal": mine, **rivals(given, folder)}, given.runs)


if __name__ == "__main__":
    main()
