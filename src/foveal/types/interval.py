"""A figure's confidence interval and how it was found."""

from __future__ import annotations

from typing import NamedTuple, TypedDict


class IntervalRecord(TypedDict):
    """An interval as plain values."""

    low: float
    high: float
    method: str


class Interval(NamedTuple):
    """A two-sided confidence interval.

    Args:
        low: Lower end.
        high: Upper end.
        method: How it was found and at which confidence, such as "Wilson score, 95 %".
    """

    low: float
    high: float
    method: str

    def to_dict(self) -> IntervalRecord:
        """Plain values with the keys `low`, `high`, `method`."""
        return {"low": float(self.low), "high": float(self.high), "method": self.method}
