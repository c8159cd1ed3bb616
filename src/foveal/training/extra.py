"""The door to PyTorch: a clear word where the extra is not installed."""

from __future__ import annotations

import os
import sys
from importlib import util

from foveal.errors import FovealError

PACKAGES = ("torch", "torchvision", "timm", "captum", "safetensors", "onnxscript")
"""What the extra `train` brings."""


# PyTorch's threads wait for each other after every operation, by default turning in a loop for a while. Where anything
# else wants the processor, the decoding of photos to begin with, the one that is waited for cannot run meanwhile: on
# two busy cores fine-tuning went from 2 to 10 photos a second with threads that wait asleep.
_ASLEEP = ("OMP_WAIT_POLICY", "passive")


def require_train(wanted: str) -> None:
    """Refuse to go on without the extra `train`.

    Where PyTorch is not loaded yet, its threads are told to wait for each other asleep.

    Args:
        wanted: What needs it, for the message.

    Raises:
        FovealError: `needs-extra`.
    """
    missing = [name for name in PACKAGES if util.find_spec(name) is None]
    if missing:
        raise FovealError(
            "needs-extra",
            f"{wanted}: expected PyTorch and its libraries, got none of {', '.join(missing)} installed",
            hint='pip install "foveal[train]"',
        )
    if "torch" not in sys.modules:  # the variable is read when it is loaded
        os.environ.setdefault(*_ASLEEP)
