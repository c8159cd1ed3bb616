"""Prediction sets and abstention: do they keep their promise, and how do MAPIE and crepes fare on the same numbers?

Claim: 95 % sets learnt out of fold hold the true class of 93 to 97 % of the validation photos of clothes, and over
random halves of the photos 95 % on average; they are no larger than those of any rival that covers as much. Choosing
among four rules and making the sets takes less time than one adaptive rule of a rival. With `max_error` 0.02 at most
3 % of the answers on the validation photos are wrong.
Command: python benchmarks/prediction_sets.py CLOTHING [--rival-python PYTHON] [--splits 100]
    CLOTHING holds train/ and validation/ with a folder a class. PYTHON is an interpreter with mapie or crepes; without
    it the rivals are left out. A split calibrates on one half of the training photos' out-of-fold probabilities and
    judges on the other; mean ± standard deviation over splits.
Result: see docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import subprocess
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
from harness import Place, machine
from numpy.typing import NDArray

from foveal.assurance.conformal import learn_sets
from foveal.assurance.selective import learn_abstention
from foveal.data.read import read
from foveal.data.splits import stratified_folds
from foveal.features.extract import extract
from foveal.features.settings import Settings, open_cache
from foveal.metrics.calibration import softmax
from foveal.probes.axes import principal_axes
from foveal.probes.calibrate import calibrate
from foveal.probes.select import select
from foveal.runtimes.engine import EnginePool
from foveal.trust.set_scores import SetRule, label_places
from foveal.trust.sets import PredictionSets
from foveal.workflows.views import cards_for, effort_named, views_for

COVERAGE, MAX_ERROR = 0.95, 0.02
# Of these the fastest counts, here and for the rivals.
RUNS = 5
OWN = {
    "foveal LAC": SetRule("lac"),
    "foveal APS": SetRule("aps"),
    "foveal RAPS": SetRule("raps", 0.05, 2),
}
CHOSEN = "foveal, rule chosen"

Probs = NDArray[np.float32]
Labels = NDArray[np.int32]
Case = tuple[Probs, Labels, NDArray[np.int8], Probs, Labels]


def main() -> None:
    """Learn, ask the rivals, and print what each covered and how many classes it named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clothing", type=Path)
    parser.add_argument("--rival-python", default="")
    parser.add_argument("--splits", type=int, default=100)
    chosen = parser.parse_args()
    machine()
    with Place() as place:
        clothes = clothing(chosen.clothing)
        cases = {"validation": clothes, **{f"split/{seed}": halves(clothes, seed) for seed in range(chosen.splits)}}
        cases.update({"timed/3,068 x 10": clothes, "timed/10,000 x 50": synthetic(20_000, 50)})
        found: dict[str, NDArray[np.bool_]] = {}
        seconds: dict[str, float] = {}
        for name, case in cases.items():
            ours(name, case, found, seconds)
        if chosen.rival_python:
            theirs(chosen.rival_python, place.folder, cases, found, seconds)
        else:
            print("no --rival-python: the rivals are left out")
    show_sets(cases, found)
    show_abstention(cases)
    show_seconds(seconds)


def clothing(folder: Path) -> Case:
    """Out-of-fold probabilities of the training photos with labels and folds; those of the validation photos."""
    train, validation = read(folder / "train"), read(folder / "validation")
    settings, effort = Settings(), effort_named("default")
    views = views_for(cards_for("auto", effort), effort, train.photos(), settings)
    features = []
    with open_cache(settings) as cache:
        for photos in (train, validation):
            with extract(photos.photos(), views, cache, engines=EnginePool()) as extracted:
                features.append(extracted.gather(np.arange(len(photos)), views))
    folds = stratified_folds(train.labels, folds=5, seed=0)
    axes = {"default": lambda: principal_axes(features[0])}
    selection = select(axes, train.labels, folds, classes=len(train.class_names))
    found = calibrate(selection.out_of_fold, train.labels, folds)
    logits = selection.head.logits(features[1]) * found.scale + found.shift
    return found.out_of_fold, train.labels, folds, softmax(logits, found.temperature), validation.labels


def halves(case: Case, seed: int) -> Case:
    """The photos of a case's first half to learn from and the others to judge on, drawn at random."""
    probs, labels, folds, *_ = case
    order = np.random.default_rng(seed).permutation(len(labels))
    known, asked = order[: len(order) // 2], order[len(order) // 2 :]
    return probs[known], labels[known], folds[known], probs[asked], labels[asked]


def synthetic(photos: int, classes: int) -> Case:
    """Probabilities that mean what they say, for the time alone."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(photos, classes)).astype(np.float32)
    labels = rng.integers(0, classes, photos).astype(np.int32)
    logits[np.arange(photos), labels] += 3
    return halves((softmax(2 * logits), labels, (np.arange(photos) % 5).astype(np.int8), logits, labels), 0)


def ours(name: str, case: Case, found: dict[str, NDArray[np.bool_]], seconds: dict[str, float]) -> None:
    """foveal's sets by the rule it chooses, and by each rule by itself."""
    probs, labels, folds, asked, _ = case
    makers: dict[str, Callable[[], PredictionSets]] = {CHOSEN: lambda: learn_sets(probs, labels, folds)}
    makers.update({title: partial(fixed, rule, probs, labels) for title, rule in OWN.items()})
    for title, make in makers.items():
        times = []
        for _ in range(RUNS if name.startswith("timed") else 1):
            started = time.perf_counter()
            sets = make()
            found[f"{name}|{title}"] = sets.sets(asked, COVERAGE)
            times.append(time.perf_counter() - started)
        seconds[f"{name}|{title}"] = min(times)
        if name == "validation" and title == CHOSEN:
            print(f"chosen on all training photos: {sets.rule.title}")


def fixed(rule: SetRule, probs: Probs, labels: Labels) -> PredictionSets:
    """Sets by that rule without any choice."""
    scores = np.sort(rule.scores(label_places(probs, labels)))
    return PredictionSets(rule, len(labels), np.arange(1, len(labels) + 1), scores, scores)


def theirs(
    python: str, folder: Path, cases: Mapping[str, Case], found: dict[str, NDArray[np.bool_]], seconds: dict[str, float]
) -> None:
    """The rivals' sets, from the same probabilities."""
    arrays = {}
    for name, (probs, labels, _, asked, _) in cases.items():
        arrays.update({f"known_{name}": probs, f"labels_{name}": labels, f"asked_{name}": asked})
    given, made = folder / "cases.npz", folder / "sets.npz"
    np.savez(given, **arrays)
    rival = Path(__file__).parent / "rivals" / "conformal_sets.py"
    subprocess.run([python, str(rival), str(given), str(made), str(COVERAGE)], check=True)
    for key, value in np.load(made).items():
        if key.startswith("seconds|"):
            seconds[key.removeprefix("seconds|")] = float(value)
        else:
            found[key] = value


def show_sets(cases: Mapping[str, Case], found: Mapping[str, NDArray[np.bool_]]) -> None:
    """Coverage, classes in a set and sets without any class, on validation and over the splits."""
    splits = [name for name in cases if name.startswith("split/")]
    asked = f"{COVERAGE:.0%} sets"
    print(f"\n{asked:22} validation: coverage  size  empty  same as LAC   {len(splits)} splits: coverage       size")
    for title in dict.fromkeys(key.split("|")[1] for key in found):
        sets, labels = found[f"validation|{title}"], cases["validation"][4]
        same = (sets == found["validation|foveal LAC"]).all(axis=1).mean()
        line = f"{title:34} {covered(sets, labels):.3f} {sets.sum(axis=1).mean():6.3f} {empty(sets):6.3f} {same:8.3f}"
        each = [(found[f"{name}|{title}"], cases[name][4]) for name in splits]
        shares = [covered(*pair) for pair in each]
        sizes = [pair[0].sum(axis=1).mean() for pair in each]
        line += f"{'':20} {np.mean(shares):.4f} ± {np.std(shares):.4f}  {np.mean(sizes):.3f} ± {np.std(sizes):.3f}"
        print(line)


def covered(sets: NDArray[np.bool_], labels: Labels) -> float:
    """Share of photos whose set holds the true class."""
    return float(sets[np.arange(len(labels)), labels].mean())


def empty(sets: NDArray[np.bool_]) -> float:
    """Share of photos that are told no class at all."""
    return float((~sets.any(axis=1)).mean())


def show_abstention(cases: Mapping[str, Case]) -> None:
    """Share answered and share of those wrong, on validation and over the splits."""
    print(f"\nanswered with at most {MAX_ERROR:.0%} wrong, promised at 90 %")
    rows = {}
    for name, (probs, labels, folds, asked, truth) in cases.items():
        answered = learn_abstention(probs, labels, folds).answered(asked, MAX_ERROR)
        wrong = (asked.argmax(axis=1) != truth)[answered]
        rows[name] = (float(answered.mean()), float(wrong.mean()) if len(wrong) else 0.0, len(wrong))
    share, error, count = rows["validation"]
    print(f"validation: {share:.3f} answered ({count} photos), {error:.4f} of them wrong")
    splits = np.array([row[:2] for name, row in rows.items() if name.startswith("split/")])
    if len(splits):
        (share, error), spread = splits.mean(axis=0), splits.std(axis=0)
        above = (splits[:, 1] > MAX_ERROR).mean()
        print(
            f"{len(splits)} splits: {share:.3f} ± {spread[0]:.3f} answered, {error:.4f} ± {spread[1]:.4f} of them "
            f"wrong; above {MAX_ERROR} on {above:.0%} of the halves judged"
        )


def show_seconds(seconds: Mapping[str, float]) -> None:
    """Calibration and sets together, the fastest of five runs, and the ratio to foveal with its choice among rules."""
    for case in dict.fromkeys(key.split("|")[0] for key in seconds if key.startswith("timed/")):
        print(f"\nseconds, {case.removeprefix('timed/')}")
        for key, value in seconds.items():
            if key.split("|")[0] == case:
                print(f"{key.split('|')[1]:24} {value:8.4f}  {value / seconds[f'{case}|{CHOSEN}']:7.1f}")


if __name__ == "__main__":
    main()
