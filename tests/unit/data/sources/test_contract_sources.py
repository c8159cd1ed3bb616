"""What holds of every source in the table, whatever form it reads."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foveal.data.dataset import Dataset
from foveal.data.options import ReadOptions
from foveal.data.read import read
from foveal.data.sources import SOURCES, Source, source
from foveal.errors import FovealError

# Names by which some source tells its form.
FILES = (
    "photos.zip",
    "photos.tar",
    "photos.tar.gz",
    "photos.tgz",
    "shard-000000.tar",
    "labels.csv",
    "labels.tsv",
    "labels.jsonl",
    "metadata.csv",
    "metadata.jsonl",
    "photos.parquet",
    "train-00000-of-00001.parquet",
    "annotations.json",
    "instances_train2017.json",
    "_annotations.coco.json",
    "data.yaml",
    "classes.txt",
    "pathmnist.npz",
    "train-images-idx3-ubyte",
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte",
    "data_batch_1.bin",
    "test_batch.bin",
    "train.bin",
    "batches.meta.txt",
    "ILSVRC2012_img_train.tar",
    "ILSVRC2012_img_val.tar",
    "ILSVRC2012_devkit_t12.tar.gz",
    "ILSVRC2012_validation_ground_truth.txt",
    "LOC_val_solution.csv",
    "real.json",
    "one.xml",
    "photo.jpg",
    "no_suffix",
)
FOLDERS = ("Annotations", "JPEGImages", "ImageSets/Main", "images/train", "labels/train", "annotations", "train", "val")
STARTS = (b"", b"\0", b"PK\x03\x04", b"PAR1", b"\x1f\x8b\x08", b"\0\0\x08\x03", b"[", b'{"images": [', b"path,label\n")


@pytest.fixture(params=list(SOURCES))
def form(request: pytest.FixtureRequest) -> Source:
    return source(request.param)


def noise(length: int, seed: int) -> bytes:
    return np.random.default_rng(seed).bytes(length)


def detect_all(place: Path) -> Iterator[bool]:
    for name in SOURCES:
        yield source(name).detect(place)


def test_options_are_fields_of_read_options(form: Source) -> None:
    assert isinstance(form.options, frozenset)
    assert form.options <= {field.name for field in fields(ReadOptions)} - {"labelled"}


def test_an_empty_folder_is_no_form_but_a_folder(form: Source, tmp_path: Path) -> None:
    assert isinstance(form.detect(tmp_path), bool)
    with pytest.raises(FovealError) as caught:
        read(tmp_path)
    assert caught.value.code in ("no-photos", "one-class")


@pytest.mark.parametrize("name", FILES)
def test_detecting_never_raises_whatever_is_in_the_file(name: str, tmp_path: Path) -> None:
    place = tmp_path / name
    for number, start in enumerate(STARTS):
        for length in (0, 3, 200, 5000):
            place.write_bytes(start + noise(length, number))
            assert all(isinstance(answer, bool) for answer in detect_all(place))
            assert all(isinstance(answer, bool) for answer in detect_all(tmp_path))


@pytest.mark.parametrize("name", FILES)
def test_detecting_never_raises_on_a_folder_of_that_name(name: str, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    assert all(isinstance(answer, bool) for answer in detect_all(tmp_path))
    assert all(isinstance(answer, bool) for answer in detect_all(tmp_path / name))


@pytest.mark.timeout(60)
def test_detecting_never_raises_on_odd_places(tmp_path: Path) -> None:
    for name in FOLDERS:
        (tmp_path / "tree" / name).mkdir(parents=True)
        (tmp_path / "files" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "files" / name).write_bytes(noise(50, 0))
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nothing")
    (tmp_path / "pipes").mkdir()
    for name in FILES if hasattr(os, "mkfifo") else ():
        os.mkfifo(tmp_path / "pipes" / name)
    pipes = [f"pipes/{path.name}" for path in (tmp_path / "pipes").iterdir()]
    for place in ("tree", "files", "loop", "gone.csv", "not there", "not/there.zip", *pipes, "pipes"):
        assert all(isinstance(answer, bool) for answer in detect_all(tmp_path / place)), place


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
@pytest.mark.parametrize("name", FILES)
def test_detecting_never_raises_without_permission(name: str, tmp_path: Path) -> None:
    place = tmp_path / name
    place.write_bytes(noise(100, 0))
    place.chmod(0)
    closed = tmp_path / "closed"
    closed.mkdir()
    (closed / name).write_bytes(noise(100, 0))
    closed.chmod(0)
    try:
        for where in (place, closed, closed / name, tmp_path):
            assert all(isinstance(answer, bool) for answer in detect_all(where))
    finally:
        closed.chmod(0o700)


def test_detecting_opens_nothing_it_cannot_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same as without permission, where the tests run as root."""
    for name in FILES:
        (tmp_path / name).write_bytes(noise(100, 0))

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.open", refuse)
        patched.setattr("pathlib.Path.read_bytes", refuse)
        patched.setattr("pathlib.Path.read_text", refuse)
        patched.setattr("builtins.open", refuse)
        patched.setattr("os.scandir", refuse)
        patched.setattr("os.listdir", refuse)
        patched.setattr("pathlib.Path.iterdir", refuse)
        answers = {
            (source_name, name): source(source_name).detect(tmp_path / name)
            for source_name in SOURCES
            for name in FILES
        }
        whole = [source(name).detect(tmp_path) for name in SOURCES]
    assert all(isinstance(answer, bool) for answer in [*answers.values(), *whole])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(FILES),
    st.sampled_from(STARTS),
    st.binary(max_size=400),
    st.booleans(),
)
def test_reading_what_is_damaged_is_refused_and_no_more(
    tmp_path: Path, name: str, start: bytes, rest: bytes, labelled: bool
) -> None:
    place = tmp_path / name
    place.write_bytes(start + rest)
    try:
        for where in (place, tmp_path):
            with contextlib.suppress(FovealError):
                assert isinstance(read(where, options=ReadOptions(labelled=labelled)), Dataset)
    finally:
        place.unlink()
