from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from foveal.data.dataset import Dataset
from foveal.errors import FovealError
from foveal.types.finding import Finding

FINDING = Finding("empty-class", "1 folder")


def example(**change: object) -> Dataset:
    values: dict[str, object] = {
        "root": Path("photos"),
        "paths": ("train/cat/1.jpg", "train/dog/2.jpg", "test/cat/3.jpg", "x.jpg"),
        "labels": np.array([0, 1, 0, -1]),
        "class_names": ("cat", "dog"),
        "parts": np.array([0, 0, 2, 0]),
        "findings": (FINDING,),
    }
    return Dataset(**{**values, **change})  # type: ignore[arg-type]


def test_types_are_small_whatever_was_given() -> None:
    dataset = example()
    assert (dataset.labels.dtype, dataset.parts.dtype) == (np.int32, np.int8)
    assert not dataset.labels.flags.writeable


def test_path_length_counts_and_text() -> None:
    dataset = example()
    assert dataset.photo(1) == Path("photos/train/dog/2.jpg")
    assert len(dataset) == 4
    assert dataset.counts() == {"cat": 2, "dog": 1}
    assert repr(dataset) == "Dataset(4 photos (train 3, test 1), 2 classes, 'photos')"


def test_an_absolute_path_does_not_need_the_root(tmp_path: Path) -> None:
    absolute = str(tmp_path / "1.jpg")
    assert example(paths=(absolute,) * 4).photo(0) == tmp_path / "1.jpg"


def test_select_keeps_order_classes_and_findings() -> None:
    chosen = example().select(np.array([False, True, True, False]))
    assert chosen.paths == ("train/dog/2.jpg", "test/cat/3.jpg")
    assert chosen.labels.tolist() == [1, 0]
    assert chosen.parts.tolist() == [0, 2]
    assert (chosen.class_names, chosen.findings) == (("cat", "dog"), (FINDING,))


def test_part() -> None:
    assert example().part("test").paths == ("test/cat/3.jpg",)
    assert len(example().part("val")) == 0
    assert example().part("val").counts() == {"cat": 0, "dog": 0}
    with pytest.raises(FovealError, match="did you mean train"):
        example().part("trian")


def test_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        example().paths = ()  # type: ignore[misc]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"labels": [0, 1, 0]}, "4 labels"),
        ({"labels": [0, 1, 0, 2]}, r"labels in -1\.\.1"),
        ({"labels": [0, 1, 0, -2]}, r"labels in -1\.\.1"),
        ({"labels": [0.0, 1.0, 0.0, 1.0]}, "whole numbers"),
        ({"parts": [0, 0, 0, 3]}, r"parts in 0\.\.2"),
        ({"parts": [0, 0, 0]}, "4 parts"),
        ({"class_names": ("cat", "cat")}, "different class_names"),
    ],
)
def test_refusals(change: dict[str, object], said: str) -> None:
    with pytest.raises(FovealError, match=said) as caught:
        example(**change)
    assert caught.value.code == "bad-value"


@pytest.mark.parametrize("mask", [[True], [1, 0, 0, 0], [[True] * 4]])
def test_a_mask_that_is_none_is_refused(mask: object) -> None:
    with pytest.raises(FovealError, match=r"bool \[4\]"):
        example().select(mask)
