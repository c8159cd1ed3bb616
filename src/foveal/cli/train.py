"""`foveal train`: a network is trained on a folder of labelled photos, and has to beat the frozen probe."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from foveal.cli.options import (
    Classes,
    Columns,
    Exclude,
    Json,
    LabelFrom,
    NoCache,
    Precision,
    Quiet,
    Relabel,
    Runtime,
    Separator,
    Source,
    SplitBy,
    dataset_of,
    settings_of,
)

if TYPE_CHECKING:
    from foveal.workflows.train import Trained
    from foveal.workflows.train_wishes import TrainWishes

_AS_GIVEN = (
    "recipe",
    "backbone",
    "epochs",
    "hold_out",
    "batch",
    "rate",
    "size",
    "rank",
    "teacher",
    "weights",
    "seed",
    "device",
    "amp",
    "parallel",
    "tensorboard",
    "resume",
)


_Photos = Annotated[
    Path, typer.Argument(readable=False, help="Labelled photos: a folder per class, a table, an archive, …")
]
_Out = Annotated[Path, typer.Option("--out", "-o", help="Model file to write.", metavar="FILE.foveal")]
_Recipe = Annotated[str, typer.Option(help="Way of training; see docs/training.md.", metavar="NAME")]
_Backbone = Annotated[str, typer.Option(help="Network, as in resnet50; auto is the recipe's own.")]
_Epochs = Annotated[float | None, typer.Option(help="How often every photo is looked at.")]
_Budget = Annotated[str | None, typer.Option(help="Time for everything, instead of --epochs: 90s, 30m, 2h, 1h30m.")]
_HoldOut = Annotated[float | None, typer.Option(help="Share of the photos that is held out.")]
_Folds = Annotated[
    int | None, typer.Option(help="Measure on all photos: so many networks, each on those it did not see.", metavar="N")
]
_Test = Annotated[Path | None, typer.Option(help="Labelled photos to measure on, once, at the end.")]
_Batch = Annotated[int | None, typer.Option(help="Photos a step.")]
_Rate = Annotated[float | None, typer.Option(help="Highest learning rate.")]
_Size = Annotated[int | None, typer.Option(help="Side of the network's input in pixels.")]
_With = Annotated[
    str, typer.Option("--with", help="Parts of training to put in, with commas between.", metavar="PART,…")
]
_Without = Annotated[str, typer.Option("--without", help="Parts of training to leave out.", metavar="PART,…")]
_Rank = Annotated[int | None, typer.Option(help="Width of what lora and adapter add to a layer.")]
_Teacher = Annotated[str, typer.Option(help="For distill: a .foveal file, or a network.")]
_Weights = Annotated[str, typer.Option(help="File with the weights to start from.", metavar="FILE")]
_Seed = Annotated[int, typer.Option(help="Decides which photos are held out, their order and how they vary.")]
_Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.", metavar="NAME")]
_Amp = Annotated[str, typer.Option(help="Half precision: auto (measured), off, bf16 or fp16.")]
_Compile = Annotated[str, typer.Option("--compile", help="torch.compile: auto (measured), on or off.")]
_Parallel = Annotated[str, typer.Option(help="Of several processes: ddp or fsdp.")]
_Tensorboard = Annotated[bool, typer.Option("--tensorboard", help="Write TensorBoard's files into the run folder too.")]
_Resume = Annotated[bool, typer.Option("--resume", help="Go on with the training that was interrupted.")]


def train(
    photos: _Photos,
    out: _Out,
    recipe: _Recipe = "linear-then-full",
    backbone: _Backbone = "auto",
    epochs: _Epochs = None,
    budget: _Budget = None,
    hold_out: _HoldOut = None,
    folds: _Folds = None,
    test: _Test = None,
    batch: _Batch = None,
    rate: _Rate = None,
    size: _Size = None,
    with_: _With = "",
    without: _Without = "",
    rank: _Rank = None,
    teacher: _Teacher = "",
    weights: _Weights = "auto",
    seed: _Seed = 0,
    split: SplitBy = "auto",
    device: _Device = "auto",
    amp: _Amp = "auto",
    compile_: _Compile = "auto",
    parallel: _Parallel = "ddp",
    tensorboard: _Tensorboard = False,
    resume: _Resume = False,
    exclude: Exclude = None,
    relabel: Relabel = None,
    source: Source = "auto",
    columns: Columns = "",
    separator: Separator = "auto",
    label_from: LabelFrom = "",
    classes: Classes = "auto",
    runtime: Runtime = "auto",
    precision: Precision = "auto",
    no_cache: NoCache = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train a network on a part of the photos, and say whether that pays.

    Logs and checkpoints are kept in NAME.train/ beside the model.

    Example: foveal train photos/ --budget 30m --out clothes.foveal
    """
    _train(**locals())


def _train(photos: Path, out: Path, test: Path | None, split: str, *, json: bool, quiet: bool, **given: Any) -> None:
    from foveal.cli.progress import PhotoProgress
    from foveal.cli.train_progress import TrainProgress
    from foveal.workflows.report import check_target

    check_target(out)
    wishes = _wishes(out, given)
    read = partial(
        dataset_of,
        source=given["source"],
        columns=given["columns"],
        separator=given["separator"],
        label_from=given["label_from"],
        classes=given["classes"],
    )
    # Of several processes the first alone is told how it goes, and speaks.
    with (
        _told_to_resume(wishes.folder, folds=given["folds"] is not None, quiet=quiet),
        PhotoProgress("looking at photos", quiet=quiet) as seen,
        TrainProgress(quiet=quiet) as trained,
    ):
        done = _way(given["folds"])(
            read(photos, exclude=given["exclude"], relabel=given["relabel"]),
            wishes,
            test=None if test is None else read(test),
            split=split,
            settings=settings_of(given["runtime"], given["precision"], given["no_cache"], seen),
            listener=trained,
        )
    if done is None:
        return
    done.model.save(out)
    _show(done, out, _written(done, out), json=json, quiet=quiet)


def _way(folds: int | None) -> Callable[..., Trained | None]:
    """One training, or one for every fold."""
    from foveal.workflows.train import train_in_full
    from foveal.workflows.train_folds import train_over_folds

    return train_in_full if folds is None else partial(train_over_folds, folds=folds)


@contextmanager
def _told_to_resume(folder: Path | None, *, folds: bool, quiet: bool) -> Iterator[None]:
    """Who interrupts a training is told how it goes on."""
    from foveal.cli.output import say
    from foveal.workflows.run_folder import unfinished

    try:
        yield
    except KeyboardInterrupt:
        waiting = None if folder is None else unfinished(folder, folds=folds)
        if waiting is not None:
            say(f"the training so far is in {waiting}: the same command with --resume goes on with it", quiet=quiet)
        raise


def _wishes(out: Path, given: Mapping[str, Any]) -> TrainWishes:
    """What was asked for, from the options by name."""
    from foveal.types.duration import seconds_of
    from foveal.workflows.run_folder import run_folder
    from foveal.workflows.train_wishes import TrainWishes

    return TrainWishes(
        **{name: given[name] for name in _AS_GIVEN},
        budget_s=None if given["budget"] is None else seconds_of(given["budget"]),
        with_=_words(given["with_"]),
        without=_words(given["without"]),
        compile=given["compile_"],
        folder=run_folder(out),
    )


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _written(done: Trained, out: Path) -> list[Path]:
    """Write the reports beside the model; where that fails the message says that the model is safe."""
    from foveal.errors import FovealError
    from foveal.reports.model_report import ModelReport
    from foveal.workflows.report import write_reports

    report = ModelReport(done.model, tuple(reversed(done.measured)))
    try:
        return write_reports(done.model, out, report)
    except FovealError as error:
        error.hint = f"the model was written, {out}; only its report is missing: {error.hint}"
        raise


def _show(done: Trained, out: Path, reports: list[Path], *, json: bool, quiet: bool) -> None:
    from foveal.cli.output import result, result_json, say, show_findings
    from foveal.types.before_after import before_after_summary, difference_line, fold_line, main_story
    from foveal.workflows.report import render
    from foveal.workflows.run_folder import run_folder

    model = done.model
    show_findings(done.findings, quiet=quiet or json)
    page, card, card_json = map(str, reports)
    if json:
        files = {"model": str(out), "report": page, "card": card, "card_json": card_json, "run": str(run_folder(out))}
        result_json({**files, **model.record})
        return
    training = model.record["training"]
    story = [before_after_summary(main_story(training))]
    if "folds" in training:
        title = f"over all folds, {training['folds']['count']} trainings (learnt in: the mean of one):"
        story = [title, *story, fold_line(training["folds"]["differences"])]
    lines = [render(model), "", *story]
    tested = training.get("before_after_test")
    result("\n".join([*lines, *([f"on the test photos  {difference_line(tested)}"] if tested else [])]))
    say(
        f"\nmodel   {out}\nreport  {page}\ncard    {card}\nrun     {run_folder(out)}\n"
        f"time    {model.record['seconds']['total']:.1f} s",
        quiet=quiet,
    )
