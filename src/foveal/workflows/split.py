"""Divide photos into folds that do not leak, and keep them."""

from __future__ import annotations

from pathlib import Path

from foveal.data.dataset import PART_NAMES, Dataset
from foveal.data.read import read
from foveal.data.split_file import Split
from foveal.data.splits import MOST_FOLDS
from foveal.errors import FovealError
from foveal.features.extract import extract
from foveal.features.pixel_view import PixelView
from foveal.features.settings import Settings, open_cache
from foveal.grouping.infer import kinds_named
from foveal.types.names import Names
from foveal.types.text import counted
from foveal.workflows.folds import fold_photos, group_photos
from foveal.workflows.multilabel_quarantine import quarantine_label_sets
from foveal.workflows.quarantine import quarantine
from foveal.workflows.views import cards_for, effort_named, views_for


def split(
    photos: str | Path | Dataset,
    *,
    by: str = "auto",
    folds: int | str = "auto",
    seed: int = 0,
    settings: Settings | None = None,
) -> Split:
    """Divide labelled photos into folds: every class spread evenly, and what belongs together on one side.

    Args:
        photos: What `read` takes, or a dataset. Its test part is left out: it is a split of its own.
        by: "auto", "none" or kinds of `foveal.grouping.infer.KINDS` with commas between.
        folds: How many; "auto" for what suits the photos.
        seed: Same photos, labels and seed, same split.
        settings: How to run; told how many photos were left out.

    Returns:
        The split of the photos that can be learnt from; `.save(path)` keeps it, and `fit(..., split=path)` uses it.

    Raises:
        FovealError: Those of `read`; `unknown-name`, `too-few-groups`, `too-few-photos`, `bad-option`.
    """
    if folds != "auto" and not (isinstance(folds, int) and 2 <= folds <= MOST_FOLDS):
        raise FovealError(
            "bad-option",
            f"folds (--folds): expected auto or a number from 2 to {MOST_FOLDS}, got {folds!r}",
            hint="leave it out for what suits the photos; 5 is usual",
        )
    kinds_named(by)
    settings = settings or Settings()
    dataset = photos if isinstance(photos, Dataset) else read(photos)
    dataset = dataset.select(dataset.parts != PART_NAMES.index("test"))
    effort = effort_named("default")
    views = views_for(cards_for("auto", effort), effort, dataset.photos(), settings)
    with (
        open_cache(settings) as cache,
        extract(dataset.photos(), [*views, PixelView()], cache, progress=settings.progress) as found,
    ):
        kept = quarantine_label_sets(dataset, found) if dataset.multi_label else quarantine(dataset, found)
        grouping = group_photos(dataset, kept.rows, found, views[0], kept.groups, by)
    left_out = len(dataset) - len(kept.rows)
    if left_out:
        lost = counted(left_out, "photo")
        settings.warn(f"left out {lost} that nothing can be learnt from; foveal check says which")
    made = fold_photos(kept.truth, grouping, by=by, seed=seed, folds=None if folds == "auto" else int(folds))
    return made.split(Names(dataset.take(kept.rows).paths))
