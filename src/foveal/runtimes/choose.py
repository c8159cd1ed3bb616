"""Measure once which runtime and precision is fastest here within the accuracy budget, and remember it."""

from __future__ import annotations

import itertools
import json
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError, unknown_name
from foveal.runtimes import PRECISIONS, RUNTIMES
from foveal.runtimes.engine import Choice, Engine, load_engine, threads
from foveal.storage import cache_folder, keep

# Mean cosine distance of the embedding from float32's. bf16 is near 0.001 and int8 near 0.008 on photos; a head learnt
# on such features is as accurate as one learnt on float32 (benchmarks/precision.py). Beyond this, quantisation failed.
COSINE_BUDGET = 0.02

# A faster engine must be faster by this factor: the measurement itself is no better than that on a busy machine.
_CLEARLY = 1.1
_ROUNDS = 3
_ROUND_SECONDS = 0.04
_A_THREAD = 4

# From the most exact: of engines that are about as fast, the first wins.
_EXACT = (Choice("openvino", "f32"), Choice("onnx", "f32"), Choice("openvino", "bf16"))
_QUANTISED = (Choice("openvino", "int8"), Choice("onnx", "int8"))

# What int8 usually gains over float32 where the processor has the instructions, and what making and measuring it costs
# (twice the measured three seconds, since the gain is a guess until then).
_INT8_SPEEDUP = 2.5
_INT8_SECONDS = 6.0

Photos = Sequence[NDArray[np.uint8]]
Quantise = Callable[[], bytes]


@dataclass(frozen=True)
class Measured:
    """One engine on this machine: photos a second on all threads, and mean cosine distance from float32."""

    choice: Choice
    per_second: float
    cosine_distance: float


def choose(
    network: bytes,
    *,
    sha256: str,
    output: str,
    photos: Callable[[], Photos],
    quantise: Quantise | None = None,
    ahead: int = 0,
    runtime: str = "auto",
    precision: str = "auto",
) -> Choice:
    """Choose runtime and precision for a network.

    Float engines are always measured. int8 costs seconds to make, so it joins when it is asked for, when it was
    measured before, or when so many photos lie ahead that it should pay for itself.

    Args:
        network: A serialised ONNX model.
        sha256: Its digest; measurements are remembered under it.
        output: Name of the output whose accuracy is watched.
        photos: Gives preprocessed photos uint8 [H, W, 3] to measure with; called only if nothing is remembered.
        quantise: Gives the int8 network; None leaves int8 out.
        ahead: Photos about to be run.
        runtime: A name in `RUNTIMES`, or "auto".
        precision: A name in `PRECISIONS`, or "auto".

    Raises:
        FovealError: `unknown-name`; `no-engine` when nothing that was allowed runs here.
    """
    for kind, got, known in (("runtime", runtime, RUNTIMES), ("precision", precision, PRECISIONS)):
        if got != "auto" and got not in known:
            raise unknown_name(kind, got, [*known, "auto"])
    if runtime != "auto" and precision != "auto":
        return Choice(runtime, precision)
    tables = [[each for each in _EXACT if _allowed(each, runtime, precision)]]
    if quantise:
        tables.append([each for each in _QUANTISED if _allowed(each, runtime, precision)])
    known_here = _recall(sha256)
    for table in tables:
        fresh = [each for each in table if each not in known_here and str(each) not in _failed(sha256)]
        if fresh and (table is tables[0] or precision == "int8" or _int8_pays(known_here.values(), ahead)):
            measured, failed = _measure_all(network, output, photos(), quantise, fresh)
            known_here |= {each.choice: each for each in measured}
            _remember(sha256, measured, failed)
    wanted = [each for table in tables for each in table]
    fits = [known_here[each] for each in wanted if each in known_here]
    fits = [each for each in fits if each.cosine_distance <= COSINE_BUDGET or precision != "auto"]
    if not fits:
        raise FovealError(
            "no-engine",
            f"expected an engine for runtime {runtime!r} and precision {precision!r}, got none that runs here",
            hint="leave --runtime and --precision on auto, or see `foveal models`",
        )
    best = fits[0]
    for each in fits[1:]:
        if each.per_second > best.per_second * _CLEARLY:
            best = each
    return best.choice


def recall(sha256: str) -> list[Measured]:
    """What is remembered of a network on this machine, in the order measured."""
    return list(_recall(sha256).values())


def _int8_pays(known_here: Iterable[Measured], ahead: int) -> bool:
    rates = {each.choice: each.per_second for each in known_here}
    exact = [rate for choice, rate in rates.items() if choice.precision == "f32"]
    if not exact or any(choice.precision == "int8" for choice in rates):
        return False
    return ahead / max(rates.values()) - ahead / (_INT8_SPEEDUP * max(exact)) > _INT8_SECONDS


def _allowed(choice: Choice, runtime: str, precision: str) -> bool:
    return runtime in ("auto", choice.runtime) and precision in ("auto", choice.precision)


def _measure_all(
    network: bytes, output: str, photos: Photos, quantise: Quantise | None, wanted: list[Choice]
) -> tuple[list[Measured], list[str]]:
    """Measure engines in turn, several rounds, and keep each one's best: whatever else ran then slowed it by chance."""
    exact = _reference(network, output, photos)
    quantised = quantise() if quantise and any(each.precision == "int8" for each in wanted) else b""
    engines: dict[Choice, Engine] = {}
    failed = []
    for choice in wanted:
        try:
            engines[choice] = _load(choice, quantised if choice.precision == "int8" else network, output)
        except FovealError:
            failed.append(str(choice))
    rates = dict.fromkeys(engines, 0.0)
    distances = {}
    with ThreadPoolExecutor(threads()) as pool:
        for choice, engine in engines.items():
            found = np.stack([values[0].ravel() for values in pool.map(engine.run, photos)])
            distances[choice] = _cosine_distance(found, exact)
        for _ in range(_ROUNDS):
            for choice, engine in engines.items():
                rates[choice] = max(rates[choice], _rate(pool, engine, photos))
    return [Measured(choice, rates[choice], distances[choice]) for choice in engines], failed


def _load(choice: Choice, network: bytes, output: str) -> Engine:
    if choice.precision == "bf16":
        from foveal.runtimes.openvino import has_bf16

        if not has_bf16():
            raise FovealError("no-engine", "this processor has no bf16", hint="choose f32")
    return load_engine(choice, network, [output], parallel=threads())


def _rate(pool: ThreadPoolExecutor, engine: Engine, photos: Photos) -> float:
    """Photos a second on all threads."""
    batch = list(itertools.islice(itertools.cycle(photos), _A_THREAD * threads()))
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < _ROUND_SECONDS:
        done += sum(1 for _ in pool.map(engine.run, batch))
    return done / (time.perf_counter() - start)


def _cosine_distance(found: NDArray[np.float32], exact: NDArray[np.float32]) -> float:
    if not np.isfinite(found).all():
        return 1.0
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(exact, axis=1)
    similar = np.einsum("ij,ij->i", found, exact) / np.maximum(lengths, 1e-12)
    return max(0.0, float(1 - similar.mean()))


def _reference(network: bytes, output: str, photos: Photos) -> NDArray[np.float32]:
    for runtime in RUNTIMES:
        try:
            engine = load_engine(Choice(runtime, "f32"), network, [output], parallel=1)
        except FovealError as error:
            problem = error
            continue
        return np.stack([engine.run(photo)[0].ravel() for photo in photos])
    raise problem


def _file() -> Path:
    return cache_folder() / "machine.json"


def _machine() -> str:
    """This processor, the threads in use and the runtimes' versions: whatever would make a measurement stale."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
        flags = next((line for line in lines if line.startswith("flags")), "")
        model += " avx512_bf16" * ("avx512_bf16" in flags) + " amx" * ("amx_bf16" in flags)
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    return f"{model}; {threads()} threads; openvino {metadata.version('openvino')}; onnxruntime {_onnx_version()}"


def _onnx_version() -> str:
    try:
        return metadata.version("onnxruntime")
    except metadata.PackageNotFoundError:
        return "absent"


def _remembered() -> dict[str, Any]:
    try:
        found = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    whole = isinstance(found, dict) and found.get("protocol") == 1 and isinstance(found.get("machines"), dict)
    return found if whole and all(isinstance(each, dict) for each in found["machines"].values()) else {}


def _entry(sha256: str) -> dict[str, Any]:
    found = _remembered().get("machines", {}).get(_machine(), {}).get(sha256, {})
    return found if isinstance(found, dict) else {}


def _failed(sha256: str) -> list[str]:
    found = _entry(sha256).get("failed", [])
    return [str(each) for each in found] if isinstance(found, list) else []


def _recall(sha256: str) -> dict[Choice, Measured]:
    def read() -> Iterator[Measured]:
        for row in _entry(sha256).get("measured", []):
            choice = Choice(row["runtime"], row["precision"])
            yield Measured(choice, float(row["per_second"]), float(row["cosine_distance"]))

    try:
        return {each.choice: each for each in read()}
    except (KeyError, TypeError, ValueError):
        return {}


def _remember(sha256: str, measured: list[Measured], failed: list[str]) -> None:
    rows = {**_recall(sha256), **{each.choice: each for each in measured}}
    values = _remembered() or {"protocol": 1, "machines": {}}
    values["machines"].setdefault(_machine(), {})[sha256] = {
        "measured": [
            {
                "runtime": each.choice.runtime,
                "precision": each.choice.precision,
                "per_second": round(each.per_second, 1),
                "cosine_distance": round(each.cosine_distance, 6),
            }
            for each in rows.values()
        ],
        "failed": sorted({*_failed(sha256), *failed}),
    }
    keep(_file(), json.dumps(values, indent=1).encode())
