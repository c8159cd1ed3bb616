from __future__ import annotations

import logging

import pytest

from foveal.imaging.plotting import quiet_matplotlib


def _fail_quietly() -> None:
    with quiet_matplotlib():
        assert not logging.getLogger("matplotlib").isEnabledFor(logging.WARNING)
        raise KeyError


def test_the_log_is_as_it_was_afterwards() -> None:
    before = logging.getLogger("matplotlib").level
    with pytest.raises(KeyError):
        _fail_quietly()
    assert logging.getLogger("matplotlib").level == before
