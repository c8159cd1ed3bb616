from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from foveal.errors import FovealError
from foveal.metrics.prediction_sets import (
    class_coverage,
    coverage,
    covered,
    mean_set_size,
    singleton_share,
    size_coverage,
    worst_class_coverage,
)

LABELS = [0, 0, 1, 1, 2]
SETS = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [1, 1, 0, 0], [0, 1, 1, 1], [0, 0, 1, 0]], bool)


def test_figures_worked_out_by_hand():
    assert covered(LABELS, SETS).tolist() == [True, False, True, True, True]
    assert coverage(LABELS, SETS) == 0.8
    assert mean_set_size(SETS) == pytest.approx(8 / 5)
    assert singleton_share(SETS) == 0.6
    classes = class_coverage(LABELS, SETS)
    assert classes.photos.tolist() == [2, 2, 1, 0]
    assert classes.covered.tolist() == [1, 2, 1, 0]
    assert classes.coverage.tolist() == [0.5, 1, 1, 0]
    assert classes.mean_size.tolist() == [1, 2.5, 1, 0]
    assert worst_class_coverage(LABELS, SETS) == 0.5
    assert worst_class_coverage(LABELS, SETS, at_least=3) == 1
    sizes = size_coverage(LABELS, SETS)
    assert sizes.size.tolist() == [1, 2, 3]
    assert sizes.photos.tolist() == [3, 1, 1]
    assert sizes.covered.tolist() == [2, 1, 1]
    np.testing.assert_allclose(sizes.coverage, [2 / 3, 1, 1])


@given(hnp.arrays(np.bool_, st.tuples(st.integers(1, 30), st.integers(1, 5))), st.data())
def test_parts_add_up_to_the_whole(sets, data):
    labels = data.draw(hnp.arrays(np.int32, len(sets), elements=st.integers(0, sets.shape[1] - 1)))
    classes, sizes = class_coverage(labels, sets), size_coverage(labels, sets)
    for parts in (classes, sizes):
        assert parts.photos.sum() == len(labels)
        assert parts.covered.sum() / len(labels) == pytest.approx(coverage(labels, sets))
    assert classes.mean_size @ classes.photos / len(labels) == pytest.approx(mean_set_size(sets))
    assert worst_class_coverage(labels, sets) <= coverage(labels, sets)


@pytest.mark.parametrize(
    ("labels", "sets"),
    [
        ([0], np.zeros((1, 2))),
        ([0], np.zeros(2, bool)),
        ([], np.zeros((0, 2), bool)),
        ([0, 1], np.zeros((1, 2), bool)),
        ([2], np.zeros((1, 2), bool)),
        ([-1], np.zeros((1, 2), bool)),
    ],
)
def test_arrays_that_do_not_fit_are_refused(labels, sets):
    for function in (covered, coverage, class_coverage, size_coverage, worst_class_coverage):
        with pytest.raises(FovealError, match="expected"):
            function(labels, sets)
