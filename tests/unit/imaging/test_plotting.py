from __future__ import annotations

import logging

import pytest

from foveal.imaging.plotting import quiet_matplotlib


def test_the_log_is_as_it_was_afterwards() -> None:
    logger = logging.getLogger("matplotlib")
    before = logger.level
    with pytest.raises(KeyError), quiet_matplotlib():
        assert not logger.isEnabledFor(logging.WARNING)
        raise KeyError
    assert logger.level == before
