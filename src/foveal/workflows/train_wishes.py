"""What a training is asked for. Needs no torch, so that the command line can be asked for help without it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from foveal.errors import FovealError, unknown_name

_WORDS = {"amp": ("auto", "off", "bf16", "fp16"), "compile": ("auto", "on", "off"), "parallel": ("ddp", "fsdp")}

_OF_THE_RECIPE = (
    "recipe",
    "backbone",
    "epochs",
    "budget_s",
    "batch",
    "rate",
    "size",
    "with_",
    "without",
    "rank",
    "seed",
    "hold_out",
    "teacher",
)


@dataclass(frozen=True, kw_only=True)
class TrainWishes:
    """What to train, how, and where.

    Args:
        recipe: A name in `foveal.training.recipes.RECIPES`.
        backbone: Name of a network; "auto" = the recipe's own.
        epochs: How often every photo is looked at; None = as the recipe has it.
        budget_s: Seconds that everything may take, from reading the photos to the finished model; instead of epochs.
        batch: Photos a step.
        rate: Highest learning rate.
        size: Side of the network's input in pixels.
        with_: Parts of training to put in, names in `foveal.training.options.PARTS_OF_TRAINING`.
        without: Parts of training to leave out.
        rank: Width of what `lora` and `adapter` add to a layer.
        seed: Same photos, wishes and seed on the same machine: same model.
        hold_out: Share of the photos that is held out; None = what suits them.
        teacher: For `distill`: a `.foveal` file, or the name of a network.
        weights: "auto", or a file with the weights to start from.
        device: "auto", "cpu", "cuda", "cuda:1" or "mps".
        amp: Half precision: "auto" (measured), "off", "bf16" or "fp16".
        compile: torch.compile: "auto" (measured), "on" or "off".
        parallel: For several processes: "ddp" or "fsdp".
        tensorboard: Whether TensorBoard's files are written too.
        folder: The run folder, for logs and checkpoints; None = a temporary one, from which nothing can be resumed.
        resume: Whether to go on with the unfinished training in the folder.

    Raises:
        FovealError: `bad-option`: epochs and budget at once, or resuming without a folder. `unknown-name`: a word for
            `amp`, `compile` or `parallel`.
    """

    recipe: str = "linear-then-full"
    backbone: str = "auto"
    epochs: float | None = None
    budget_s: float | None = None
    batch: int | None = None
    rate: float | None = None
    size: int | None = None
    with_: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    rank: int | None = None
    seed: int = 0
    hold_out: float | None = None
    teacher: str = ""
    weights: str = "auto"
    device: str = "auto"
    amp: str = "auto"
    compile: str = "auto"
    parallel: str = "ddp"
    tensorboard: bool = False
    folder: Path | None = None
    resume: bool = False

    def __post_init__(self) -> None:
        for name, known in _WORDS.items():
            if getattr(self, name) not in known:
                raise unknown_name(f"word for --{name}", getattr(self, name), known)
        if self.epochs is not None and self.budget_s is not None:
            raise FovealError(
                "bad-option",
                "--budget: expected a length of time or --epochs, got both",
                hint="a budget finds out by itself how many epochs fit in",
            )
        if self.resume and self.folder is None:
            raise FovealError(
                "bad-option", "resume: expected a run folder, got none", hint="name the folder of the earlier training"
            )

    def options(self) -> Any:
        """The same as the recipes take it: `foveal.training.options.Options`.

        Raises:
            FovealError: `unknown-name`, `bad-option`.
        """
        from foveal.training.options import Options

        return Options(**{name: getattr(self, name) for name in _OF_THE_RECIPE})

    def record(self) -> dict[str, Any]:
        """What decides about the model, JSON-able: everything but where and on what it runs."""
        values = asdict(self)
        left_out = ("device", "tensorboard", "folder", "resume", "compile", "parallel")
        plain = {name: value for name, value in values.items() if name not in left_out}
        return {name.rstrip("_"): list(value) if isinstance(value, tuple) else value for name, value in plain.items()}
