from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from foveal.cli.fit import _written
from foveal.errors import FovealError
from foveal.workflows import report


def test_a_report_that_cannot_be_written_says_that_the_model_is_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise FovealError("cannot-write", "m.report.html: the disk is full", hint="free some space")

    monkeypatch.setattr(report, "write_reports", refuse)
    fitted: Any = SimpleNamespace(model=SimpleNamespace(record={"learning_curve": None}), measured=(1, 2))
    with pytest.raises(FovealError) as caught:
        _written(fitted, Path("m.foveal"))
    assert caught.value.code == "cannot-write"
    assert caught.value.hint == "the model was written, m.foveal; only its report is missing: free some space"
