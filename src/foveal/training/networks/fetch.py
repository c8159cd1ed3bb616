"""Fetch one file over a network, whole and checked, or not at all. Only `foveal models pull` does that."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import IO, Any

from foveal.errors import FovealError

Progress = Callable[[int, int], None]
"""Called with bytes that came and bytes in all (0: not known)."""

_SCHEMES = ("https://", "http://", "file://")
_AT_ONCE = 1 << 20
_TIMEOUT_S = 60


def fetch(address: str, into: IO[bytes], *, sha256: str = "", progress: Progress | None = None) -> str:
    """Fetch a file.

    Args:
        address: https, http or file.
        into: Where its bytes go.
        sha256: What its sha256 has to begin with, in hexadecimal; "" when it is not known.
        progress: Told about what came, some times a second.

    Returns:
        Its sha256, in hexadecimal.

    Raises:
        FovealError: `cannot-fetch`: no network, no such file, cut off; `weights-changed`: another sha256.
    """
    digest = hashlib.sha256()
    done = 0
    try:
        with _open(address) as answer:
            total = int(answer.headers.get("Content-Length") or 0)
            while block := answer.read(_AT_ONCE):
                into.write(block)
                digest.update(block)
                done += len(block)
                if progress is not None:
                    progress(done, total)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        raise cannot_fetch(address, error) from error
    if total and done != total:
        raise cannot_fetch(address, f"{done:,} of {total:,} bytes")
    if not digest.hexdigest().startswith(sha256.lower()):
        raise changed(address, sha256, digest.hexdigest())
    return digest.hexdigest()


def fetch_json(address: str) -> Any:
    """Fetch a small JSON document.

    Raises:
        FovealError: `cannot-fetch`.
    """
    try:
        with _open(address) as answer:
            return json.loads(answer.read())
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError, ValueError) as error:
        raise cannot_fetch(address, error) from error


def cannot_fetch(address: str, reason: object) -> FovealError:
    """The error for a file that did not come."""
    denied = isinstance(reason, urllib.error.HTTPError) and reason.code in {401, 403}
    said = getattr(reason, "reason", None) or reason
    return FovealError(
        "cannot-fetch",
        f"{address}: expected the file, got: {said}",
        hint="its publisher asks you to agree to terms first: do so on its page, then set HF_TOKEN"
        if denied
        else "run this on a machine with a network, or name another place with --from",
    )


def changed(place: str, expected: str, got: str) -> FovealError:
    """The error for a file that is not what its publisher says."""
    return FovealError(
        "weights-changed",
        f"{place}: expected a file whose sha256 begins with {expected}, got {got}",
        hint="nothing was kept; try again, and never use a file that differs from what its publisher says",
    )


def _open(address: str) -> Any:
    if not address.startswith(_SCHEMES):
        raise FovealError(
            "cannot-fetch",
            f"expected an address that begins with {', '.join(_SCHEMES)}, got {address!r}",
            hint="name a full address, or a file on this machine",
        )
    request = urllib.request.Request(address, headers={"User-Agent": "foveal"})  # noqa: S310  # schemes checked above
    token = os.environ.get("HF_TOKEN")
    if token and address.startswith(hub()):
        # Not sent on where the hub redirects to.
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    try:
        return urllib.request.urlopen(request, timeout=_TIMEOUT_S)  # noqa: S310  # schemes checked above
    except urllib.error.HTTPError as error:
        error.close()
        raise


def hub() -> str:
    """Address of the hub that timm's weights are on, or of the mirror that `HF_ENDPOINT` names."""
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")
