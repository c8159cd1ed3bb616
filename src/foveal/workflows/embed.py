"""Photos to vectors, for whatever people want to do with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from foveal.classifier.photos import as_photos
from foveal.errors import FovealError
from foveal.features.extract import extract
from foveal.features.settings import Settings, open_cache
from foveal.storage import write_atomically
from foveal.types.embeddings import Embeddings
from foveal.workflows.views import cards_for, effort_named, views_for

FORMATS = (".npz", ".parquet")
_BLOCK_ROWS = 4096


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
    target = None if out is None else _checked_target(Path(out))
    given = as_photos(photos)
    effort = effort_named("default" if taps else "low")
    cards = cards_for(backbone, effort)
    views = views_for(cards, effort, [each for each in given if isinstance(each, Path)], settings)
    with (
        open_cache(settings.cache) as cache,
        extract(given, views, cache, progress=settings.progress) as found,
    ):
        rows = np.flatnonzero(found.readable)
        embeddings = Embeddings(
            paths=tuple(_name(given[row], row) for row in rows),
            vectors=found.gather(rows, views),
            errors=tuple((_name(given[index], index), reason) for index, reason in found.failures.items()),
            backbone=",".join(card.name for card in cards),
            layout=tuple(column for view in views for column in view.layout),
        )
    if target is not None:
        _write(embeddings, target)
    return embeddings


def _name(photo: object, index: int) -> str:
    return str(photo) if isinstance(photo, Path) else f"image {index}"


def _checked_target(path: Path) -> Path:
    if path.suffix.lower() not in FORMATS:
        raise FovealError(
            "bad-option", f"--out: expected a file ending in {' or '.join(FORMATS)}, got {path.name}", hint="rename it"
        )
    if path.suffix.lower() == ".parquet":
        try:
            import pyarrow  # noqa: F401
        except ImportError as error:
            raise FovealError(
                "needs-extra",
                f"{path.name}: expected pyarrow for Parquet files, got none",
                hint='pip install "foveal[parquet]", or write .npz',
            ) from error
    return path


def _write(embeddings: Embeddings, path: Path) -> None:
    if path.suffix.lower() == ".npz":
        with write_atomically(path) as file:
            np.savez(file, allow_pickle=False, paths=np.array(embeddings.paths), vectors=embeddings.vectors)
        return
    import pyarrow
    from pyarrow import parquet

    columns = embeddings.vectors.shape[1]
    schema = pyarrow.schema([("path", pyarrow.string()), ("vector", pyarrow.list_(pyarrow.float32(), columns))])
    schema = schema.with_metadata({"backbone": embeddings.backbone, "layout": repr(embeddings.layout)})
    with write_atomically(path) as file, parquet.ParquetWriter(file, schema) as writer:
        for start in range(0, len(embeddings.paths), _BLOCK_ROWS):
            block = slice(start, start + _BLOCK_ROWS)
            values = pyarrow.array(embeddings.vectors[block].astype(np.float32).ravel())
            vectors = pyarrow.FixedSizeListArray.from_arrays(values, columns)
            writer.write_batch(pyarrow.record_batch([pyarrow.array(embeddings.paths[block]), vectors], schema=schema))
