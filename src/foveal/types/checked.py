"""What every value does when it is made: refuse what does not fit, and protect its arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError


def bad_value(owner: str, expected: str, got: object) -> FovealError:
    """The error for a value whose fields do not fit together.

    Args:
        owner: Name of the type or function that refuses.
        expected: What would have been right.
        got: What came instead.
    """
    return FovealError(
        "bad-value",
        f"{owner}: expected {expected}, got {got}",
        hint="check what was passed in; the text above names the field and the shape or range it must have",
    )


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """The same memory behind a handle that cannot be written to; the caller's own handle stays as it was."""
    view = array.view()
    view.flags.writeable = False
    return view


def integers(owner: str, name: str, values: Any, *, length: int | None = None) -> NDArray[np.int64]:
    """Values as int64 [n], refused unless they are whole numbers in one dimension.

    Raises:
        FovealError: `bad-value`: not one-dimensional, not whole numbers, or not `length` of them.
    """
    array = np.asarray(values)
    if array.ndim != 1 or not (np.issubdtype(array.dtype, np.integer) or array.size == 0):
        raise bad_value(owner, f"{name} as whole numbers [n]", f"{array.dtype} {list(array.shape)}")
    if length is not None and len(array) != length:
        raise bad_value(owner, f"{length} {name}", len(array))
    return array.astype(np.int64, copy=False)
