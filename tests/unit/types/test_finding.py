from __future__ import annotations

import pytest

from foveal.errors import FovealError
from foveal.types.finding import Finding


def test_plain_values_can_be_saved() -> None:
    finding = Finding("broken-link", "1 link", ("a\udcff.jpg",), "error")
    assert finding.to_dict() == {
        "code": "broken-link",
        "severity": "error",
        "message": "1 link",
        "paths": ["a\\udcff.jpg"],
    }
    assert str(finding) == "error: 1 link [broken-link]"


@pytest.mark.parametrize(("code", "message", "severity"), [("", "x", "error"), ("x", "", "error"), ("x", "y", "fatal")])
def test_refusals(code: str, message: str, severity: str) -> None:
    with pytest.raises(FovealError) as caught:
        Finding(code, message, (), severity)  # type: ignore[arg-type]
    assert caught.value.code == "bad-value"
