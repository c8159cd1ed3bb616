"""A view: one way to turn a photo into numbers, and the name under which they are cached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from foveal.backbones.network import Network
from foveal.imaging.preprocess import Preprocess
from foveal.runtimes.engine import Choice, Engine, EnginePool

_FLOAT16_MAX = float(np.finfo(np.float16).max)


@dataclass(frozen=True)
class View:
    """A network, how photos are prepared for it, and which of its outputs are kept.

    Args:
        backbone: Name of the card, for people.
        network: The network file.
        preprocess: From a decoded photo to the network's input.
        outputs: Names of the pooled outputs that make up a row, in order.
        choice: Runtime and precision.
        mirrored: Whether the photo is flipped left to right first.
    """

    backbone: str
    network: Network
    preprocess: Preprocess
    outputs: tuple[str, ...]
    choice: Choice
    mirrored: bool = False

    @property
    def layout(self) -> tuple[tuple[str, int], ...]:
        """(output, columns) in the order of the row."""
        return tuple((name, self.network.outputs[name]) for name in self.outputs)

    @property
    def columns(self) -> int:
        """Columns of a row."""
        return sum(columns for _, columns in self.layout)

    def mirror(self) -> View:
        """The same view of the photo flipped left to right."""
        return replace(self, mirrored=True)

    def only(self, *outputs: str) -> View:
        """The same view with some of its outputs."""
        return replace(self, outputs=outputs)

    def holds(self, other: View) -> bool:
        """Whether the rows of this view contain those of another."""
        return replace(other, outputs=self.outputs) == self and set(other.outputs) <= set(self.outputs)

    def where(self, outputs: tuple[str, ...]) -> NDArray[np.intp]:
        """int [m]: the columns of some outputs in a row."""
        spans, start = {}, 0
        for name, columns in self.layout:
            spans[name] = np.arange(start, start + columns)
            start += columns
        return np.concatenate([spans[name] for name in outputs])

    def description(self) -> Mapping[str, object]:
        """Everything the numbers depend on besides the photo's content: the key of its space in the cache."""
        return {
            "backbone": self.backbone,
            "network": self.network.sha256,
            "preprocess": self.preprocess.to_dict(),
            "outputs": list(self.outputs),
            "runtime": self.choice.runtime,
            "precision": self.choice.precision,
            "mirrored": self.mirrored,
        }

    def prepare(self, image_rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The network's input, uint8 [H, W, 3], of a decoded photo."""
        prepared = self.preprocess.apply(image_rgb)
        return np.ascontiguousarray(prepared[:, ::-1]) if self.mirrored else prepared

    @property
    def row_bytes(self) -> int:
        """Bytes of a row in the cache."""
        return 2 * self.columns

    def warm_up(self, engines: EnginePool) -> None:
        """Load the network."""
        self._engine(engines)

    def row(self, image_rgb: NDArray[np.uint8], data: bytes, engines: EnginePool) -> NDArray[np.float16]:
        """One row: the network's outputs for a decoded photo, float16 [columns].

        Half precision halves the cache; its rounding (0.05 %) is far below bf16's (0.4 %).

        Args:
            image_rgb: uint8 [H, W, 3].
            data: The photo's bytes, which the network has no use for.
            engines: Where the loaded network is, or is put.
        """
        return self.row_of(self.prepare(image_rgb), engines)

    def row_of(self, prepared_rgb: NDArray[np.uint8], engines: EnginePool) -> NDArray[np.float16]:
        """The same for what `prepare` made of a photo, or for that with parts changed."""
        values = self._engine(engines).run(prepared_rgb)
        return np.clip(np.concatenate(values), -_FLOAT16_MAX, _FLOAT16_MAX).astype(np.float16)

    def _engine(self, engines: EnginePool) -> Engine:
        return engines.get(self.choice, self.network.content, self.network.sha256, self.outputs)


def side_by_side(views: Sequence[View], rows: Sequence[NDArray[np.float16]]) -> NDArray[np.float16]:
    """The views' rows as a head gets them, float16 [D]: a view and its mirror image averaged, as when it was learnt.

    Args:
        views: One, or several of which any that are mirrored stand beside their plain ones.
        rows: float16 [columns] for each view.
    """
    if len(views) == 1:
        return rows[0]
    by_view = dict(zip(views, rows, strict=True))
    parts = []
    for view, row in by_view.items():
        if view.mirrored:
            continue
        other = by_view.get(view.mirror())
        parts.append(row if other is None else ((row.astype(np.float32) + other) / 2).astype(np.float16))
    return np.concatenate(parts)
