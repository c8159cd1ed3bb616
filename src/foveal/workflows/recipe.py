"""What to learn and how hard to try."""

from __future__ import annotations

from dataclasses import dataclass

from foveal.errors import FovealError, unknown_name
from foveal.probes import PROBES
from foveal.workflows.views import effort_named

BALANCES = ("auto", "none")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What to learn and how hard to try, as `fit` was told; checked at birth, and kept in the model."""

    backbone: str = "auto"
    effort: str = "default"
    probe: str = "auto"
    balance: str = "auto"
    seed: int = 0
    evidence: bool = False

    def __post_init__(self) -> None:
        effort_named(self.effort)
        if self.balance not in BALANCES:
            raise unknown_name("balance", self.balance, BALANCES)
        if self.probe not in ("auto", *PROBES):
            raise unknown_name("probe", self.probe, ("auto", *PROBES))
        if not 0 <= self.seed < 2**32:
            raise FovealError(
                "bad-option", f"seed: expected 0 to {2**32 - 1}, got {self.seed}", hint="choose a number in that range"
            )
