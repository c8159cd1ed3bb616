"""Photos to rows of features: read, decode, preprocess and run the network, overlapped on every processor.

Each worker thread takes one photo through all steps. Every step releases the interpreter lock, so the processors stay
busy, and memory is bounded by one photo a thread whatever the number of photos: rows go to the cache as they are made.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from foveal.data.photo import AnyPhoto, as_photo
from foveal.data.photo_faults import why_unreadable
from foveal.errors import FovealError
from foveal.features.batch import Batch
from foveal.features.cache import FeatureCache
from foveal.features.fingerprint import FileKeys, content_key
from foveal.features.pixel_view import MeasureView, PixelView, fields_of
from foveal.features.settings import Progress, no_progress
from foveal.features.store import RowStore
from foveal.features.view import View
from foveal.runtimes.engine import EnginePool, threads
from foveal.runtimes.workers import in_threads

AnyView = View | PixelView | MeasureView
"""What can be computed of a photo and kept."""

_KEY_BYTES = 16
_LOOK_UP = 4096

# What decoders are told they need, in pixels, for networks up to _LARGEST_INPUT; twice that for the next, and so on.
# One number for many networks, so that a row never depends on which other networks shared the decoding.
_DECODE_SIDE = 240
_LARGEST_INPUT = 320


@dataclass(frozen=True)
class Extracted:
    """Features of photos, still in the cache.

    Args:
        keys: uint8 [n, 16], the content key of each photo; zeros where it could not be read.
        failures: Index of each photo that could not be read, with the reason, which does not name it.
        cached: How many photos needed no decoding.
        stores: The cache space of each view.
    """

    keys: NDArray[np.uint8]
    failures: dict[int, str]
    cached: int
    stores: dict[AnyView, RowStore]

    @property
    def readable(self) -> NDArray[np.bool_]:
        """bool [n]: the photos that have features."""
        mask = np.ones(len(self.keys), np.bool_)
        mask[list(self.failures)] = False
        return mask

    def gather(self, rows: NDArray[np.intp], views: Sequence[View]) -> NDArray[np.float16]:
        """Features of some photos, the views side by side.

        Args:
            rows: int [m], indices of readable photos.
            views: Which views; a view and its mirror image count as one and are averaged.

        Returns:
            float16 [m, D].
        """
        plain = [view for view in views if not view.mirrored]
        if len(views) == 1:
            return self._rows(rows, views[0])
        out = np.empty((len(rows), sum(view.columns for view in plain)), np.float16)
        start = 0
        for view in plain:
            part = self._rows(rows, view)
            if view.mirror() in views:
                part = ((part.astype(np.float32) + self._rows(rows, view.mirror())) / 2).astype(np.float16)
            out[:, start : start + view.columns] = part
            start += view.columns
        return out

    def _rows(self, rows: NDArray[np.intp], view: View) -> NDArray[np.float16]:
        stored = next(each for each in self.stores if isinstance(each, View) and each.holds(view))
        out = np.empty((len(rows), stored.columns), np.float16)
        self._fill(stored, rows, out)
        return out if stored == view else np.ascontiguousarray(out[:, stored.where(view.outputs)])

    def _fill(self, view: AnyView, rows: NDArray[np.intp], out: NDArray[Any]) -> None:
        positions = self.stores[view].find(self.keys[rows])
        good = self.stores[view].gather(positions, out) if (positions >= 0).all() else positions >= 0
        if not good.all():
            raise FovealError(
                "cache-damaged",
                f"{int((~good).sum())} rows of the feature cache: expected them intact, got damaged ones",
                hint="run it again: they are struck out now, and computed anew",
            )

    def take(self, rows: NDArray[np.intp]) -> Extracted:
        """The same for some of the photos, int [m]; the cache's spaces stay shared."""
        failures = {at: self.failures[row] for at, row in enumerate(rows.tolist()) if row in self.failures}
        return Extracted(self.keys[rows], failures, self.cached, self.stores)

    def pixels(self, rows: NDArray[np.intp]) -> NDArray[np.void]:
        """What was measured on the pixels of some photos.

        Args:
            rows: int [m], indices of readable photos.

        Returns:
            Structured [m]: the fields of `foveal.features.pixel_view.PIXELS` that the views among these keep.
        """
        views = [each for each in self.stores if not isinstance(each, View)]
        out = np.empty(len(rows), fields_of(tuple(name for view in views for name in view.fields)))
        for view in views:
            part = np.empty(len(rows), fields_of(view.fields))
            self._fill(view, rows, part)
            for name in view.fields:
                out[name] = part[name]
        return out

    def close(self) -> None:
        """Give the cache's spaces back to other processes."""
        for store in self.stores.values():
            store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def extract(
    photos: Sequence[AnyPhoto],
    views: Sequence[AnyView],
    cache: FeatureCache,
    *,
    engines: EnginePool | None = None,
    progress: Progress = no_progress,
) -> Extracted:
    """Make sure the cache holds the features of every photo.

    Args:
        photos: Files, decoded images uint8 [H, W, 3] in RGB, or photos that lie somewhere else.
        views: What to compute of each.
        cache: Where rows are kept; rows already there are not computed again.
        engines: Networks loaded already; those still missing are added.
        progress: Told how far it is.

    Returns:
        Where the rows are, and which photos could not be read and why.

    Raises:
        KeyboardInterrupt: After the photos under way are stored; the next call goes on from there.
    """
    with contextlib.ExitStack() as undo, cache.files() as files:
        stores = {view: undo.enter_context(cache.space(view.description(), row_bytes=view.row_bytes)) for view in views}
        job = _Job(photos, stores, files, engines or EnginePool())
        todo = job.look_up()
        job.run(todo, progress)
        for store in stores.values():
            store.flush()
            store.refresh()
        undo.pop_all()
    return Extracted(job.keys, dict(sorted(job.failures.items())), len(photos) - len(todo), stores)


class _Job:
    """The state that the worker threads of one extraction share."""

    def __init__(
        self, photos: Sequence[AnyPhoto], stores: dict[AnyView, RowStore], files: FileKeys, engines: EnginePool
    ) -> None:
        self.photos = photos
        self.stores = stores
        self.files = files
        self.keys = np.zeros((len(photos), _KEY_BYTES), np.uint8)
        self.failures: dict[int, str] = {}
        self._engines = engines
        self._stop = threading.Event()
        self._done = itertools.count(1)
        self._finished = 0

    def look_up(self) -> list[int]:
        """Indices of the photos whose features are not known from their unchanged files."""
        known = np.zeros(len(self.photos), np.bool_)
        for start in range(0, len(self.photos), _LOOK_UP):
            files = [
                (index, photo, status)
                for index, photo in enumerate(map(as_photo, self.photos[start : start + _LOOK_UP]), start)
                if photo.file is not None and (status := photo.status()) is not None
            ]
            keys = self.files.known_many(
                [photo.file for _, photo, _ in files if photo.file is not None],
                [status for _, _, status in files],
                [photo.detail for _, photo, _ in files],
            )
            for (index, _, _), key in zip(files, keys, strict=True):
                if key is not None:
                    self.keys[index] = np.frombuffer(key, np.uint8)
                    known[index] = True
        for store in self.stores.values():
            known[known] = store.find(self.keys[known]) >= 0
        return np.flatnonzero(~known).tolist()

    def run(self, todo: Sequence[int], progress: Progress) -> None:
        """Work through the photos with one thread a processor; the calling thread reports and watches for Ctrl-C."""
        turn = iter(todo)
        works: list[Callable[[], None]] = [lambda: self._work(turn)] * min(threads(), len(todo))
        if works:
            works.append(self._warm_up)
        ready = len(self.photos) - len(todo)
        try:
            in_threads(works, self._stop, lambda: progress(ready + self._finished, len(self.photos)))
        except BaseException:
            for store in self.stores.values():
                store.flush()
            raise
        progress(len(self.photos), len(self.photos))

    def _work(self, turn: Iterator[int]) -> None:
        batch = Batch(self.files)
        for index in turn:
            if self._stop.is_set():
                break
            try:
                self._one(index, batch)
            except FovealError as error:
                self.failures[index] = why_unreadable(error, self.photos[index])
            self._finished = next(self._done)
        batch.flush()

    def _warm_up(self) -> None:
        """Load the networks while the first photos are read and decoded."""
        for view in self.stores:
            try:
                view.warm_up(self._engines)
            except FovealError:
                return  # the worker that needs it meets the same error, and reports it

    def _one(self, index: int, batch: Batch) -> None:
        photo = as_photo(self.photos[index])
        # Looked at before it is read: content must never be remembered under a later state of the file.
        status = photo.status()
        data = photo.read(status)
        key = content_key(data + photo.salt if photo.salt else data)
        missing = [(view, store) for view, store in self.stores.items() if key not in store]
        for side in sorted({decode_side(view) for view, _ in missing}):
            image = photo.decode(data, min_side=side)
            for view, store in missing:
                if decode_side(view) == side:
                    batch.add_row(store, key, view.row(image, data, self._engines))
        self.keys[index] = np.frombuffer(key, np.uint8)
        batch.add_photo(photo, status, key)
        batch.end_photo()


def decode_side(view: AnyView) -> int:
    """Short side in pixels that decoding for a view must keep."""
    return side_for(view.preprocess.size_wh) if isinstance(view, View) else _DECODE_SIDE


def side_for(size_wh: tuple[int, int]) -> int:
    """Short side in pixels that decoding for a network's input of some width and height must keep."""
    side, largest = _DECODE_SIDE, _LARGEST_INPUT
    while largest < min(size_wh):
        side, largest = 2 * side, 2 * largest
    return side
