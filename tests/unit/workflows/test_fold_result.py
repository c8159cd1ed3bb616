from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foveal.errors import FovealError
from foveal.workflows.fold_result import RESULT, FoldResult, folds_folder, has_results, read_fold_result

SIDE: Any = {"title": "frozen probe", "network": "lite0", "accuracy": 0.5, "seconds": 2.0}
BEGUN = {"seed": 0, "fold": 2, "without": ["wise"]}


def _made() -> FoldResult:
    probs = np.array([[0.25, 0.75], [0.5, 0.5], [1.0, 0.0]], np.float32)
    rows, labels = np.array([4, 0, 9], np.intp), np.array([1, 0, 0], np.int32)
    return FoldResult(rows, labels, probs, probs[::-1], ("a", "ü"), SIDE, {**SIDE, "accuracy": 0.75})


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    made, path = _made(), tmp_path / "m.folds" / "2" / RESULT
    made.save(path, BEGUN)
    found = read_fold_result(path, BEGUN)
    assert found is not None
    for name in ("rows", "labels", "frozen", "trained"):
        np.testing.assert_array_equal(getattr(found, name), getattr(made, name))
        assert getattr(found, name).dtype == getattr(made, name).dtype
    assert (found.class_names, found.before, found.after) == (made.class_names, made.before, made.after)
    assert found.difference == 0.25
    assert has_results(folds_folder(tmp_path / "m.train"))


def test_of_another_training_it_is_refused(tmp_path: Path) -> None:
    path = tmp_path / RESULT
    _made().save(path, BEGUN)
    with pytest.raises(FovealError, match="seed 0, now 1") as caught:
        read_fold_result(path, {**BEGUN, "seed": 1})
    assert caught.value.code == "run-differs"


@pytest.mark.parametrize("cut", [0, 1, 40, -1])
def test_what_is_not_whole_counts_as_nothing(tmp_path: Path, cut: int) -> None:
    path = tmp_path / RESULT
    _made().save(path, BEGUN)
    path.write_bytes(path.read_bytes()[:cut])
    assert read_fold_result(path, BEGUN) is None
    assert read_fold_result(tmp_path / "none", BEGUN) is None


def test_no_pickle_is_loaded(tmp_path: Path) -> None:
    made, content = _made(), io.BytesIO()
    said = {"class_names": ["a", "b"], "before": SIDE, "after": SIDE, "begun_with": BEGUN}
    arrays = {name: getattr(made, name) for name in ("rows", "labels", "frozen")}
    evil = np.array([{"an": "object"}], object)
    np.savez(content, said=np.frombuffer(json.dumps(said).encode(), np.uint8), trained=evil, **arrays)
    (tmp_path / RESULT).write_bytes(content.getvalue())
    assert read_fold_result(tmp_path / RESULT, BEGUN) is None


def test_the_folder_of_the_others_is_beside_that_of_the_last(tmp_path: Path) -> None:
    assert folds_folder(Path("x/clothes.train")) == Path("x/clothes.folds")
    assert not has_results(tmp_path)
