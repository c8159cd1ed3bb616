from __future__ import annotations

import numpy as np
import pytest

from foveal.errors import FovealError
from foveal.types.checked import integers, read_only


def test_integers_of_any_width_become_int64() -> None:
    for kind in (np.uint8, np.int16, np.int32, np.int64):
        assert integers("f", "labels", np.array([1, 2], kind)).dtype == np.int64
    assert integers("f", "labels", []).tolist() == []


@pytest.mark.parametrize("values", [[0.5], [[1]], 3, ["a"], [True]])
def test_anything_else_is_refused(values: object) -> None:
    with pytest.raises(FovealError, match="f: expected labels as whole numbers"):
        integers("f", "labels", values)


def test_length_is_checked() -> None:
    with pytest.raises(FovealError, match="expected 3 labels, got 2"):
        integers("f", "labels", [1, 2], length=3)


def test_read_only_shares_memory_and_leaves_the_callers_handle() -> None:
    own = np.zeros(2)
    guarded = read_only(own)
    own[0] = 1
    assert guarded[0] == 1
    assert not guarded.flags.writeable
