from __future__ import annotations

import numpy as np
import pytest

from foveal.errors import FovealError
from foveal.types.names import Names


@pytest.mark.parametrize("names", [(), ("",), ("a", "", "é\udce9", "ccc")])
def test_names_survive_being_taken_apart(names: tuple[str, ...]) -> None:
    again = Names.from_arrays(*Names(names).arrays())
    assert again == names
    assert list(again) == list(names)


@pytest.mark.parametrize("ends", [[], [1, 3], [0, 2], [0, 2, 1, 3]])
def test_arrays_that_do_not_fit_are_refused(ends: list[int]) -> None:
    with pytest.raises(FovealError) as caught:
        Names.from_arrays(np.zeros(3, np.uint8), np.array(ends, np.int64))
    assert caught.value.code == "bad-value"
