"""What one of several trainings said of the photos it held out, kept until all of them have had their say."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from foveal.storage import write_atomically
from foveal.types.before_after import Side

_ARRAYS = ("rows", "labels", "frozen", "trained")


@dataclass(frozen=True, eq=False)
class FoldResult:
    """The held-out photos of one training, as the frozen probe and the trained network answered them.

    Args:
        rows: int [m], which photos, as indices into those of all folds.
        labels: int32 [m], their classes.
        frozen: float32 [m, C], probabilities of the probe.
        trained: float32 [m, C], of the trained network.
        class_names: Names of the C classes.
        before: Figures and cost of the probe.
        after: Of the trained network.
    """

    rows: NDArray[np.intp]
    labels: NDArray[np.int32]
    frozen: NDArray[np.float32]
    trained: NDArray[np.float32]
    class_names: tuple[str, ...]
    before: Side
    after: Side

    @property
    def difference(self) -> float:
        """Accuracy of the trained network less that of the probe."""
        return self.after["accuracy"] - self.before["accuracy"]

    def save(self, path: Path) -> None:
        """Keep it; the file is whole or not there.

        Raises:
            FovealError: `cannot-write`.
        """
        said = {"class_names": self.class_names, "before": self.before, "after": self.after}
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        content = io.BytesIO()
        np.savez(content, said=np.frombuffer(json.dumps(said).encode(), np.uint8), **arrays)
        with write_atomically(path) as file:
            file.write(content.getvalue())


def read_fold_result(path: Path) -> FoldResult | None:
    """What `FoldResult.save` kept; None where there is nothing, or nothing whole."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            said = json.loads(arrays["said"].tobytes())
            values = {name: arrays[name] for name in _ARRAYS}
        return FoldResult(**values, **{**said, "class_names": tuple(said["class_names"])})
    except (OSError, EOFError, ValueError, KeyError, TypeError, BadZipFile):
        return None
