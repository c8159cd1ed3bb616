"""Frozen probe against fine-tuned network on the same photos: accuracy, paired test, cost, and whether it paid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from foveal.classifier.classifier import Classifier
from foveal.data.photo import AnyPhoto
from foveal.evaluation.compare import comparison
from foveal.evaluation.measured import Measured
from foveal.evaluation.speed import latency
from foveal.imaging.preprocess import Preprocess
from foveal.types.before_after import BeforeAfter, Side, conclusion_of, payoff_of
from foveal.types.comparison import Comparison
from foveal.types.evaluation import Evaluation

_LATENCY_SECONDS = 1.0
_LATENCY_PHOTOS = 100


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What it took to learn a classifier, and what it takes to run it.

    Args:
        network: Title of the network, for people.
        seconds: Until it was learnt.
        parameters: Of network and head.
        trained: How many of them were learnt from the photos.
        megabytes: Size of network and head.
        milliseconds: Median of one photo, from file to answer, on this machine.
    """

    network: str
    seconds: float
    parameters: int
    trained: int
    megabytes: float
    milliseconds: float


def cost_of(
    model: Classifier, photos: Sequence[AnyPhoto], *, network: str, seconds: float, parameters: int, trained: int
) -> Cost:
    """Weigh and time a classifier.

    Args:
        model: The classifier.
        photos: Readable photos of the kind that it is for.
        network: Title of its network.
        seconds: What learning took.
        parameters: Of network and head.
        trained: Of these, what was learnt.
    """
    contents = {view.network.sha256: len(view.network.content) for view in model.views}
    weight = sum(contents.values()) + sum(array.nbytes for array in model.head.arrays().values())
    some = [photos[row] for row in range(0, len(photos), max(1, len(photos) // _LATENCY_PHOTOS))]
    model.predict(some[:2])  # loads the networks
    timed = latency(model, some, seconds=_LATENCY_SECONDS)
    return Cost(
        network=network,
        seconds=seconds,
        parameters=parameters,
        trained=trained,
        megabytes=round(weight / 1e6, 2),
        milliseconds=timed["p50_ms"],
    )


def compared(
    first: Measured, second: Measured, before: Cost, after: Cost, *, on: str, advice: str = ""
) -> tuple[Comparison, BeforeAfter]:
    """Put the two side by side.

    Args:
        first: The frozen probe, on some photos.
        second: The trained network, on the same.
        before: Cost of the first.
        after: Cost of the second.
        on: What the photos are, for people.
        advice: What to do, where there is more to say than the verdict.
    """
    titles = "frozen probe", "trained"
    told = comparison(titles, first, second)
    found: BeforeAfter = {
        "on": on,
        "photos": told.first.photos,
        "before": side_of(titles[0], told.first, before),
        "after": side_of(titles[1], told.second, after),
        "difference": told.difference,
        "interval": told.interval.to_dict(),
        "gained": told.gained,
        "lost": told.lost,
        "p": told.p,
        "detectable": told.detectable,
        "needed": told.needed,
        "payoff": payoff_of(told.difference, told.p),
        "conclusion": "",
        "advice": advice,
    }
    found["conclusion"] = conclusion_of(found)
    return told, found


def side_of(title: str, figures: Evaluation, cost: Cost) -> Side:
    """One of the two, with its figures and its cost.

    Args:
        title: What it is called.
        figures: What was measured.
        cost: What it took.
    """
    return {
        "title": title,
        "network": cost.network,
        "accuracy": figures.accuracy,
        "interval": figures.accuracy_interval.to_dict(),
        "log_loss": figures.log_loss,
        "ece": figures.ece,
        "seconds": round(cost.seconds, 1),
        "milliseconds": cost.milliseconds,
        "megabytes": cost.megabytes,
        "parameters": cost.parameters,
        "trained": cost.trained,
    }


def advice_of(found: BeforeAfter, *, own: bool, trained: Preprocess, frozen: Preprocess) -> str:
    """What there is to say besides the verdict; may be empty.

    Args:
        found: Frozen probe against trained network.
        own: Whether the probe stands on the very network that was trained.
        trained: How photos become the trained network's input.
        frozen: How they became the frozen one's.
    """
    if not own:
        return small_network_advice(found)
    return "" if trained.size_wh == frozen.size_wh else size_advice(trained, frozen)


def size_advice(trained: Preprocess, frozen: Preprocess) -> str:
    """That the two did not see the same pixels, where another size than the network's own was asked for.

    Args:
        trained: How photos become the trained network's input.
        frozen: How they became the frozen one's.
    """
    now, then = ("×".join(map(str, each.size_wh)) for each in (trained, frozen))
    return f"part of the difference: the trained network sees photos at {now} pixels, the probe saw them at {then}"


def small_network_advice(found: BeforeAfter) -> str:
    """What to use instead of a large network of long ago: the same photos, both measured, in a sentence.

    Args:
        found: With the small network's frozen probe before and the large network after.
    """
    small, large = found["before"], found["after"]
    slower = large["milliseconds"] / max(small["milliseconds"], 1e-9)
    return (
        f"{small['network']} frozen, with {small['parameters'] / 1e6:.1f} million parameters: {small['accuracy']:.1%}, "
        f"{small['milliseconds']:.0f} ms, {small['megabytes']:.0f} MB, {small['seconds'] / 60:.1f} min; "
        f"{large['network']}, with {large['parameters'] / 1e6:.0f} million: {large['accuracy']:.1%}, "
        f"{large['milliseconds']:.0f} ms ({slower:.1f} times as long), {large['megabytes']:.0f} MB, "
        f"{large['seconds'] / 60:.1f} min"
    )
