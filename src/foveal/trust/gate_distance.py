"""How far a photo lies from everything a model learnt from, in units of how the training photos themselves vary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError
from foveal.heads.linear import Array, compress

_NAMES = ("centre", "basis", "whitening", "means", "tail")


def unit_roots(features: NDArray[np.floating]) -> Array:
    """Signed square roots of the features, scaled to length one; float32 [n, D], a row of zeros for one of zeros.

    Of activations that are not negative only their shares remain, compared as the Hellinger distance does. Without the
    scaling, and with every column divided by its deviation instead, blank images passed for photos of clothes.

    Args:
        features: [n, D], as the network gave them.
    """
    roots = compress(features)
    lengths = np.sqrt(np.einsum("nd,nd->n", roots, roots, optimize=False))
    roots /= np.maximum(lengths, 1e-6)[:, None]
    return roots


@dataclass(frozen=True)
class Distance:
    """Mahalanobis distance to the nearest class on the main axes, plus what lies off these axes.

    Lee et al., "A simple unified framework for detecting out-of-distribution samples", NeurIPS 2018: one covariance for
    all classes. The part off the axes is the residual of Wang et al., "ViM", CVPR 2022.

    Args:
        centre: float32 [D], where the axes cross.
        basis: float32 [D, r], orthonormal columns.
        whitening: float32 [r, r]; coordinates times it vary by one in every direction within a class.
        means: float32 [C', r], whitened means of the classes that had photos.
        tail: float32 0-d > 0, mean square off the axes of the training photos.
    """

    centre: Array
    basis: Array
    whitening: Array
    means: Array
    tail: Array

    def __post_init__(self) -> None:
        columns, axes = self.basis.shape if self.basis.ndim == 2 else (-1, -1)
        classes = len(self.means) if self.means.ndim == 2 else -1
        shapes = ((columns,), (columns, axes), (axes, axes), (classes, axes), ())
        for name, shape in zip(_NAMES, shapes, strict=True):
            array = getattr(self, name)
            if array.shape != shape or array.size == 0 or array.dtype != np.float32 or not np.isfinite(array).all():
                raise damaged(f"{name} finite float32 {shape}", f"{array.dtype} {array.shape}")
        if self.tail <= 0:
            raise damaged("tail above 0", str(self.tail))

    def of(self, features: NDArray[np.floating]) -> Array:
        """float32 [n] of features [n, D]; a row is the same to the last bit whatever rows stand beside it."""
        moved = unit_roots(features) - self.centre
        # Not BLAS, which rounds a row differently depending on the number of rows: see heads/linear.py.
        coordinates = np.einsum("nd,dr->nr", moved, self.basis, optimize=False)
        return self.from_axes(coordinates, np.einsum("nd,nd->n", moved, moved, optimize=False))

    def from_axes(self, coordinates: Array, squares: Array) -> Array:
        """The same from what was already worked out.

        Args:
            coordinates: float32 [n, r], unit roots less the centre on the axes.
            squares: float32 [n], squared length of the unit roots less the centre.
        """
        own = np.einsum("nr,nr->n", coordinates, coordinates, optimize=False)
        white = np.einsum("nr,rs->ns", coordinates, self.whitening, optimize=False)
        length = np.einsum("nr,nr->n", white, white, optimize=False)
        apart = np.einsum("cr,cr->c", self.means, self.means) - 2 * np.einsum(
            "nr,cr->nc", white, self.means, optimize=False
        )
        nearest = np.maximum(length + apart.min(axis=1), 0) / np.float32(len(self.whitening))
        found: Array = (nearest + np.maximum(squares - own, 0) / self.tail).astype(np.float32, copy=False)
        return found

    def arrays(self) -> dict[str, Array]:
        """Everything it is, by name; `from_arrays` takes it back."""
        return {name: getattr(self, name) for name in _NAMES}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Distance:
        """Rebuild it; a missing array is a KeyError.

        Raises:
            FovealError: `bad-value`: the arrays do not fit together.
        """
        return cls(**{name: np.asarray(arrays[name], np.float32) for name in _NAMES})


def damaged(expected: str, got: str) -> FovealError:
    """The error for arrays of a gate that cannot be right."""
    return FovealError(
        "bad-value", f"unknown gate: expected {expected}, got {got}", hint="the model file is damaged; fit it again"
    )
