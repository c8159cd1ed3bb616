"""A network trained on photos, measured on others of them, beside the frozen probe that it has to beat."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from foveal.classifier.classifier import Classifier, check_classes
from foveal.data.dataset import Dataset
from foveal.data.read import read
from foveal.data.split_file import Split
from foveal.errors import FovealError
from foveal.evaluation.measured import Measured
from foveal.features.cache import FeatureCache
from foveal.features.settings import Settings, open_cache
from foveal.types.before_after import BeforeAfter, Side
from foveal.types.comparison import Comparison
from foveal.types.finding import Finding
from foveal.types.text import counted
from foveal.workflows.before_and_after import side_of
from foveal.workflows.conclude import Concluded, conclude, record_of
from foveal.workflows.fit import named_from, parts_of
from foveal.workflows.folds import check_split
from foveal.workflows.frozen_network import evaluated_as
from foveal.workflows.quarantine import check_counts
from foveal.workflows.run_folder import begin, check_run_folder, finish
from foveal.workflows.teach import Lesson, teach
from foveal.workflows.train_parts import check_hold_out
from foveal.workflows.train_wishes import TrainWishes
from foveal.workflows.yardstick import Prepared, prepare

# Other processes wait for the first while it looks at all photos; one that is killed is noticed at once anyway.
_WAIT_S = 24 * 3600.0

# What follows a training took so long on two cores: the rest of the conclusion, a million parameters exported twice,
# and a held-out or test photo in times of its latency (features, proof, cutting up for the gate).
_CONCLUDING_S = 6.0
WRITING_S = 3.0
"""Of a budget, for writing the model and its report."""

_EXPORT_S_PER_MILLION = 1.0
_SLACK = 2.0

Listener = Callable[[Any], None]


@dataclass(frozen=True)
class Trained:
    """What came of a training.

    Args:
        model: The classifier.
        probe: The frozen probe, learnt from the same photos.
        comparison: The two on the held-out photos, photo by photo.
        before_after: The same with what each cost.
        measured: The held-out photos, and the test photos if there are any.
        probe_measured: The held-out photos, as the probe answers them.
        own_probe: Whether the probe stands on the very network that was trained.
        findings: What was noticed about the photos.
    """

    model: Classifier
    probe: Classifier
    comparison: Comparison
    before_after: BeforeAfter
    measured: tuple[Measured, ...]
    probe_measured: Measured
    own_probe: bool
    findings: tuple[Finding, ...]


def train(
    photos: str | Path | Dataset,
    *,
    recipe: str = "linear-then-full",
    backbone: str = "auto",
    epochs: float | None = None,
    budget: float | None = None,
    test: str | Path | Dataset | None = None,
    hold_out: float | None = None,
    split: str | Path | Split = "auto",
    folds: int | None = None,
    seed: int = 0,
    with_: Sequence[str] = (),
    without: Sequence[str] = (),
    folder: str | Path | None = None,
    settings: Settings | None = None,
    **wishes: Any,
) -> Classifier:
    """Train a network on a part of the photos; needs the extra `train`.

    What is held out is never trained on: the figures, the calibration and the trust of the model come from there, and
    so do those of the frozen probe that it is compared with.

    Args:
        photos: What `read` takes, with labels, or a dataset. A val part is held out.
        recipe: A name in `foveal.training.recipes.RECIPES`.
        backbone: Name of a network; "auto" = the recipe's own.
        epochs: How often every photo is looked at; None = as the recipe has it.
        budget: Seconds that everything may take, instead of epochs.
        test: Labelled photos to measure on, once, at the end; without them, the test part of `photos`.
        hold_out: Share of the photos that is held out; None = what suits them.
        split: As for `foveal.fit`.
        folds: Train so many networks, each measured on the photos it did not see, for figures over all photos; one of
            them is returned. None trains one.
        seed: Same photos, wishes and seed on the same machine: same model.
        with_: Parts of training to put in.
        without: Parts of training to leave out.
        folder: Where logs and checkpoints go; None = nowhere that stays.
        settings: How to run the lean engines.
        wishes: The other fields of `foveal.workflows.train_wishes.TrainWishes`.

    Returns:
        The classifier; its `evaluation` holds the figures of the held-out photos, `record["training"]` the story.

    Raises:
        FovealError: `needs-extra`, `task-mismatch`, `run-exists`, `no-run`, `run-differs`, and those of `fit`;
            `docs/errors.md` lists them all.
    """
    asked = TrainWishes(
        recipe=recipe,
        backbone=backbone,
        epochs=epochs,
        budget_s=budget,
        hold_out=hold_out,
        seed=seed,
        with_=tuple(with_),
        without=tuple(without),
        folder=None if folder is None else Path(folder).expanduser(),
        **wishes,
    )
    if folds is not None:
        from foveal.workflows.train_folds import train_over_folds

        return train_over_folds(photos, asked, folds, test=test, split=split, settings=settings).model
    done = train_in_full(photos, asked, test=test, split=split, settings=settings)
    if done is None:
        raise FovealError(
            "not-main",
            "train: expected the first process of the training, got another, which has no model",
            hint="call foveal.workflows.train.train_in_full, which returns None in those",
        )
    return done.model


def train_in_full(
    photos: str | Path | Dataset,
    wishes: TrainWishes,
    *,
    test: str | Path | Dataset | None = None,
    split: str | Path | Split = "auto",
    settings: Settings | None = None,
    listener: Listener | None = None,
    told_of_probe: Callable[[Side], None] | None = None,
) -> Trained | None:
    """`train`, with what was said of each photo, for reports; None in all processes but the first.

    Args:
        photos: As for `train`.
        wishes: What is asked for.
        test: As for `train`.
        split: As for `train`.
        settings: How to run the lean engines.
        listener: Told how the training goes; see `foveal.training.events`.
        told_of_probe: Told before the training how the frozen probe answers the held-out photos.
    """
    from foveal.training.extra import require_train

    require_train("training a network")
    run = _Run(wishes, test is not None, settings or Settings(), listener, told_of_probe, time.perf_counter())
    wishes.options()
    check_hold_out(wishes.hold_out)
    splitting = check_split(split)
    from foveal.training.ranks.world import World

    # Here rather than inside: what is refused is refused by every process, before any waits for another.
    recipe, network = created(wishes)
    with World.joined(device=wishes.device, wait_s=_WAIT_S) as world, _folder(wishes, world) as folder:
        dataset = photos if isinstance(photos, Dataset) else read(photos)
        training, tests = parts_of(dataset, test)
        check_trainable(training, tests)
        with open_cache(run.settings) as cache:
            return run.through(dataset, training, tests, splitting, recipe, network, world, folder, cache)


def created(wishes: TrainWishes) -> tuple[Any, Any]:
    """The recipe and the network that were asked for, as `foveal.training` has them.

    Args:
        wishes: What was asked for.

    Raises:
        FovealError: `unknown-name`, `weights-missing`, `bad-option`.
    """
    from foveal.training.networks.catalogue import find_spec
    from foveal.training.networks.create import create
    from foveal.training.recipes import find_recipe

    recipe = find_recipe(wishes.recipe)
    recipe.on(wishes.options())
    if wishes.teacher:
        from foveal.training.distillation import check_teacher

        check_teacher(wishes.teacher)
    spec = find_spec(recipe.backbone if wishes.backbone == "auto" else wishes.backbone)
    return recipe, create(spec, weights=wishes.weights, pretrained=recipe.pretrained, seed=wishes.seed)


@dataclass(frozen=True)
class _Run:
    """One training from beginning to end."""

    wishes: TrainWishes
    elsewhere: bool
    settings: Settings
    listener: Listener | None
    told_of_probe: Callable[[Side], None] | None
    started: float

    def through(
        self,
        dataset: Dataset,
        training: Dataset,
        tests: Dataset | None,
        splitting: Split | str,
        recipe: Any,
        network: Any,
        world: Any,
        folder: Path,
        cache: FeatureCache,
    ) -> Trained | None:
        """Prepare, train and conclude; the first process does all but the training, and the others wait for it."""
        main: dict[str, Any] = {}

        def before() -> dict[str, Any]:
            prepared = prepare(training, network, recipe, splitting, self.wishes, self.settings, cache)
            begun_with = {**self.wishes.record(), "photos": prepared.kept.fingerprint}
            now = datetime.now(UTC).isoformat(timespec="seconds")
            begin(folder, begun_with, begun=now, resume=self.wishes.resume)
            main["prepared"] = prepared
            if self.told_of_probe is not None:
                self.told_of_probe(side_of("frozen probe", prepared.probe.figures, prepared.cost))
            return prepared.lesson.to_plain() if world.size > 1 else {}

        plain = world.on_main(before)
        preprocess = evaluated_as(network.spec.preprocess, self.wishes.size)
        lesson = main["prepared"].lesson if world.main else Lesson.from_plain(training, plain)
        left_s, reserve_s = self._time(lesson, main.get("prepared"), tests, world)
        carried = teach(
            network,
            recipe,
            lesson,
            self.wishes,
            world,
            preprocess=preprocess,
            folder=folder,
            budget_s=left_s,
            reserve_s=reserve_s,
            listener=self.listener,
        )

        def after() -> None:
            prepared = main["prepared"]
            done = conclude(
                carried,
                prepared,
                tests,
                recipe,
                self.wishes,
                self.settings,
                cache,
                preprocess=preprocess,
                elsewhere=self.elsewhere,
            )
            main["trained"] = self._trained(done, prepared, dataset, tests, recipe, world.size)
            finish(folder)

        world.on_main(after)
        return main.get("trained")

    def _time(
        self, lesson: Lesson, prepared: Prepared | None, tests: Dataset | None, world: Any
    ) -> tuple[float | None, float]:
        """Seconds that are left, and how many of them are needed after the training."""
        if self.wishes.budget_s is None:
            return None, 0.0
        spent = time.perf_counter() - self.started
        needed = (
            _CONCLUDING_S
            + WRITING_S
            + (0.0 if prepared is None else _concluding_s(prepared, 0 if tests is None else len(tests)))
        )
        left, reserve = world.broadcast([self.wishes.budget_s - spent, needed])
        if left <= reserve:
            raise FovealError(
                "budget-too-short",
                f"--budget: expected time to train in, got {self.wishes.budget_s:.0f} s, of which looking at "
                f"{counted(len(lesson.rows), 'photo')} took {spent:.0f} s and the end needs about {reserve:.0f} s",
                hint="give it more time, or use `foveal fit`, which is done already by then",
            )
        return left, reserve

    def _trained(
        self, done: Concluded, prepared: Prepared, dataset: Dataset, tests: Dataset | None, recipe: Any, processes: int
    ) -> Trained:
        findings = (*dataset.findings, *prepared.findings, *done.findings)
        if tests is not None and self.elsewhere:
            findings += named_from(tests.root, tests.findings)
        record = record_of(
            done,
            prepared,
            recipe,
            self.wishes,
            edits=dataset.edits,
            findings=findings,
            seconds={**done.seconds, "total": time.perf_counter() - self.started},
            processes=processes,
        )
        return Trained(
            model=replace(done.model, record=record),
            probe=prepared.probe.model,
            comparison=done.comparison,
            before_after=done.before_after["before_after"],
            measured=done.measured,
            probe_measured=prepared.probe.measured,
            own_probe=prepared.frozen.own,
            findings=findings,
        )


def _concluding_s(prepared: Prepared, tests: int) -> float:
    """Seconds from the end of the training to the finished model: export, proof, held-out photos, trust, timing."""
    photos = len(prepared.lesson.held) + tests
    return _EXPORT_S_PER_MILLION * prepared.frozen.card.parameters / 1e6 + _SLACK * photos * (
        prepared.cost.milliseconds / 1e3
    )


def check_trainable(training: Dataset, tests: Dataset | None) -> None:
    """Refuse what cannot be trained on.

    Args:
        training: The photos, train and val.
        tests: Photos to measure on once.

    Raises:
        FovealError: `task-mismatch`, `too-few-photos`, `class-mismatch`.
    """
    if training.multi_label:
        raise FovealError(
            "task-mismatch",
            f"{training.root}: expected one class a photo, got photos with any number of labels",
            hint="`foveal fit` learns from such photos; training a network on them is not there yet",
        )
    check_counts(training)
    if tests is not None:
        check_classes(tests, training.class_names, multi_label=False)


@contextmanager
def _folder(wishes: TrainWishes, world: Any) -> Iterator[Path]:
    """The run folder of all processes, which may be begun in or gone on from; a temporary one is removed afterwards."""
    if wishes.folder is not None:
        folder = wishes.folder
        world.on_main(lambda: check_run_folder(folder, resume=wishes.resume))
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="foveal-train-") as own:
        yield Path(world.broadcast(own))
