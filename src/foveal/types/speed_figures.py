"""How fast, how large and how hungry a classifier is on one machine, as plain values."""

from __future__ import annotations

from typing import TypedDict


class FolderSpeed(TypedDict):
    """Photos in files, on every processor: read, decoded, prepared, run and answered, nothing remembered."""

    photos: int
    different: int
    seconds: float
    per_second: float


class Latency(TypedDict):
    """One photo after another, each from its file to its answer, in a process that has answered before."""

    photos: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    mean_ms: float


class ColdStart(TypedDict):
    """A new process that imports foveal, loads the model and answers one photo; the best of `runs`.

    `peak_memory_mb` is the most memory it held at any time, None where the system does not say.
    """

    runs: int
    seconds: float
    import_seconds: float
    load_seconds: float
    first_answer_seconds: float
    peak_memory_mb: float | None


class NetworkSize(TypedDict):
    """A network of the model: its file, its input and what it is run with."""

    backbone: str
    file_mb: float
    input_wh: list[int]
    runtime: str
    precision: str


class Machine(TypedDict):
    """What the figures were taken on."""

    processor: str
    cores: int
    threads: int
    memory_gb: float | None
    system: str
    python: str


class SpeedFigures(TypedDict):
    """Everything measured.

    `model_file_mb` counts networks, head, class names and record; None for a model that is no file. `cold_start` is
    None where it could not be measured, and `notes` says why.
    """

    folder: FolderSpeed
    latency: Latency
    cold_start: ColdStart | None
    model_file_mb: float | None
    networks: list[NetworkSize]
    machine: Machine
    notes: list[str]
