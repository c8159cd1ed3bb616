"""What a backbone makes of photos: one row of features for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import unknown_name
from foveal.types.checked import bad_value
from foveal.types.text import counted


@dataclass(frozen=True, eq=False, repr=False)
class Embeddings:
    """Features of n photos, D columns wide.

    Args:
        paths: File of each photo, n of them.
        vectors: float16 or float32 [n, D]; may be a memory map, which is not read here.
        errors: (path, reason) of each photo that was left out because it could not be read.
        backbone: Name of the backbone that made them.
        layout: (output name, columns) in column order; the columns add up to D.

    Raises:
        FovealError: `bad-value`: the fields do not fit together.
    """

    paths: tuple[str, ...]
    vectors: NDArray[Any]
    errors: tuple[tuple[str, str], ...]
    backbone: str
    layout: tuple[tuple[str, int], ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "paths", tuple(self.paths))
        object.__setattr__(self, "errors", tuple((str(path), str(reason)) for path, reason in self.errors))
        object.__setattr__(self, "layout", tuple((str(name), int(columns)) for name, columns in self.layout))
        if self.vectors.dtype not in (np.float16, np.float32):
            raise bad_value("Embeddings", "vectors of float16 or float32", self.vectors.dtype)
        names = [name for name, _ in self.layout]
        if len(set(names)) != len(names) or any(columns < 1 for _, columns in self.layout):
            raise bad_value("Embeddings", "a layout of different names with 1 or more columns each", self.layout)
        shape = (len(self.paths), sum(columns for _, columns in self.layout))
        if self.vectors.shape != shape:
            raise bad_value("Embeddings", f"vectors {list(shape)}, as paths and layout say", list(self.vectors.shape))

    def columns(self, *names: str) -> NDArray[Any]:
        """The columns of the named outputs, side by side in the order asked for.

        Args:
            names: Output names from the layout; none means all of them.

        Returns:
            float16 or float32 [n, d]; a view on `vectors` for a single name or none, a copy for several.

        Raises:
            FovealError: `unknown-name`: an output that is not in the layout.
        """
        if not names:
            return self.vectors
        parts = [self.vectors[:, self._span(name)] for name in names]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def __len__(self) -> int:
        return len(self.paths)

    def __repr__(self) -> str:
        outputs = ", ".join(f"{name} {columns}" for name, columns in self.layout)
        return f"Embeddings({counted(len(self), 'photo')}, {outputs}; {self.backbone}; {len(self.errors)} left out)"

    def _span(self, wanted: str) -> slice:
        start = 0
        for name, columns in self.layout:
            if name == wanted:
                return slice(start, start + columns)
            start += columns
        raise unknown_name("backbone output", wanted, [name for name, _ in self.layout])
