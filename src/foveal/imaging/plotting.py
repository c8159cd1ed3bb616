"""What every use of matplotlib needs."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_matplotlib() -> Iterator[None]:
    """Without the remarks of matplotlib about its cache of fonts, which no drawing depends on; import it inside."""
    logger = logging.getLogger("matplotlib")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
