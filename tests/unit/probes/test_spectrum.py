from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from foveal.probes import spectrum as module
from foveal.probes.axes import principal_axes
from foveal.probes.spectrum import spectrum


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FOVEAL_CACHE", str(tmp_path))
    return tmp_path / "axes"


def gram(seed: int, size: int = 600) -> np.ndarray:
    values = np.random.default_rng(seed).normal(size=(size // 2, size)).astype(np.float32)
    return values.T @ values


def test_eigenvalues_and_vectors_of_what_is_more_than_noise() -> None:
    matrix = gram(0, 40)
    values, vectors = spectrum(matrix)
    assert values.shape == (20,)
    assert (np.diff(values) <= 0).all()
    np.testing.assert_allclose(vectors * values @ vectors.T, matrix, atol=1e-3)
    one, _ = spectrum(np.zeros((5, 5), np.float32))
    assert one.shape == (1,)
    assert one[0] > 0


def test_kept_and_read_back_to_the_bit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = spectrum(gram(1), kept=True)
    (file,) = folder.iterdir()
    monkeypatch.setattr(module, "_worked_out", lambda _: pytest.fail("worked out again"))
    again = spectrum(gram(1), kept=True)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert file.exists()


def test_not_kept_unless_asked_nor_when_small(folder: Path) -> None:
    spectrum(gram(1))
    spectrum(gram(1, 100), kept=True)
    assert not folder.exists()


@pytest.mark.parametrize("damage", [lambda data: data[:-4], lambda data: b"\1" + data[1:], lambda _: b""])
def test_a_damaged_file_is_made_anew(folder: Path, damage) -> None:
    whole = spectrum(gram(2), kept=True)
    (file,) = folder.iterdir()
    content = file.read_bytes()
    file.write_bytes(damage(content))
    np.testing.assert_array_equal(spectrum(gram(2), kept=True)[1], whole[1])
    assert file.read_bytes() == content


def test_only_the_newest_stay(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WORTH_KEEPING", 10)
    for seed in range(12):
        spectrum(gram(seed, 20), kept=True)
    assert len(list(folder.iterdir())) == 8


def test_axes_are_the_same_kept_or_not(folder: Path) -> None:
    features = np.random.default_rng(3).normal(size=(900, 700)).astype(np.float16)
    plain, kept, again = (
        principal_axes(features),
        principal_axes(features, kept=True),
        principal_axes(features, kept=True),
    )
    assert folder.exists()
    for other in (kept, again):
        np.testing.assert_array_equal(plain.coordinates, other.coordinates)
        np.testing.assert_array_equal(plain.basis, other.basis)
