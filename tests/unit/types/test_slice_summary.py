from __future__ import annotations

import numpy as np

from foveal.evaluation.slices import slice_figures
from foveal.reports.extra_sections import slices
from foveal.types.slice_figures import largest, slice_summary


def test_of_a_column_with_very_many_values_the_largest_are_shown() -> None:
    labels = np.zeros(300, np.int32)
    columns = {"number": [str(at) for at in range(300)], "site": ["north"] * 200 + ["south"] * 100}
    found = slice_figures(labels, labels.astype(np.intp), columns)
    lines = slice_summary(found).splitlines()
    assert len(lines) == 1 + 30 + 2 + 1
    assert lines[-1] == "… and 270 smaller ones; --json lists all"
    assert [line.split()[1] for line in lines if line.startswith("site")] == ["north", "south"]
    table = slices(found, 1.0, "m")["table"]
    assert len(table.rows) == 202
    assert table.caption.endswith("without 100 smaller ones")


def test_few_slices_are_all_shown() -> None:
    labels = np.zeros(40, np.int32)
    found = slice_figures(labels, labels.astype(np.intp), {"site": ["a", "b"] * 20})
    assert largest(found, 30) == found
    assert "smaller" not in slice_summary(found)
