from __future__ import annotations

import numpy as np
import pytest

from foveal.cli.predict import _text
from foveal.types.classifications import Classifications


def _sets(classes: int, size: int) -> Classifications:
    probs = np.full((1, classes), 1 / classes, np.float32)
    sets = np.zeros((1, classes), np.bool_)
    sets[0, :size] = True
    names = tuple(f"c{number}" for number in range(classes))
    return Classifications(("a.jpg",), names, probs, (None,), sets=sets)


@pytest.mark.parametrize(
    ("size", "named", "end"), [(10, 10, "c9"), (40, 10, "and 30 more (--json and --csv name all)")]
)
def test_a_very_large_set_is_cut_and_says_so(
    size: int, named: int, end: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _text(_sets(40, size), 1)
    said = capsys.readouterr().out.rstrip()
    assert said.count("%") == named
    assert said.endswith(end)
