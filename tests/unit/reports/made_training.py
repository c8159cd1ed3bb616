"""What a model remembers of a training, made up."""

from __future__ import annotations

from typing import Any

from foveal.types.before_after import conclusion_of, payoff_of


def made_story(difference: float = 0.015, p: float = 0.04) -> dict[str, Any]:
    """A frozen probe against a fine-tuned network."""

    def side(title: str, accuracy: float, **more: Any) -> dict[str, Any]:
        return {
            "title": title,
            "network": "Made",
            "accuracy": accuracy,
            "interval": {"low": accuracy - 0.02, "high": accuracy + 0.02, "method": "Wilson score, 95 %"},
            "log_loss": 0.3,
            "ece": 0.02,
            "seconds": 20.0,
            "milliseconds": 12.0,
            "megabytes": 13.5,
            "parameters": 3_000_000,
            "trained": 6_000,
            **more,
        }

    story: dict[str, Any] = {
        "on": "held-out photos",
        "photos": 600,
        "before": side("frozen probe", 0.9),
        "after": side("trained", 0.9 + difference, seconds=600.0, trained=3_000_000),
        "difference": difference,
        "interval": {"low": difference - 0.02, "high": difference + 0.02, "method": "Tango score, paired, 95 %"},
        "gained": 20,
        "lost": 11,
        "p": p,
        "detectable": 0.02,
        "needed": 900,
        "payoff": payoff_of(difference, p),
        "conclusion": "",
        "advice": "",
    }
    story["conclusion"] = conclusion_of(story)  # type: ignore[arg-type]
    return story


def made_epoch(epoch: int, phase: str = "all layers", *, held: bool = True) -> dict[str, Any]:
    """A row of a history."""
    return {
        "phase": phase,
        "epoch": epoch,
        "epochs": float(epoch),
        "train_loss": 0.5 / epoch,
        "train_accuracy": 1 - 0.3 / epoch,
        "held_loss": 0.4 / epoch if held else None,
        "held_accuracy": 1 - 0.2 / epoch if held else None,
        "rate": 1e-4,
        "size": 192,
        "images_per_s": 40.0,
        "seconds": 75.0 * epoch,
    }


def made_training(**changes: Any) -> dict[str, Any]:
    """The section "training" of a record."""
    return {
        "recipe": "distill",
        "network": "lite0.in1k",
        "teacher": "big<b>.foveal",
        "parts": ["clip", "ema"],
        "options": {"epochs": None, "budget_s": 900.0, "batch": 16, "rate": None, "size": None},
        "processes": 2,
        "device": "CPU",
        "epochs": 3.0,
        "best_epoch": 3,
        "kept_epoch": 3,
        "mixed": None,
        "history": [made_epoch(1, "head"), made_epoch(2), made_epoch(3)],
        "trained_parameters": 3_000_000,
        "delta_bytes": 12_000_000,
        "parameters": 3_000_000,
        "held_out_used_for": ["when to stop"],
        "notes": ["the allocator was told to keep memory", "a note with <script>alert(1)</script>"],
        "export": {"photos": 300, "agreement": 1.0, "max_probability_difference": 3.2e-6},
        "seconds": {"training": 600.0, "export": 9.0},
        "before_after": made_story(),
        **changes,
    }
