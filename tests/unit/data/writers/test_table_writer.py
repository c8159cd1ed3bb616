from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.data.dataset import Dataset
from foveal.data.label_sets import LabelSets
from foveal.data.read import read
from foveal.data.sources.names import class_name
from foveal.data.writers.table import TableWriter
from foveal.types.names import Names

JPEG = b"\xff\xd8\xff" + b"x" * 100

# bytes that are no UTF-8 among them, as a file system hands them to Python
NAMES = st.binary(min_size=1, max_size=12).filter(lambda name: not set(name) & {0, ord("/")}).map(os.fsdecode)
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0|"), max_size=9)
LABELS = WORDS.map(lambda word: class_name(word.strip())).filter(bool)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file system that takes any bytes")
@settings(max_examples=50, deadline=None)
@given(
    names=st.sets(NAMES, min_size=2, max_size=6), words=st.sets(LABELS, min_size=2, max_size=4), seed=st.integers(0, 99)
)
def test_odd_names_of_files_and_labels(names: set[str], words: set[str], seed: int) -> None:
    rng = np.random.default_rng(seed)
    classes = tuple(sorted(words))
    files = tuple(f"{name}.jpg" for name in sorted(names))
    sets = LabelSets.of(np.flatnonzero(row).tolist() for row in rng.integers(0, 2, (len(files), len(classes))))
    if not len(sets.classes):
        sets = LabelSets.of([[0]] * len(files))
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "photos"
        root.mkdir()
        for name in files:
            (root / name).write_bytes(JPEG)
        parts, none = np.zeros(len(files), np.int8), np.full(len(files), -1, np.int32)
        dataset = Dataset(root, Names(files), none, classes, parts, label_sets=sets)
        (Path(place) / "out").mkdir()
        TableWriter().write(dataset, Path(place) / "out", Path(place) / "out", lambda done, total: None)
        back = read(Path(place) / "out/labels.csv")
        assert all(Path(back.photo(row)).samefile(root / name) for row, name in enumerate(files))
    said = [[back.class_names[label] for label in np.flatnonzero(row)] for row in back.targets()]
    assert [set(each) for each in said] == [
        {classes[label] for label in sets.classes[start:stop]}
        for start, stop in zip(sets.starts[:-1], sets.starts[1:], strict=True)
    ]
