"""Something noticed about the data that does not stop the work but that a person should know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from foveal.types.checked import bad_value
from foveal.types.text import printable


@dataclass(frozen=True)
class Finding:
    """One thing noticed.

    Args:
        code: Stable kebab-case name.
        message: What was noticed and what was done about it, with the count.
        paths: Files or folders concerned; for very many, the first of them.
        severity: "warning": worth a look. "error": photos are missing or wrong because of it.

    Raises:
        FovealError: `bad-value`: empty code or message, or another severity.
    """

    code: str
    message: str
    paths: tuple[str, ...] = ()
    severity: Literal["warning", "error"] = "warning"

    def __post_init__(self) -> None:
        if not self.code or not self.message:
            raise bad_value("Finding", "a code and a message", (self.code, self.message))
        if self.severity not in {"warning", "error"}:
            raise bad_value("Finding", "severity warning or error", repr(self.severity))

    def to_dict(self) -> dict[str, Any]:
        """Plain values with the keys `code`, `severity`, `message`, `paths`."""
        paths = [printable(path) for path in self.paths]
        return {"code": self.code, "severity": self.severity, "message": self.message, "paths": paths}

    def __str__(self) -> str:
        return f"{self.severity}: {printable(self.message)} [{self.code}]"
