"""docs/errors.md describes exactly the codes there are. A failure lists what to add or to take out.

`python tests/architecture/test_errors_documented.py` prints the same list without pytest.
"""

from __future__ import annotations

import re

import pytest
from codes import KINDS, codes
from source_tree import CHECKOUT, modules

PAGE = CHECKOUT / "docs" / "errors.md"
SECTIONS = {"FovealError": "Errors", "Finding": "Findings"}


def documented(kind: str) -> dict[str, str]:
    """Code to paragraph, in the order of the page."""
    text = PAGE.read_text(encoding="utf-8")
    section = re.search(rf"^## {SECTIONS[kind]}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if section is None:
        return {}
    entries = re.split(r"^### `([^`]*)`\n", section[1], flags=re.MULTILINE)[1:]
    return {code: text.strip() for code, text in zip(entries[::2], entries[1::2], strict=True)}


def difference(kind: str) -> list[str]:
    """What is missing from the page, and what is on it for nothing."""
    there, written = codes(kind), documented(kind)
    section = SECTIONS[kind]
    missing = [f"add under ## {section}: ### `{code}` ({there[code]})" for code in sorted(there.keys() - written)]
    return missing + [f"take out of ## {section}: ### `{code}`" for code in written if code not in there]


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_lists_exactly_the_codes_there_are(kind: str) -> None:
    assert codes(kind)
    assert not difference(kind), "\n".join(["docs/errors.md:", *difference(kind)])


@pytest.mark.parametrize("kind", KINDS)
def test_codes_are_in_order_and_explained(kind: str) -> None:
    written = documented(kind)
    assert list(written) == sorted(written)
    unexplained = [code for code, text in written.items() if len(text.split()) < 8]
    assert not unexplained, f"say when it happens and what to do: {unexplained}"


@pytest.mark.parametrize("kind", KINDS)
def test_codes_are_kebab_case(kind: str) -> None:
    assert not [code for code in codes(kind) if not re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", code)]


def test_docstrings_name_only_codes_there_are() -> None:
    known = {code for kind in KINDS for code in codes(kind)}
    unknown = []
    for module in modules():
        for found in re.finditer(r"FovealError: (.*?)(?:\n\s*\n|\"\"\")", module.text, re.DOTALL):
            line = module.text.count("\n", 0, found.start()) + 1
            named = re.findall(r"`([a-z]+(?:-[a-z0-9]+)+)`", found[1])
            unknown += [f"{module.where(line)}: {code}" for code in named if code not in known]
    assert not unknown, "\n".join(unknown)


if __name__ == "__main__":
    print("\n".join(line for kind in KINDS for line in difference(kind)) or "docs/errors.md is complete")
