from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from foveal.errors import FovealError
from foveal.types.embeddings import Embeddings

LAYOUT = (("pooled", 2), ("logits", 3))


def two(vectors: np.ndarray | None = None) -> Embeddings:
    values = np.arange(10, dtype=np.float16).reshape(2, 5) if vectors is None else vectors
    return Embeddings(("a.jpg", "b.jpg"), values, (("c.jpg", "is empty"),), "lite0", LAYOUT)


def test_columns_by_name_in_the_order_asked_for() -> None:
    assert two().columns("logits").tolist() == [[2, 3, 4], [7, 8, 9]]
    assert two().columns("logits", "pooled").tolist() == [[2, 3, 4, 0, 1], [7, 8, 9, 5, 6]]
    assert two().columns().shape == (2, 5)


def test_one_output_is_a_view() -> None:
    embeddings = two()
    assert np.shares_memory(embeddings.columns("pooled"), embeddings.vectors)


def test_a_memory_map_stays_one(tmp_path: Path) -> None:
    mapped = np.memmap(tmp_path / "v", dtype=np.float32, mode="w+", shape=(2, 5))
    assert two(mapped).vectors is mapped


def test_unknown_output_names_the_near_one() -> None:
    with pytest.raises(FovealError, match="did you mean logits") as caught:
        two().columns("logit")
    assert caught.value.code == "unknown-name"


def test_length_and_text() -> None:
    assert len(two()) == 2
    assert repr(two()) == "Embeddings(2 photos, pooled 2, logits 3; lite0; 1 left out)"


@pytest.mark.parametrize(
    ("vectors", "layout", "said"),
    [
        (np.zeros((2, 5)), LAYOUT, "float16 or float32"),
        (np.zeros((3, 5), np.float32), LAYOUT, r"vectors \[2, 5\]"),
        (np.zeros((2, 4), np.float32), LAYOUT, r"vectors \[2, 5\]"),
        (np.zeros((2, 4), np.float32), (("a", 2), ("a", 2)), "different names"),
        (np.zeros((2, 0), np.float32), (("a", 0),), "1 or more columns"),
    ],
)
def test_refusals(vectors: np.ndarray, layout: tuple[tuple[str, int], ...], said: str) -> None:
    with pytest.raises(FovealError, match=said) as caught:
        Embeddings(("a", "b"), vectors, (), "lite0", layout)
    assert caught.value.code == "bad-value"
