"""The one door to OpenCV: imported on first use, with its own threads switched off."""

from __future__ import annotations

import functools
from typing import Any


@functools.cache
def opencv() -> Any:
    """The `cv2` module, limited to one thread per call for the whole process.

    foveal decodes and resizes several photos at once; a second level of threads inside each call would only make
    them wait for each other.
    """
    import cv2

    cv2.setNumThreads(1)
    return cv2
