"""The door to PyTorch: a clear word where the extra is not installed."""

from __future__ import annotations

from importlib import util

from foveal.errors import FovealError

PACKAGES = ("torch", "torchvision", "timm", "captum", "safetensors", "onnxscript")
"""What the extra `train` brings."""


def require_train(wanted: str) -> None:
    """Refuse to go on without the extra `train`.

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
