"""Two processes that share each batch learn what one process learns from the whole batch."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra `train` is not installed")

from tests.e2e.training.tiny_processes import PATIENCE_S, start, start_two


@pytest.mark.parametrize(("parallel", "norms"), [("ddp", "train"), ("fsdp", "frozen")])
def test_two_processes_learn_what_one_does(tmp_path, parallel, norms):
    one, two = tmp_path / "one", tmp_path / "two"
    alone = start(one, "8", "0", "ddp", norms)
    together = start_two(two, "8", "0", parallel, norms)
    # All are waited for before anything is said of one, so that none is left behind.
    assert [each.wait(PATIENCE_S) for each in (*together, alone)] == [0, 0, 0]
    with (
        np.load(one / "done_0.npz") as expected,
        np.load(two / "done_0.npz") as got,
        np.load(two / "done_1.npz") as other,
    ):
        for name in expected.files:
            np.testing.assert_array_equal(got[name], other[name], err_msg=name)
            np.testing.assert_allclose(got[name], expected[name], rtol=2e-3, atol=2e-4, err_msg=name)
    ats = [json.loads(line)["at"] for line in (two / "log.jsonl").read_text().splitlines()]
    assert ats == sorted(ats)
