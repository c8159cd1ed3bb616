from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foveal.data.dataset import Dataset
from foveal.data.split_file import Split, read_split
from foveal.errors import FovealError
from foveal.types.names import Names

# names as a file system may hand them over: any text, and bytes that are no UTF-8 as lone surrogates
NAMES = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0/\r"), min_size=1, max_size=8)
    | st.just("caf\udce9.jpg"),
    min_size=2,
    max_size=12,
    unique=True,
)


def split(*paths: str) -> Split:
    n = len(paths)
    return Split(Names(paths), np.arange(n) % 2, np.arange(n))


def photos(*paths: str) -> Dataset:
    n = len(paths)
    return Dataset(Path("photos"), paths, np.zeros(n, int), ("a",), np.zeros(n, int))


@given(NAMES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read_back(tmp_path: Path, names: list[str]) -> None:
    there = read_split(split(*names).save(tmp_path / "split.csv"))
    assert there.paths == names
    np.testing.assert_array_equal(there.folds, np.arange(len(names)) % 2)
    np.testing.assert_array_equal(there.groups, np.arange(len(names)))


def test_photos_are_found_by_path() -> None:
    folds, groups = split("a", "b", "c", "d").of(photos("d", "a", "b"))
    assert (folds.tolist(), groups.tolist()) == ([1, 0, 1], [3, 0, 1])


def test_unknown_photos_and_lost_folds() -> None:
    with pytest.raises(FovealError, match=r"without new\.jpg") as caught:
        split("a", "b").of(photos("a", "b", "new.jpg"))
    assert caught.value.code == "split-mismatch"
    assert "same --exclude" in caught.value.hint
    with pytest.raises(FovealError, match="each of 2 folds, got 1"):
        split("a", "b", "c").of(photos("a", "c"))


def test_a_group_may_not_stand_in_two_folds() -> None:
    with pytest.raises(FovealError, match="every group in one fold"):
        Split(Names(["a", "b"]), np.array([0, 1]), np.array([5, 5]))


@pytest.mark.parametrize(
    "content",
    ["", "path,label\n", "path,fold,group\na,0,0\n", "path,fold,group\na,x,0\nb,1,1\n", "path,fold,group\na,0\nb,1\n",
     "path,fold,group\na,0,0\nb,2,1\n", "path,fold,group\na,0,0\nb,99999999999999999999,1\n"],
)  # fmt: skip
def test_other_files_are_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "split.csv"
    file.write_text(content)
    with pytest.raises(FovealError) as caught:
        read_split(file)
    assert caught.value.code == "split-damaged"


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FovealError) as caught:
        read_split(tmp_path / "gone.csv")
    assert caught.value.code == "not-found"


def test_what_a_spreadsheet_saved_again(tmp_path: Path) -> None:
    file = tmp_path / "split.csv"
    file.write_text("\ufeffpath;fold;group\r\na, b.jpg;0;0\r\n;;\r\nc.jpg;1;1\r\n")
    there = read_split(file)
    assert (list(there.paths), there.folds.tolist()) == (["a, b.jpg", "c.jpg"], [0, 1])


def test_it_is_shown_in_a_line() -> None:
    assert repr(split("a", "b", "c")) == "Split(3 photos, 2 folds, 3 groups)"
