"""The training of a network, for a template: what it brought against the frozen probe, what it cost, how it went."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foveal.reports.charts.training_curves import accuracy_curve, loss_curve
from foveal.reports.pages import Table
from foveal.reports.words import figure, joined, percent, points, with_ends
from foveal.types.before_after import BeforeAfter, Side, fold_line, main_story, said_seconds
from foveal.types.text import chance, counted

_STORIES = ("before_after_folds", "before_after", "before_after_test")


def training(record: Mapping[str, Any], name: str = "training") -> dict[str, Any] | None:
    """The section of a page; None for a model that was not trained.

    Args:
        record: The model's record.
        name: What its drawings begin with.
    """
    found = record.get("training")
    if not found:
        return _not_paid(record)
    story = main_story(found)
    history = found["history"]
    proof = found["export"]
    return {
        "what": _what(found),
        "conclusion": _sentence(story["conclusion"]),
        "advice": _sentence(story["advice"]),
        "sides": _sides(story),
        "paired": _paired([found[name] for name in _STORIES if name in found]),
        "folds": _sentence(fold_line(found["folds"]["differences"])) if "folds" in found else "",
        "loss": loss_curve(history, name=f"{name}-loss") if history else "",
        "accuracy": accuracy_curve(history, name=f"{name}-accuracy", probe=found["before_after"]["before"]["accuracy"])
        if history
        else "",
        "epochs": _epochs(history) if history else None,
        "proof": f"The exported network answered {counted(proof['photos'], 'held-out photo')} as the trained one did: "
        f"{proof['agreement']:.1%} the same class, probabilities off by {proof['max_probability_difference']:.1e} at "
        "most.",
        "notes": list(found["notes"]),
    }


def _not_paid(record: Mapping[str, Any]) -> dict[str, Any] | None:
    """Of a probe that was kept though a network was trained beside it."""
    story = record.get("budget", {}).get("before_after")
    if not story:
        return None
    return {
        "what": _sentence(budget_told(record)),
        "conclusion": _sentence(story["conclusion"]),
        "advice": "",
        "sides": _sides(story),
        "paired": _paired([story]),
        "folds": "",
        "loss": "",
        "accuracy": "",
        "epochs": None,
        "proof": "",
        "notes": [],
    }


def budget_told(record: Mapping[str, Any]) -> str:
    """What became of a budget of time, in a sentence; empty for a model that had none.

    Args:
        record: The model's record.
    """
    found = record.get("budget")
    if not found:
        return ""
    kept = "fine-tuned network" if found["chosen"] == "fine-tuned" else "frozen probe"
    spent = f"{said_seconds(found['spent_s'])} of {said_seconds(found['asked_s'])} were spent"
    return f"{spent}, and the {kept} is kept: {found['reason']}"


def told(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Recipe, teacher and parts, each with its value, for lists of settings; nothing for a model not trained.

    Args:
        record: The model's record.
    """
    found = record.get("training")
    if not found:
        return []
    options = found["options"]
    given = [f"{each} {options[each]:g}" for each in ("epochs", "batch", "rate", "size") if options.get(each)]
    if options.get("budget_s"):
        given.append(f"budget {said_seconds(options['budget_s'])}")
    pairs = [
        ("recipe", f"{found['recipe']}, on {found['network']}"),
        ("teacher", found["teacher"]),
        ("parts of training", ", ".join(found["parts"])),
        ("asked for", ", ".join(given)),
        ("trained", f"{_counted_epochs(found['epochs'])} on {counted(found['processes'], 'process', 'processes')}"),
    ]
    return [(name, value) for name, value in pairs if value]


def _what(found: Mapping[str, Any]) -> str:
    share = found["trained_parameters"] / max(1, found["parameters"])
    taught = f", taught by {found['teacher']}" if found["teacher"] else ""
    used = (
        f" The held-out photos also decided {joined(found['held_out_used_for'])}." if found["held_out_used_for"] else ""
    )
    epochs = _counted_epochs(found["epochs"])
    return (
        f"{found['network']} was trained by the recipe {found['recipe']}{taught} for {epochs}: "
        f"{found['trained_parameters']:,} of {found['parameters']:,} parameters ({share:.2%}).{used}"
    )


def _counted_epochs(epochs: float) -> str:
    return "1 epoch" if epochs == 1 else f"{epochs:g} epochs"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _sides(story: BeforeAfter) -> Table:
    sides = story["before"], story["after"]
    rows = [
        (title, *(form(each) for each in sides))
        for title, form in (
            ("network", lambda each: each["network"]),
            ("accuracy", lambda each: with_ends(each["accuracy"], each["interval"])),
            ("log loss", lambda each: figure(each["log_loss"])),
            ("calibration error", lambda each: percent(each["ece"])),
            ("time to learn", lambda each: said_seconds(each["seconds"])),
            ("parameters learnt", _learnt),
            ("one photo", lambda each: f"{each['milliseconds']:.1f} ms"),
            ("size", lambda each: f"{each['megabytes']:.1f} MB"),
        )
    ]
    caption = f"Before and after, on the same {counted(story['photos'], 'photo')}: {story['on']}"
    return Table(caption, ("", story["before"]["title"], story["after"]["title"]), rows)


def _learnt(side: Side) -> str:
    return f"{side['trained']:,} of {side['parameters']:,}"


def _paired(stories: list[BeforeAfter]) -> Table:
    rows = [
        (
            f"{each['on']} ({each['photos']:,})",
            f"{points(each['difference'])} ({100 * each['interval']['low']:+.1f} to "
            f"{100 * each['interval']['high']:+.1f})",
            f"{each['gained']:,}",
            f"{each['lost']:,}",
            chance(each["p"]).removeprefix("p ").removeprefix("= "),
            "-" if each["detectable"] is None else points(each["detectable"]).removeprefix("+"),
            "-" if each["needed"] is None else f"{each['needed']:,}",
        )
        for each in stories
    ]
    columns = ("photos", "difference", "gained", "lost", "p (McNemar)", "would show from", "photos it would take")
    return Table("Photo by photo, trained network against frozen probe", columns, rows)


def _epochs(history: list[Mapping[str, Any]]) -> Table:
    rows = [
        (
            f"{row['phase']} {row['epoch']}",
            figure(row["train_loss"]),
            percent(row["train_accuracy"]),
            figure(row["held_loss"]),
            percent(row["held_accuracy"]),
            f"{row['rate']:.2g}",
            f"{row['size']}",
            figure(row["images_per_s"], 0),
            said_seconds(row["seconds"]),
        )
        for row in history
    ]
    columns = ("epoch", "loss", "accuracy", "held-out loss", "held-out accuracy", "rate", "pixels", "images/s", "since")
    return Table("Every epoch; accuracy on photos trained on is of their varied forms", columns, rows)
