"""The charts of a report, each drawn from plain figures."""
