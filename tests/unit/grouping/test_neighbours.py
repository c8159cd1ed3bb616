from __future__ import annotations

import builtins
import importlib.util

import numpy as np
import pytest

from foveal.errors import FovealError
from foveal.grouping import neighbours as module
from foveal.grouping.index import nearest_by_index
from foveal.grouping.neighbours import compress, neighbours


def _clustered(count: int, *, width: int = 200, seed: int = 0) -> np.ndarray:
    """Non-negative, as embeddings are; rows 2k and 2k + 1 are near."""
    rng = np.random.default_rng(seed)
    base = np.repeat(rng.gamma(0.5, 1.0, (count // 2, width)), 2, axis=0)
    return (base * rng.uniform(0.9, 1.1, base.shape)).astype(np.float16)


def _brute(vectors: np.ndarray, most: int, least: float) -> set[tuple[int, int]]:
    products = vectors.astype(np.float32) @ vectors.astype(np.float32).T
    np.fill_diagonal(products, -np.inf)
    found = set()
    for row, values in enumerate(products):
        for other in np.argsort(-values, kind="stable")[:most]:
            if values[other] >= least:
                found.add((min(row, other), max(row, other)))
    return found


def test_short_vectors_have_length_one_and_keep_near_rows_near():
    short = compress(_clustered(600))
    assert short.shape == (600, 128)
    assert short.dtype == np.float16
    np.testing.assert_allclose(np.linalg.norm(short.astype(np.float32), axis=1), 1, atol=1e-2)
    products = short.astype(np.float32) @ short.astype(np.float32).T
    np.fill_diagonal(products, -1)
    assert (products.argmax(1) == np.arange(600) ^ 1).all()


def test_the_same_whatever_else_and_in_whatever_blocks(monkeypatch):
    rows = _clustered(300)
    whole = compress(rows)
    monkeypatch.setattr(module, "_READ_BLOCK", 7)
    np.testing.assert_allclose(whole.astype(np.float32), compress(rows).astype(np.float32), atol=2e-3)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_hardly_any_photos(count):
    rows = np.ones((4, 20), np.float32)[:count]
    short = compress(rows)
    assert len(short) == count
    first, _, product = neighbours(short, most=8, least=-1.0)
    assert len(first) == count * (count - 1) // 2
    assert (product > 0.9).all(), "the mean of a few equal photos is not taken off whole"


@pytest.mark.parametrize(("most", "least"), [(3, -1.0), (3, 0.3), (1, 0.0), (500, 0.5), (8, 2.0)])
def test_the_nearest_are_those_of_comparing_each_with_each(monkeypatch, most, least):
    monkeypatch.setattr(module, "_BLOCK", 37)
    short = compress(_clustered(120, seed=3))
    first, second, product = neighbours(short, most=most, least=least)
    assert set(zip(first.tolist(), second.tolist(), strict=True)) == _brute(short, most, least)
    assert (first < second).all()
    expected = (short[first].astype(np.float32) * short[second].astype(np.float32)).sum(1)
    np.testing.assert_allclose(product, expected, atol=1e-5)


def test_many_equal_neighbours_are_cut_down_to_so_many():
    short = compress(np.ones((300, 20), np.float32) + np.random.default_rng(0).normal(0, 1e-3, (300, 20)))
    first, _, _ = neighbours(np.repeat(short[:1], 300, axis=0), most=5, least=0.5)
    assert len(first) <= 300 * 5


@pytest.mark.skipif(importlib.util.find_spec("faiss") is None, reason="needs faiss, the extra `index`")
def test_the_index_finds_what_comparing_each_with_each_finds(monkeypatch):
    short = compress(_clustered(4000, seed=5))
    exact = neighbours(short, most=4, least=0.6)
    monkeypatch.setattr(module, "EXACT_UP_TO", 100)
    indexed = neighbours(short, most=4, least=0.6)
    pairs = [set(zip(first.tolist(), second.tolist(), strict=True)) for first, second, _ in (exact, indexed)]
    assert len(pairs[0] & pairs[1]) >= 0.98 * len(pairs[0])
    near = {(row, row + 1) for row in range(0, 4000, 2)}
    assert len(near & pairs[1]) >= 0.99 * len(near)


def test_without_the_library_the_error_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def refuse(name, *arguments, **options):
        if name == "faiss":
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(FovealError, match="40,000 photos") as caught:
        next(nearest_by_index(np.ones((40_000, 4), np.float16), 8, 0.5))
    assert caught.value.code == "needs-extra"
    assert "faiss-cpu" in caught.value.hint
