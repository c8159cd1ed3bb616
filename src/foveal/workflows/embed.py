"""Photos to vectors, for whatever people want to do with them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal.classifier.classifier import none_readable
from foveal.classifier.photos import as_photos
from foveal.data.photo import photo_name
from foveal.features.extract import Extracted, extract
from foveal.features.settings import Settings, open_cache
from foveal.features.view import View
from foveal.storage import cache_folder
from foveal.types.embeddings import Embeddings
from foveal.workflows.vectors_file import BLOCK_ROWS, check_vectors_target, write_vectors
from foveal.workflows.views import cards_for, effort_named, views_for

_IN_MEMORY_BYTES = 64 * 2**20


def embed(
    photos: Sequence[str | Path] | str | Path,
    *,
    out: str | Path | None = None,
    backbone: str = "auto",
    taps: bool = False,
    settings: Settings | None = None,
) -> Embeddings:
    """Compute the features of photos.

    Args:
        photos: Photos and folders, searched recursively.
        out: Also write them to a file ending in .npz or .parquet.
        backbone: "auto", or names of backbones with commas between; several stand side by side.
        taps: Add the pooled outputs of earlier stages, which a linear probe profits from.
        settings: How to run.

    Returns:
        Vectors of the photos that could be read, in order; the others are listed with the reason.

    Raises:
        FovealError: `not-found`, `no-photos`, `unknown-name`, `bad-option` for another file format.
    """
    settings = settings or Settings()
    target = None if out is None else check_vectors_target(Path(out))
    given = as_photos(photos)
    effort = effort_named("default" if taps else "low")
    cards = cards_for(backbone, effort)
    views = views_for(cards, effort, given, settings)
    with (
        open_cache(settings) as cache,
        extract(given, views, cache, progress=settings.progress) as found,
    ):
        rows = np.flatnonzero(found.readable)
        errors = tuple((photo_name(given[index], index), reason) for index, reason in found.failures.items())
        if not len(rows):
            raise none_readable("the photos", errors)
        paths = tuple(photo_name(given[row], row) for row in rows.tolist())
        if target is not None:
            write_vectors(target, paths, lambda block: found.gather(rows[block], views), layout=_layout(views))
        return Embeddings(
            paths=paths,
            vectors=_vectors(found, rows, views),
            errors=errors,
            backbone=",".join(card.name for card in cards),
            layout=_layout(views),
        )


def _layout(views: Sequence[View]) -> tuple[tuple[str, int], ...]:
    """Output and columns, with the backbone's name before the output where there are several."""
    several = len(views) > 1
    return tuple(
        (f"{view.backbone}/{name}" if several else name, columns) for view in views for name, columns in view.layout
    )


def _vectors(found: Extracted, rows: NDArray[np.intp], views: Sequence[View]) -> NDArray[np.float16]:
    """All vectors in memory; beyond 64 MB in a nameless file that the system gives back by itself."""
    columns = sum(width for _, width in _layout(views))
    if len(rows) * columns * 2 <= _IN_MEMORY_BYTES:
        return found.gather(rows, views)
    cache_folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=cache_folder()) as file:
        for start in range(0, len(rows), BLOCK_ROWS):
            file.write(found.gather(rows[start : start + BLOCK_ROWS], views).tobytes())
        file.flush()
        vectors: NDArray[np.float16] = np.memmap(file, np.float16, mode="r", shape=(len(rows), columns))
        return vectors
