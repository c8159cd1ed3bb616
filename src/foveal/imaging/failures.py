"""The two ways a file that is a photo can be broken, as errors with the same words everywhere."""

from __future__ import annotations

from foveal.errors import FovealError


def truncated(name: str, detail: str) -> FovealError:
    """The error for a photo whose end is missing."""
    return FovealError("image-truncated", f"{name}: the file is cut short ({detail})", hint="copy the file again")


def corrupt(name: str, detail: str) -> FovealError:
    """The error for a photo whose bytes contradict its format."""
    return FovealError(
        "image-corrupt", f"{name}: the file is damaged ({detail})", hint="copy the file again, or remove it"
    )


def from_exception(name: str, error: Exception) -> FovealError:
    """The error for whatever a decoder raised on a damaged file."""
    detail = _one_line(error)
    if isinstance(error, MemoryError):
        return FovealError(
            "image-too-large", f"{name}: not enough memory to decode it", hint="free memory, or shrink the photo"
        )
    if isinstance(error, EOFError) or "truncated" in detail.lower():
        return truncated(name, detail)
    return corrupt(name, detail)


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text[:120] or type(error).__name__
