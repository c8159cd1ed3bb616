"""What a form cannot say, and which form can."""

from __future__ import annotations

from foveal.errors import FovealError


def cannot_express(form: str, what: str, others: str) -> FovealError:
    """The error for a dataset that would lose something.

    Args:
        form: Name of the form.
        what: What there is that the form cannot show.
        others: Forms that keep it.
    """
    return FovealError(
        "cannot-express",
        f"--to {form}: expected what this form can express, got {what}",
        hint=f"write a form that keeps this: --to {others}",
    )
