"""After a training: export, proof, calibration and trust, the paired test against the probe, and the test photos."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from foveal.backbones.card import Card
from foveal.classifier.classifier import Classifier
from foveal.data.dataset import Dataset
from foveal.errors import FovealError
from foveal.evaluation.judged import judged
from foveal.evaluation.measured import Measured
from foveal.features.cache import FeatureCache
from foveal.features.extract import extract
from foveal.features.settings import Settings
from foveal.features.view import View
from foveal.imaging.preprocess import Preprocess
from foveal.types.before_after import BeforeAfter
from foveal.types.comparison import Comparison
from foveal.types.finding import Finding
from foveal.workflows.before_and_after import Cost, advice_of, compared, cost_of
from foveal.workflows.fit import named_from
from foveal.workflows.frozen_network import card_of
from foveal.workflows.held_out import HeldOut, learn_held_out
from foveal.workflows.quarantine import quarantine_tests
from foveal.workflows.teach import Taught, export_and_prove
from foveal.workflows.train_record import make_train_record, training_section
from foveal.workflows.train_wishes import TrainWishes
from foveal.workflows.views import make_view
from foveal.workflows.yardstick import Prepared

_DECIDED = {"early-stop": "when to stop", "wise": "how far to go back to the pretrained weights"}


@dataclass(frozen=True)
class Concluded:
    """A trained classifier and how it compares.

    Args:
        model: The classifier, without its record.
        held_out: What was learnt and measured on the held-out photos.
        comparison: Against the frozen probe, on the held-out photos.
        before_after: The same with what each cost; by name, "before_after" and for test photos "before_after_test".
        tested: The test photos; None where there are none.
        findings: What was noticed about photos.
        taught: The network file.
        card: What is known of the trained network.
        seconds: What each part took.
    """

    model: Classifier
    held_out: HeldOut
    comparison: Comparison
    before_after: Mapping[str, BeforeAfter]
    tested: Measured | None
    findings: tuple[Finding, ...]
    taught: Taught
    card: Card
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def measured(self) -> tuple[Measured, ...]:
        """The held-out photos, and the test photos if there are any."""
        return (self.held_out.measured,) if self.tested is None else (self.held_out.measured, self.tested)


def conclude(
    carried: Any,
    prepared: Prepared,
    tests: Dataset | None,
    recipe: Any,
    wishes: TrainWishes,
    settings: Settings,
    cache: FeatureCache,
    *,
    preprocess: Preprocess,
    elsewhere: bool,
) -> Concluded:
    """Turn a trained network into a classifier that runs without PyTorch, and measure it.

    Args:
        carried: What `foveal.workflows.teach.teach` gave back.
        prepared: What was known before.
        tests: Photos to measure on once.
        recipe: Of `foveal.training.recipes`.
        wishes: What was asked for.
        settings: How to run.
        cache: Where features are kept.
        preprocess: How photos become the network's input.
        elsewhere: Whether the test photos come from another folder.

    Raises:
        FovealError: `export-differs`, `cannot-export`, `photo-lost`.
    """
    began = time.perf_counter()
    taught = export_and_prove(carried, prepared.lesson, preprocess)
    seconds = {"export": time.perf_counter() - began}
    card, view = _served(taught, prepared, carried.recogniser.network.spec, recipe, settings, preprocess)
    held_out = _held_out(view, taught, prepared, recipe, wishes, settings, cache)
    model = held_out.model
    costs = (
        prepared.cost,
        cost_of(
            model,
            held_out.measured.dataset.photos(),
            network=card.title,
            seconds=float(carried.outcome.seconds),
            parameters=taught.parameters,
            trained=int(carried.trainable.trained),
        ),
    )
    comparison, found = compared(prepared.probe.measured, held_out.measured, *costs, on="held-out photos")
    found["advice"] = advice_of(
        found, own=prepared.frozen.own, trained=preprocess, frozen=prepared.frozen.view.preprocess
    )
    sections = {"before_after": found}
    tested: Measured | None = None
    findings: tuple[Finding, ...] = ()
    if tests is not None:
        tested, section, findings = _tested(model, prepared, tests, settings, cache, costs, elsewhere=elsewhere)
        if section is not None:
            sections["before_after_test"] = section
    seconds["measuring"] = time.perf_counter() - began - seconds["export"]
    return Concluded(model, held_out, comparison, sections, tested, findings, taught, card, seconds)


def record_of(
    done: Concluded,
    prepared: Prepared,
    recipe: Any,
    wishes: TrainWishes,
    *,
    edits: Mapping[str, Any],
    findings: tuple[Finding, ...],
    seconds: Mapping[str, float],
    processes: int,
) -> dict[str, Any]:
    """The model's record, JSON-able.

    Args:
        done: The classifier.
        prepared: What was known before.
        recipe: Of `foveal.training.recipes`.
        wishes: What was asked for.
        edits: What the user left out and relabelled.
        findings: What was noticed about the photos.
        seconds: What each part took, and "total".
        processes: How many trained together.
    """
    metrics = {"held_out": done.held_out.measured.figures.to_dict()}
    if done.tested is not None:
        metrics["test"] = done.tested.figures.to_dict()
    network = done.taught.carried.recogniser.network.spec.name
    return make_train_record(
        wishes=wishes,
        card=done.card,
        edits=edits,
        kept=prepared.kept,
        parts=prepared.parts,
        held_out=done.held_out,
        metrics=metrics,
        findings=findings,
        seconds=seconds,
        training=training_section(
            done.taught,
            wishes,
            recipe,
            network,
            done.before_after,
            used_for=_used_for(recipe, wishes),
            seconds={**done.seconds, "training": float(done.taught.carried.outcome.seconds)},
            processes=processes,
        ),
    )


def _used_for(recipe: Any, wishes: TrainWishes) -> list[str]:
    on = recipe.on(wishes.options())
    return [said for part, said in _DECIDED.items() if part in on]


def _served(
    taught: Taught, prepared: Prepared, spec: Any, recipe: Any, settings: Settings, preprocess: Preprocess
) -> tuple[Card, View]:
    """The trained network as a card and as the lean engines run it."""
    network = taught.network
    name = f"{spec.short_name}-{recipe.name}"
    card = card_of(
        spec,
        name=name,
        outputs=dict(network.outputs),
        sha256=network.sha256,
        preprocess=preprocess,
        parameters=taught.parameters,
    )
    photos = prepared.lesson.training.take(prepared.lesson.rows).photos()
    # Its last layer has learnt with exact features, so int8 must be asked for.
    view = make_view(card, network, preprocess, tuple(network.outputs), photos, settings, learns=False)
    return card, view


def _held_out(
    view: View,
    taught: Taught,
    prepared: Prepared,
    recipe: Any,
    wishes: TrainWishes,
    settings: Settings,
    cache: FeatureCache,
) -> HeldOut:
    kept, parts = prepared.kept, prepared.parts
    held = prepared.lesson.training.take(kept.rows[parts.held])
    with extract(held.photos(), (view,), cache, engines=prepared.engines, progress=settings.progress) as found:
        for row, reason in found.failures.items():
            raise FovealError(
                "photo-lost",
                f"{held.paths[row]}: expected a photo that could be read before the training, got: {reason}",
                hint="put it back; --resume goes on from the trained network",
            )
        return learn_held_out(
            view,
            taught.head,
            held,
            found,
            kept.labels[parts.held],
            parts.held_folds,
            kept.class_names,
            engines=prepared.engines,
            used_for=_used_for(recipe, wishes),
            seed=wishes.seed,
        )


def _tested(
    model: Classifier,
    prepared: Prepared,
    tests: Dataset,
    settings: Settings,
    cache: FeatureCache,
    costs: tuple[Cost, Cost],
    *,
    elsewhere: bool,
) -> tuple[Measured | None, BeforeAfter | None, tuple[Finding, ...]]:
    """The test photos by both, once."""
    probe = prepared.probe.model
    views = list(dict.fromkeys((*model.views, *probe.views)))
    with extract(tests.photos(), views, cache, engines=prepared.engines, progress=settings.progress) as found:
        among, left_out = quarantine_tests(tests, found, prepared.kept)
        findings = named_from(tests.root, left_out) if elsewhere else left_out
        if not among.any():
            return None, None, findings
        said = "test photos, used once"
        done = [judged(each, tests, found, title="test photos", protocol=said, among=among) for each in (probe, model)]
    _, section = compared(done[0], done[1], *costs, on="test photos")
    return done[1], section, findings
