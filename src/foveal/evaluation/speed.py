"""How fast a classifier answers on this machine, from file to answer, and what it weighs."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from foveal.classifier.classifier import Classifier
from foveal.data.photo import AnyPhoto, FilePhoto, Photo, as_photo
from foveal.errors import FovealError
from foveal.evaluation.cold_start import cold_start
from foveal.evaluation.machine import this_machine
from foveal.features.settings import Settings
from foveal.types.speed_figures import ColdStart, FolderSpeed, Latency, NetworkSize, SpeedFigures

_FOLDER_SECONDS = 1.5
_LATENCY_SECONDS = 2.0
_LATENCY_PHOTOS = 400
_DIFFERENT = 256
_FIRST = 8

# A remembered answer would not be a measurement.
_FRESH = Settings(cache=False)


def speed(classifier: Classifier, photos: Sequence[AnyPhoto], *, model: str | Path = "auto") -> SpeedFigures:
    """Measure speed, size and memory in about six seconds.

    Args:
        classifier: The model that is served.
        photos: Some photos of the kind it will be asked about; a few hundred spread over them are used, again and
            again where there are fewer.
        model: Its file, or what else `foveal.load` takes; "auto" saves it to a temporary one.

    Raises:
        FovealError: `no-photos`: none can be read.
    """
    chosen = _readable(classifier, [as_photo(photos[at]) for at in _spread(len(photos))])
    folder = _folder(classifier, chosen)
    figures = latency(classifier, chosen)
    cold, file_mb, notes = _as_a_file(classifier, chosen, model)
    return SpeedFigures(
        folder=folder,
        latency=figures,
        cold_start=cold,
        model_file_mb=file_mb,
        networks=_networks(classifier),
        machine=this_machine(),
        notes=notes,
    )


def speed_summary(found: SpeedFigures) -> str:
    """What was measured, in a few lines of text for the terminal."""
    networks = found["networks"]
    how = f"{networks[0]['runtime']}/{networks[0]['precision']}, {found['machine']['threads']} threads"
    one_photo = found["latency"]
    one = f"one photo {one_photo['p50_ms']:.1f} ms (95 % within {one_photo['p95_ms']:.1f})"
    lines = [
        f"speed              {found['folder']['per_second']:,.0f} photos/s from files; {one}",
        f"on                 {found['machine']['processor']}; {how}",
    ]
    cold = found["cold_start"]
    if cold is not None:
        held = "" if cold["peak_memory_mb"] is None else f"; {cold['peak_memory_mb']:,.0f} MB of memory"
        size = "" if found["model_file_mb"] is None else f"; file {found['model_file_mb']:,.1f} MB"
        lines.insert(1, f"cold start         {cold['seconds']:.2f} s to the first answer of a new process{held}{size}")
    return "\n".join(lines)


def _spread(count: int) -> range:
    step = max(1, count // _DIFFERENT)
    return range(0, min(count, step * _DIFFERENT), step)


def _readable(classifier: Classifier, candidates: Sequence[Photo]) -> list[Photo]:
    """Those that can be read, about as many as are answered in the time there is.

    Trying them loads the networks and fills the system's file cache, so that what is timed next is warm.
    """
    found: list[Photo] = []
    tried, rate = 0, 0.0
    while tried < len(candidates) and (not found or len(found) < rate * _FOLDER_SECONDS):
        batch = candidates[tried : tried + max(_FIRST, tried)]
        started = time.perf_counter()
        said = classifier.predict(batch, settings=_FRESH)
        rate = len(batch) / (time.perf_counter() - started)
        found += [photo for photo, error in zip(batch, said.errors, strict=True) if error is None]
        tried += len(batch)
    if not found:
        raise FovealError(
            "no-photos",
            f"speed: expected photos that can be read, got none of {len(candidates)}",
            hint="`foveal check` says which photos cannot be read, and why",
        )
    return found


def _folder(classifier: Classifier, photos: list[Photo]) -> FolderSpeed:
    done, started = 0, time.perf_counter()
    while time.perf_counter() - started < _FOLDER_SECONDS:
        classifier.predict(photos, settings=_FRESH)
        done += len(photos)
    seconds = time.perf_counter() - started
    return FolderSpeed(
        photos=done, different=len(photos), seconds=round(seconds, 3), per_second=round(done / seconds, 1)
    )


def latency(classifier: Classifier, photos: Sequence[AnyPhoto], *, seconds: float = _LATENCY_SECONDS) -> Latency:
    """How long one photo takes, from file to answer, photo after photo.

    Args:
        classifier: With its networks loaded.
        photos: Readable ones, asked about again and again.
        seconds: How long to measure at most.
    """
    took: list[float] = []
    began = time.perf_counter()
    for photo in itertools.islice(itertools.cycle(photos), _LATENCY_PHOTOS):
        started = time.perf_counter()
        classifier.predict([photo], settings=_FRESH)
        took.append(1e3 * (time.perf_counter() - started))
        if time.perf_counter() - began > seconds:
            break
    p50, p95, p99 = np.percentile(took, [50, 95, 99]).round(2).tolist()
    return Latency(photos=len(took), p50_ms=p50, p95_ms=p95, p99_ms=p99, mean_ms=round(float(np.mean(took)), 2))


def _as_a_file(
    classifier: Classifier, photos: list[Photo], model: str | Path
) -> tuple[ColdStart | None, float | None, list[str]]:
    """Cold start and size in MB; saved to a temporary file where the model has none of its own."""
    files = [photo for photo in photos if isinstance(photo, FilePhoto)]
    with tempfile.TemporaryDirectory(prefix="foveal-speed-") as folder:
        named = str(model)
        if named == "auto":
            named = str(classifier.save(Path(folder) / "model.foveal"))
        size = round(Path(named).stat().st_size / 1e6, 2) if Path(named).is_file() else None
        if not files:
            return None, size, ["cold start was not measured: the photos are not files of their own"]
        cold, problem = cold_start(named, files[0].path.absolute())
    return cold, size, [f"cold start was not measured: {problem}"] if problem else []


def _networks(classifier: Classifier) -> list[NetworkSize]:
    """Each network once, however many views look through it."""
    views = {view.network.sha256: view for view in reversed(classifier.views)}
    return [
        NetworkSize(
            backbone=view.backbone,
            file_mb=round(len(view.network.content) / 1e6, 2),
            input_wh=[int(side) for side in view.preprocess.size_wh],
            runtime=view.choice.runtime,
            precision=view.choice.precision,
        )
        for view in reversed(views.values())
    ]
