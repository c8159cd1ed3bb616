"""The key tables of docs/json.md, and the keys of a JSON document in the same words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

DOC = Path(__file__).resolve().parents[2] / "docs" / "json.md"

_ROW = re.compile(r"^\| `([^`]+)` \| ([^|]+) \| (.+) \|$")
_PART = re.compile(r"^\[(\w+)\]\(#\1\)$")


class Key(NamedTuple):
    """One documented key."""

    type: str
    optional: bool


def documented(section: str) -> dict[str, Key]:
    """The keys of a section such as "foveal fit", its parts written out."""
    text = DOC.read_text(encoding="utf-8").split(f"\n## `{section}`\n")[1].split("\n## ")[0]
    return dict(_keys(text, ""))


def part(name: str) -> dict[str, Key]:
    """The keys of a part such as "card"."""
    text = DOC.read_text(encoding="utf-8").split(f"\n### {name}\n")[1].split("\n### ")[0]
    return dict(_keys(text, ""))


def _keys(text: str, prefix: str) -> Iterator[tuple[str, Key]]:
    for line in text.splitlines():
        row = _ROW.match(line)
        if not row:
            continue
        key, kind, meaning = row.groups()
        inside = _PART.match(kind.strip())
        optional = "*optional*" in meaning
        if inside:
            parts = part(inside.group(1))
            lists = key == "findings[]"  # may be empty, and then has no keys
            yield from ((f"{prefix}{key}.{name}", Key(t, o or optional or lists)) for name, (t, o) in parts.items())
        else:
            yield prefix + key, Key(kind.strip(), optional)


def keys(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """(key, type) of every leaf of a JSON document."""
    if isinstance(value, dict):
        for name, inside in value.items():
            yield from keys(inside, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for inside in value:
            yield from keys(inside, f"{path}[]")
    else:
        yield path, _TYPES[type(value)]


def differences(document: Any, table: dict[str, Key]) -> list[str]:
    """How a document departs from its table; empty when it does not."""
    found: list[str] = []
    seen: set[str] = set()
    for key, kind in keys(document):
        known = next((name for name in table if _matches(name, key)), None)
        if known is None:
            found.append(f"{key} is not documented")
        elif not (kind in table[known].type or (kind == "integer" and "number" in table[known].type)):
            found.append(f"{key} is {kind}, documented as {table[known].type}")
        else:
            seen.add(known)
    missing = [name for name, (_, optional) in table.items() if not optional and name not in seen]
    return sorted(set(found)) + [f"{name} is documented and missing" for name in missing]


def _matches(pattern: str, key: str) -> bool:
    return pattern == key or (pattern.endswith(".*") and key.startswith(pattern[:-1]))


_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
