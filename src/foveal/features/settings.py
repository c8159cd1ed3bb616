"""How to run, as opposed to what to learn: choices that every verb takes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from foveal.features.cache import FeatureCache


class Progress(Protocol):
    """Told how far a long task is; called a few times a second from the calling thread."""

    def __call__(self, done: int, total: int) -> None:
        """`done` of `total` photos are ready."""
        ...


def no_progress(done: int, total: int) -> None:
    """Show nothing."""


def no_warning(text: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to run.

    Args:
        runtime: "auto" (measured once on this machine), or a name in `foveal.runtimes.RUNTIMES`.
        precision: "auto", "f32", "bf16" or "int8".
        cache: Whether features are kept for the next run.
        progress: Told how far the photos are.
        warn: Told what a person should know that does not stop the work.
    """

    runtime: str = "auto"
    precision: str = "auto"
    cache: bool = True
    progress: Progress = no_progress
    warn: Callable[[str], None] = no_warning


@contextlib.contextmanager
def open_cache(settings: Settings) -> Iterator[FeatureCache]:
    """The user's cache of features, cut to its cap afterwards; or a temporary one that leaves nothing behind."""
    if settings.cache:
        cache = FeatureCache()
        if cache.warning is not None:
            settings.warn(cache.warning)
        yield cache
        cache.trim()
    else:
        with FeatureCache.temporary() as cache:
            yield cache
