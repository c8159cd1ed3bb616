"""Keep what OpenVINO made of a network for this machine, so that the next process starts without compiling it."""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from foveal.storage import cache_folder, keep

_KEPT = 8
_DIGEST_BYTES = 32


def compiled(core: Any, properties: dict[str, Any], *, name: str, compile_model: Callable[[], Any]) -> Any:
    """A compiled model: the kept one, or a new one that is kept from now on.

    OpenVINO's own cache does not notice changed weights in its files; here a digest stands before the model, and
    whatever does not match it is compiled again.

    Args:
        core: OpenVINO's `Core`.
        properties: What the model is compiled with.
        name: Tells the network and its outputs apart.
        compile_model: Compiles it.
    """
    key = hashlib.sha256(repr((name, sorted(properties.items()), _processor(core))).encode()).hexdigest()[:24]
    path = cache_folder() / "compiled" / f"{key}.blob"
    content = _read(path)
    if content is not None:
        try:
            return core.import_model(io.BytesIO(content), "CPU", properties)
        except RuntimeError:
            # Written by another version of the same number, or for a processor that calls itself alike.
            path.unlink(missing_ok=True)
    model = compile_model()
    _keep(path, model)
    return model


def _processor(core: Any) -> tuple[str, ...]:
    from importlib import metadata

    capabilities = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return (metadata.version("openvino"), core.get_property("CPU", "FULL_DEVICE_NAME"), *capabilities)


def _read(path: Path) -> bytes | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    content = data[_DIGEST_BYTES:]
    return content if hashlib.sha256(content).digest() == data[:_DIGEST_BYTES] else None


def _keep(path: Path, model: Any) -> None:
    stream = io.BytesIO()
    model.export_model(stream)
    content = stream.getvalue()
    keep(path, hashlib.sha256(content).digest() + content)
    # Another process may remove the same ones, or the folder may not be written.
    with contextlib.suppress(OSError):
        newest_first = sorted(path.parent.glob("*.blob"), key=lambda each: each.stat().st_mtime, reverse=True)
        for each in newest_first[_KEPT:]:
            each.unlink()
