from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foveal.workflows.fold_result import FoldResult, read_fold_result
from foveal.workflows.run_folder import FOLD_RESULT as RESULT

SIDE: Any = {"title": "frozen probe", "network": "lite0", "accuracy": 0.5, "seconds": 2.0}


def _made() -> FoldResult:
    probs = np.array([[0.25, 0.75], [0.5, 0.5], [1.0, 0.0]], np.float32)
    rows, labels = np.array([4, 0, 9], np.intp), np.array([1, 0, 0], np.int32)
    return FoldResult(rows, labels, probs, probs[::-1], ("a", "ü"), SIDE, {**SIDE, "accuracy": 0.75})


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    made, path = _made(), tmp_path / "2" / RESULT
    made.save(path)
    found = read_fold_result(path)
    assert found is not None
    for name in ("rows", "labels", "frozen", "trained"):
        np.testing.assert_array_equal(getattr(found, name), getattr(made, name))
        assert getattr(found, name).dtype == getattr(made, name).dtype
    assert (found.class_names, found.before, found.after) == (made.class_names, made.before, made.after)
    assert found.difference == 0.25


@pytest.mark.parametrize("cut", [0, 1, 40, -1])
def test_what_is_not_whole_counts_as_nothing(tmp_path: Path, cut: int) -> None:
    path = tmp_path / RESULT
    _made().save(path)
    path.write_bytes(path.read_bytes()[:cut])
    assert read_fold_result(path) is None
    assert read_fold_result(tmp_path / "none") is None


def test_no_pickle_is_loaded(tmp_path: Path) -> None:
    made, content = _made(), io.BytesIO()
    said = {"class_names": ["a", "b"], "before": SIDE, "after": SIDE}
    arrays = {name: getattr(made, name) for name in ("rows", "labels", "frozen")}
    evil = np.array([{"an": "object"}], object)
    np.savez(content, said=np.frombuffer(json.dumps(said).encode(), np.uint8), trained=evil, **arrays)
    (tmp_path / RESULT).write_bytes(content.getvalue())
    assert read_fold_result(tmp_path / RESULT) is None
