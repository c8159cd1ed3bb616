"""Features as probes see them: compressed, standardised and turned onto their principal axes."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.heads.linear import Array, LinearHead, compress
from foveal.probes.spectrum import spectrum

# Stands in for none at all, where every photo has the same features: probes divide by it.
_LEAST_VARIANCE = np.float32(1e-12)


@dataclass(frozen=True)
class Axes:
    """Standardised features in the basis in which their covariance is diagonal.

    An L2 penalty does not change under rotation, so every penalised linear model has the same solution here as on the
    standardised features; but its Hessian is nearly diagonal, and with fewer photos than columns there are only as
    many axes as photos.

    Args:
        coordinates: float32 [n, r], r ≤ min(n, D), largest variance first.
        variances: float32 [r], mean square of each coordinate.
        centre: float32 [D], mean of the compressed features.
        scale: float32 [D], one over their standard deviation; 0 for a constant column.
        basis: float32 [D, r], orthonormal columns.
    """

    coordinates: Array
    variances: Array
    centre: Array
    scale: Array
    basis: Array

    def head(self, weights: Array, bias: Array) -> LinearHead:
        """Turn weights float32 [r, C] and bias float32 [C] on the axes into a head on the network's features."""
        return LinearHead(self.centre, self.scale, self.basis @ weights, bias)


def principal_axes(features: NDArray[np.floating], *, kept: bool = False) -> Axes:
    """Compress, standardise and rotate features. Exact: no direction with more than noise is dropped.

    Args:
        features: [n, D], n ≥ 2.
        kept: See `foveal.probes.spectrum`.
    """
    z = compress(features)
    centre = z.mean(axis=0, dtype=np.float64).astype(np.float32)
    z -= centre
    deviation = np.sqrt(np.einsum("ij,ij->j", z, z) / len(z))
    # A column without spread says nothing; one over its standard deviation would only blow up rounding noise.
    scale = np.where(deviation > 1e-4, 1 / np.maximum(deviation, 1e-4), 0).astype(np.float32)
    z *= scale
    n, columns = z.shape
    coordinates: Array
    basis: Array
    if n <= columns:
        values, left = spectrum(z @ z.T, kept=kept)
        roots = np.sqrt(values)
        coordinates, basis = left * roots, ((z.T @ left) / roots).astype(np.float32, copy=False)
    else:
        values, basis = spectrum(z.T @ z, kept=kept)
        coordinates = z @ basis
    variances = np.maximum(values / n, _LEAST_VARIANCE)
    return Axes(np.ascontiguousarray(coordinates), variances, centre, scale, np.ascontiguousarray(basis))


@contextlib.contextmanager
def turned_ahead(
    features: Mapping[str, Callable[[], NDArray[np.floating]]], *, kept: bool
) -> Iterator[dict[str, Callable[[], Axes]]]:
    """Principal axes of several sets of features, to be asked for by name; the first are worked out meanwhile.

    Args:
        features: Name to a function that gives features [n, D], which another thread may call.
        kept: See `foveal.probes.spectrum`.
    """
    axes = {name: functools.partial(_turned, gather, kept) for name, gather in features.items()}
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(next(iter(axes.values())))
        yield {**axes, next(iter(axes)): first.result}


def _turned(gather: Callable[[], NDArray[np.floating]], kept: bool) -> Axes:
    return principal_axes(gather(), kept=kept)
