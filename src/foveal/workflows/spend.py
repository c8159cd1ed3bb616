"""`fit` with time to spend: the probe first, then fine-tuning for as long as it can pay; the better one is returned."""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from foveal.data.dataset import Dataset
from foveal.data.read import read
from foveal.data.split_file import Split
from foveal.errors import FovealError
from foveal.features.settings import Settings
from foveal.types.before_after import BeforeAfter, Side
from foveal.workflows.fit import Fit, fit_in_full
from foveal.workflows.recipe import Recipe
from foveal.workflows.train import WRITING_S, Listener, Trained, train_in_full
from foveal.workflows.train_wishes import TrainWishes

_RECIPE = "linear-then-full"
_FIRST_JUDGED = 2
_SLOWEST_DECAY = 0.9


class NoGainError(Exception):
    """Fine-tuning was stopped, for the probe will not be reached."""


@dataclass
class Forecast:
    """What fine-tuning can be expected to bring, from the held-out photos after each epoch.

    The log-loss there falls from epoch to epoch by less and less: what is still to come is the sum of a geometric
    series with the ratio of the last two falls (½ after one fall, at most 0.9, 0 where it rises). Mistakes are taken
    to be proportional to the log-loss: expected accuracy = 1 − mistakes of the probe · expected loss / loss of the
    probe.

    Args:
        probe: The frozen probe on the held-out photos, once it is known.
        listener: Told everything that comes by.
        until: When the budget is spent, by `time.perf_counter`: a training that does not keep to it is given up.
        losses: Log-loss on the held-out photos after each epoch.
        expected: Expected gain in accuracy after each epoch from the second on.
        best: The highest accuracy seen there.
    """

    listener: Listener | None = None
    until: float = math.inf
    probe: Side | None = None
    losses: list[float] = field(default_factory=list)
    expected: list[float] = field(default_factory=list)
    best: float = 0.0

    def begin(self, probe: Side) -> None:
        """The yardstick is known.

        Args:
            probe: The frozen probe on the held-out photos.

        Raises:
            NoGainError: It makes no mistake there.
        """
        self.probe = probe
        if probe["accuracy"] == 1:
            raise NoGainError("there is nothing to gain: the probe makes no mistake on the held-out photos")

    def __call__(self, event: Any) -> None:
        """An event of the training.

        Raises:
            NoGainError: No gain is expected, and none was seen; or time is up.
        """
        if self.listener is not None:
            self.listener(event)
        if time.perf_counter() > self.until:
            raise NoGainError("time was up before fine-tuning came to an end")
        row = getattr(event, "row", None)
        if row is not None and row["held_loss"] is not None:
            self.judge(float(row["held_loss"]), float(row["held_accuracy"]))

    def judge(self, loss: float, accuracy: float) -> None:
        """Take an epoch in.

        Args:
            loss: Log-loss on the held-out photos.
            accuracy: Accuracy there.

        Raises:
            NoGainError: No gain is expected, and none was seen.
        """
        self.losses.append(loss)
        self.best = max(self.best, accuracy)
        if self.probe is None or len(self.losses) < _FIRST_JUDGED:
            return
        mistakes = 1 - self.probe["accuracy"]
        gain = mistakes * (1 - expected_loss(self.losses) / max(self.probe["log_loss"], 1e-9))
        self.expected.append(gain)
        if gain <= 0 and self.best <= self.probe["accuracy"]:
            raise NoGainError(
                f"fine-tuning was stopped after {len(self.losses)} epochs, for it would not reach the probe: "
                f"{100 * gain:+.1f} points were expected from the log-loss of the held-out photos"
            )


def expected_loss(losses: list[float]) -> float:
    """Where a falling loss is going.

    Args:
        losses: Two or more, an epoch each.
    """
    falls = [first - second for first, second in itertools.pairwise(losses)]
    last = falls[-1]
    if last <= 0:
        return losses[-1]
    ratio = last / falls[-2] if len(falls) > 1 and falls[-2] > 0 else 0.5
    ratio = min(ratio, _SLOWEST_DECAY)
    return max(0.0, losses[-1] - last * ratio / (1 - ratio))


def fit_within(
    photos: str | Path | Dataset,
    recipe: Recipe,
    budget_s: float,
    *,
    test: str | Path | Dataset | None = None,
    split: str | Path | Split = "auto",
    settings: Settings | None = None,
    listener: Listener | None = None,
) -> Fit:
    """Fit a probe, and go on to fine-tuning where the extra `train` is installed and time is left.

    The fine-tuned network is returned where it answers the held-out photos better than a probe learnt from the same
    photos did, by accuracy, and where chance could explain that, by log-loss too; else the probe of all photos.

    Args:
        photos: As for `fit`.
        recipe: What to learn.
        budget_s: Seconds for everything.
        test: As for `fit`.
        split: As for `fit`.
        settings: How to run.
        listener: Told how the training goes.

    Raises:
        FovealError: Those of `fit`.
    """
    started = time.perf_counter()
    dataset = photos if isinstance(photos, Dataset) else read(photos)
    tests = read(test) if isinstance(test, str | Path) else test
    fitted = fit_in_full(dataset, recipe, test=tests, split=split, settings=settings)
    after_probe = time.perf_counter() - started
    forecast = Forecast(listener, until=started + budget_s)
    trained, reason = _tried(dataset, recipe, budget_s - after_probe, tests, split, settings, forecast)
    story = None if trained is None else trained.before_after
    better = story is not None and is_better(story)
    spent = time.perf_counter() - started
    record = {
        "asked_s": budget_s,
        "spent_s": round(spent, 1),
        "probe_s": round(after_probe, 1),
        "tried": trained is not None or bool(forecast.losses),
        "chosen": "fine-tuned" if better else "probe",
        "reason": reason or _why(story),
        "expected_gains": [round(each, 4) for each in forecast.expected],
        "before_after": story,
    }
    done = Fit(trained.model, trained.measured, trained.findings) if trained is not None and better else fitted
    kept = done.model.record
    seconds = {**kept["seconds"], "total": round(spent, 3)}
    return replace(done, model=replace(done.model, record={**kept, "seconds": seconds, "budget": record}))


def is_better(story: BeforeAfter) -> bool:
    """Whether the fine-tuned network is to be returned: a gain, and not one that chance alone explains.

    Args:
        story: Of the held-out photos.
    """
    surer = story["after"]["log_loss"] < story["before"]["log_loss"]
    return story["difference"] > 0 and (story["payoff"] == "pays" or surer)


def _tried(
    dataset: Dataset,
    recipe: Recipe,
    left_s: float,
    test: Dataset | None,
    split: str | Path | Split,
    settings: Settings | None,
    forecast: Forecast,
) -> tuple[Trained | None, str]:
    """What fine-tuning came to, or why there is nothing."""
    if dataset.multi_label:
        return None, "photos with any number of labels are not fine-tuned on yet"
    if "," in recipe.backbone:
        return None, "several networks side by side are not fine-tuned"
    if left_s <= WRITING_S:
        return None, "no time was left after the probe"
    try:
        wishes = TrainWishes(recipe=_RECIPE, backbone=recipe.backbone, budget_s=left_s, seed=recipe.seed)
        done = train_in_full(
            dataset,
            wishes,
            test=test,
            split=split,
            settings=settings,
            listener=forecast,
            told_of_probe=forecast.begin,
        )
    except NoGainError as error:
        return None, str(error)
    except FovealError as error:
        # Whatever it is, the probe is as good as it was.
        return None, f"no fine-tuning: {error.message}; {error.hint}"
    return done, ""


def _why(story: BeforeAfter | None) -> str:
    return "" if story is None else story["conclusion"].removesuffix("; use `foveal fit`")
