"""The one error type: a code to look up, what was expected and got, and the next step."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class FovealError(Exception):
    """Anything foveal refuses or cannot do.

    Args:
        code: Stable kebab-case name, listed in `docs/errors.md`.
        message: What was expected and what was got, naming the file or option.
        hint: The next step for the person who reads it.
    """

    def __init__(self, code: str, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} [{self.code}]\n  hint: {self.hint}"


def unknown_name(kind: str, got: str, known: Iterable[str]) -> FovealError:
    """The error for a name that is not in a table: lists the near ones, or all of them.

    Args:
        kind: What the name stands for, such as "backbone".
        got: The name that was asked for.
        known: The names there are.
    """
    names = list(known)
    near = difflib.get_close_matches(got, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"choose one of {', '.join(names)}"
    return FovealError("unknown-name", f"expected the name of a {kind}, got {got!r}", hint=hint)
