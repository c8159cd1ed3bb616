"""Archives that are cut, or have bytes that are not what they were: never a crash, and never a photo of other bytes.

A member's own bytes may be damaged without anyone noticing before the photo is decoded, as in a file on disk.
"""

from __future__ import annotations

import bz2
import gzip
import io
import os
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.data.options import ReadOptions
from foveal.data.read import read
from foveal.errors import FovealError

T = TypeVar("T")

_NAMES = [f"photos/{name}/{number}.jpg" for name in ("cat", "dog") for number in range(3)]


def _zip(method: int) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for name in _NAMES:
            archive.writestr(name, name.encode() * 20)
    return content.getvalue()


def _tar(form: int, *, labels: bool = False) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=form) as tar:
        for name in _NAMES:
            files = [(name if not labels else f"{'x' * 120}{name}", name.encode() * 20)]
            files += [(files[0][0][:-3] + "json", b'{"label": "%d"}' % len(files[0][0]))] * labels
            for path, data in files:
                member = tarfile.TarInfo(path)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    return content.getvalue()


ARCHIVES = {
    "stored.zip": _zip(zipfile.ZIP_STORED),
    "deflated.zip": _zip(zipfile.ZIP_DEFLATED),
    "plain.tar": _tar(tarfile.USTAR_FORMAT),
    "shard-0.tar": _tar(tarfile.PAX_FORMAT, labels=True),
    "long-0.tar": _tar(tarfile.GNU_FORMAT, labels=True),
    "ILSVRC2012_img_train.tar": _tar(tarfile.GNU_FORMAT),
    "packed.tar.gz": gzip.compress(_tar(tarfile.USTAR_FORMAT), mtime=0),
    "packed.tar.bz2": bz2.compress(_tar(tarfile.USTAR_FORMAT)),
}


def _damaged(content: bytes, cut: float, flips: list[tuple[float, int]]) -> bytes:
    changed = bytearray(content[: int(cut * len(content)) or 1])
    for where, bits in flips:
        changed[int(where * (len(changed) - 1))] ^= bits
    return bytes(changed)


def _tried(action: Callable[[], T]) -> tuple[T | None, FovealError]:
    """What came of it, or how it was refused."""
    try:
        return action(), FovealError("none", "", hint="")
    except FovealError as error:
        return None, error


@pytest.mark.parametrize("name", ARCHIVES)
@settings(max_examples=20, deadline=5000)
@given(
    cut=st.one_of(st.just(1.0), st.floats(0, 1)),
    flips=st.lists(st.tuples(st.floats(0, 1), st.integers(1, 255)), max_size=4),
    labelled=st.booleans(),
)
def test_damage_is_a_plain_error_or_a_finding(
    name: str, cut: float, flips: list[tuple[float, int]], labelled: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, FOVEAL_CACHE=f"{folder}/cache"):
        path = Path(folder, name)
        path.write_bytes(_damaged(ARCHIVES[name], cut, flips))
        dataset, refused = _tried(lambda: read(path, options=ReadOptions(labelled=labelled)))
        if dataset is None:
            assert name in refused.message
            return
        assert len(dataset) <= len(_NAMES) + 4
        for photo in dataset.photos():
            assert not isinstance(photo, Path)
            data, refused = _tried(photo.read)
            assert data or refused.code in {"image-unreadable", "image-empty", "image-too-large"}
