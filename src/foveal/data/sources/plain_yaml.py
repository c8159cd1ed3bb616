"""The little of YAML that dataset files are written in: top-level keys with scalars, lists and maps of scalars."""

from __future__ import annotations

import re
from collections.abc import Iterator

Value = str | list[str] | dict[str, str]
"""A scalar as text, a list or a map of them."""

_KEY = re.compile(r"(?P<key>\"[^\"]*\"|'[^']*'|[^\s#:'\"\[\]{},&*!|>%@`-][^:#]*?)\s*:(?:\s+(?P<rest>.*))?$")
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"\\]|\\.)*\"")
_ITEM = re.compile(rf"\s*({_QUOTED.pattern}|[^,\[\]{{}}'\"]*)\s*(?:,|$)")
_NOT_READ = ("&", "*", "!", "|", ">", "%", "@", "`")


def plain_yaml(text: str, wanted: set[str]) -> dict[str, Value]:
    """The values of some top-level keys; what stands under other keys is passed over.

    Args:
        text: The file.
        wanted: The keys that count.

    Raises:
        ValueError: A wanted value uses more of YAML than scalars, lists and maps of scalars; it says which line.
    """
    found: dict[str, Value] = {}
    for key, number, lines in _sections(text):
        if key in wanted:
            try:
                found[key] = _value(lines)
            except ValueError as error:
                raise ValueError(f"{error} (under {key}, line {number})") from error
    return found


def _sections(text: str) -> Iterator[tuple[str, int, list[str]]]:
    """Each top-level key with its line number and the lines of its value."""
    key, begun, lines = "", 0, list[str]()
    for number, raw in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        line = _uncommented(raw).rstrip()
        if not line or line in {"---", "..."}:
            continue
        match = _KEY.match(line)
        if match and not line[0].isspace():
            if key:
                yield key, begun, lines
            key, begun, lines = _scalar(match["key"]), number, [match["rest"] or ""]
        else:
            lines.append(line)
    if key:
        yield key, begun, lines


def _uncommented(line: str) -> str:
    """The line up to a `#` that stands outside of quotes."""
    masked = _QUOTED.sub(lambda quoted: "x" * len(quoted.group()), line)
    comment = _COMMENT.search(masked)
    return line[: comment.start()] if comment else line


def _value(lines: list[str]) -> Value:
    first, *rest = lines
    first = first.strip()
    if first.startswith(("[", "{")):
        return _flow(" ".join([first, *(line.strip() for line in rest)]))
    if first and rest:
        raise ValueError(f"expected one line or an indented block, got {rest[0].strip()!r} after {first!r}")
    if first or not rest:
        return _scalar(first)
    if len({len(line) - len(line.lstrip()) for line in rest}) > 1:
        raise ValueError("expected entries of the same indentation")
    return _block([line.strip() for line in rest])


def _block(entries: list[str]) -> list[str] | dict[str, str]:
    if all(entry.startswith("- ") for entry in entries):
        return [_scalar(entry[2:]) for entry in entries]
    pairs = [_KEY.match(entry) for entry in entries]
    return _map([(pair["key"], pair["rest"] or "") if pair else ("", "") for pair in pairs])


def _flow(text: str) -> list[str] | dict[str, str]:
    if (text[0], text[-1]) not in {("[", "]"), ("{", "}")}:
        raise ValueError(f"expected a closing bracket at the end, got {text[-20:]!r}")
    inside = text[1:-1].strip()
    if text[0] == "[":
        items, at = [], 0
        while at < len(inside):
            item = _ITEM.match(inside, at)
            if item is None:
                raise ValueError(f"expected plain or quoted items, got {inside[at : at + 20]!r}")
            items.append(_scalar(item[1]))
            at = item.end()
        return items
    entries = re.findall(rf"\s*((?:{_QUOTED.pattern}|[^,'\"])+)\s*(?:,|$)", inside)
    if sum(map(len, entries)) < len(re.sub(r"\s*,\s*", "", inside)):
        raise ValueError(f"expected plain or quoted entries, got {inside[:40]!r}")
    pairs = [_KEY.match(entry.strip()) for entry in entries]
    return _map([(pair["key"], pair["rest"] or "") if pair else ("", "") for pair in pairs])


def _map(pairs: list[tuple[str, str]]) -> dict[str, str]:
    if not all(key for key, _ in pairs):
        raise ValueError("expected only lines such as 'key: value' or only such as '- value'")
    found = {_scalar(key): _scalar(value) for key, value in pairs}
    if len(found) < len(pairs):
        raise ValueError("expected different keys")
    return found


def _scalar(text: str) -> str:
    text = text.strip()
    if text.startswith("'") and _QUOTED.fullmatch(text):
        return text[1:-1].replace("''", "'")
    if text.startswith('"') and _QUOTED.fullmatch(text):
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    if text.startswith((*_NOT_READ, "[", "{", "'", '"', "- ")):
        raise ValueError(f"expected plain or quoted text, got {text[:40]!r}")
    return text
