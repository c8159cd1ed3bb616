"""Shrunken class means: linear discriminant analysis with its covariance shrunk towards a multiple of the identity.

Σ(s) = (1 − s)·Σ_within + s·τ·I with τ the mean variance (Ledoit & Wolf, 2004, with s chosen by cross-validation).
At s = 1 a photo goes to the nearest class mean, which is all that two photos a class can support.
"""

from __future__ import annotations

import numpy as np

from foveal.heads.linear import Array
from foveal.probes.moments import Moments, moments
from foveal.probes.problem import Fitted, Path, Problem

STRENGTHS = (1.0, 0.7, 0.4, 0.2)

# A class without a photo to learn from cannot be answered.
_NEVER = np.float32(-1e4)

# Where the photos of a class vary by less than this share of all photos' variance, that is rounding noise, and dividing
# by it would give logits of any size.
_NOISE = 1e-3


def fit_path(problem: Problem, strengths: tuple[float, ...] = STRENGTHS) -> Path:
    """Fit at each strength.

    Args:
        problem: What to learn.
        strengths: Shrinkage s in (0, 1].

    Yields:
        The fit at each strength.
    """
    total = float(problem.variances.mean())
    known = [_spectrum(each, total) for each in moments(problem)]
    for strength in sorted(strengths, reverse=True):
        fits = [_solve(*each, strength) for each in known]
        yield Fitted("means", strength, np.stack([w for w, _ in fits]), np.stack([b for _, b in fits]))


def _spectrum(sums: Moments, total: float) -> tuple[Moments, Array, Array, Array]:
    """Class means [C, r] and the eigendecomposition of the within-class covariance.

    With one photo a class, or with classes of equal photos, the covariance is not known: it is `total` on every axis.
    """
    means = sums.class_sums / np.maximum(sums.counts, 1)[:, None].astype(np.float32)
    spread = sums.gram - means.T @ (means * sums.counts[:, None].astype(np.float32))
    freedom = max(int(sums.counts.sum()) - int(np.count_nonzero(sums.counts)), 1)
    values, vectors = np.linalg.eigh(spread / np.float32(freedom))
    if values.mean() < _NOISE * total:
        values = np.full(len(values), total)
    return sums, means.astype(np.float32), np.maximum(values, 0).astype(np.float32), vectors.astype(np.float32)


def _solve(sums: Moments, means: Array, values: Array, vectors: Array, strength: float) -> tuple[Array, Array]:
    shrunk = (1 - strength) * values + strength * float(values.mean())
    weights = vectors @ ((vectors.T @ means.T) / shrunk[:, None])
    bias = np.log(np.maximum(sums.priors, 1e-12)) - 0.5 * np.einsum("cr,rc->c", means, weights)
    return weights, np.where(sums.counts > 0, bias, _NEVER).astype(np.float32)
