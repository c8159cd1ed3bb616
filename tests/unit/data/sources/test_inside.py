from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from foveal.data.read import read
from foveal.errors import FovealError

Tree = Callable[[str], Path]


def refusal(path: Path) -> FovealError:
    with pytest.raises(FovealError) as caught:
        read(path)
    return caught.value


def test_what_could_be_read_is_pointed_at(tree: Tree) -> None:
    root = tree("images/1.jpg images/2.jpg")
    (root / "export.json").write_text(json.dumps({"images": [], "annotations": [], "categories": []}))
    (root / "cats.csv").write_text("path,label\n")
    error = refusal(root)
    assert error.code == "one-class"
    assert f"{root / 'cats.csv'} (table), {root / 'export.json'} (coco)" in error.hint
    assert "cat/  1.jpg" in error.hint


def test_a_dataset_one_folder_down(tree: Tree) -> None:
    root = tree("cifar-10-batches-bin/data_batch_1.bin cifar-10-batches-bin/test_batch.bin")
    error = refusal(root)
    assert error.code == "no-photos"
    assert f"{root / 'cifar-10-batches-bin'} (cifar)" in error.hint


def test_nothing_to_point_at(tree: Tree) -> None:
    assert "named itself" not in refusal(tree("cat/1.jpg cat/2.jpg")).hint
