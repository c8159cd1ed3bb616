"""The log of a run folder: log.csv with a row an epoch, log.jsonl with more, TensorBoard's files on request."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from foveal.errors import FovealError
from foveal.storage import cannot_write, write_atomically
from foveal.training.history import FIELDS, Row

CSV, JSONL = "log.csv", "log.jsonl"
_BOARD = "tensorboard"


class RunLog:
    """Writes what happened, each line at once, so that a killed run leaves all but its last line.

    Lines of log.jsonl are objects with a "kind": "step" (loss, accuracy and rate, some twenty times an epoch),
    "epoch" (a row of the history) or "note" (a text); the first two carry "at", the number of the step since the
    training began. A run that goes on drops what came after the checkpoint it goes on from, and nothing comes twice.

    Args:
        folder: The run folder.
        history: Rows that are there already; none begins anew.
        at: Step at which the run goes on.
        tensorboard: Write TensorBoard's files too.

    Raises:
        FovealError: `needs-extra`: TensorBoard is not installed. `cannot-write`.
    """

    def __init__(self, folder: Path, history: Sequence[Row], at: int, *, tensorboard: bool) -> None:
        self._folder = folder
        self._board = _board(folder / _BOARD, at) if tensorboard else None
        folder.mkdir(parents=True, exist_ok=True)
        kept = _before(folder / JSONL, at) if history or at else []
        with write_atomically(folder / JSONL) as file:
            file.write("".join(f"{line}\n" for line in kept).encode())
        self._write_csv(history)
        self._lines = (folder / JSONL).open("a", encoding="utf-8")

    def step(self, at: int, values: Mapping[str, Any]) -> None:
        """Tell of a step."""
        self._add({"kind": "step", "at": at, **values})
        if self._board is not None:
            for name in ("loss", "accuracy", "rate"):
                self._board.add_scalar(f"step/{name}", values[name], at)

    def epoch(self, at: int, history: Sequence[Row]) -> None:
        """Tell of an epoch, the last of the history."""
        self._add({"kind": "epoch", "at": at, **history[-1]})
        self._write_csv(history)
        if self._board is not None:
            for name, value in history[-1].items():
                if isinstance(value, float):
                    self._board.add_scalar(f"epoch/{name}", value, at)
            self._board.flush()

    def note(self, at: int, text: str) -> None:
        """Tell a remark."""
        self._add({"kind": "note", "at": at, "text": text})

    def __enter__(self) -> RunLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()
        if self._board is not None:
            self._board.close()

    def _add(self, values: Mapping[str, Any]) -> None:
        try:
            self._lines.write(json.dumps(values, ensure_ascii=False) + "\n")
            self._lines.flush()
        except OSError as error:
            raise cannot_write(self._folder / JSONL, error) from error

    def _write_csv(self, history: Sequence[Row]) -> None:
        text = io.StringIO()
        writer = csv.DictWriter(text, list(FIELDS), lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)
        with write_atomically(self._folder / CSV) as file:
            file.write(text.getvalue().encode())


def _before(path: Path, at: int) -> list[str]:
    """The lines of an earlier run up to a step; a line that was torn when the run was killed is left out."""
    if not path.is_file():
        return []
    kept = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if isinstance(told, dict) and told.get("at", at + 1) <= at:
            kept.append(line)
    return kept


def _board(folder: Path, at: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise FovealError(
            "needs-extra", "--tensorboard: expected tensorboard, got it not installed", hint="pip install tensorboard"
        ) from error
    return SummaryWriter(str(folder), purge_step=at + 1 if at else None)
