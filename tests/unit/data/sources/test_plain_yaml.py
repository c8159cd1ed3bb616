from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.data.sources.plain_yaml import plain_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: b", "b"),
        ("a:", ""),
        ("a: 'it''s' # note", "it's"),
        ('a: "x # y"', "x # y"),
        ('a: "q\\"q"', 'q"q'),
        ("'a': b", "b"),
        ("a: C:\\data\\x", "C:\\data\\x"),
        ("a: b#c", "b#c"),
        ("a: [x, 'y, z', \"w\"]", ["x", "y, z", "w"]),
        ("a: [x,\n  y]", ["x", "y"]),
        ("a: []", []),
        ("a: {}", {}),
        ("a: {0: x, 1: 'y, z'}", {"0": "x", "1": "y, z"}),
        ("a:\n- x\n- 'y'", ["x", "y"]),
        ("a:\n  - x y\n  - z", ["x y", "z"]),
        ("a:\n  0: x\n  1: y: z", {"0": "x", "1": "y: z"}),
        ("---\nz: !!python/object:os.system\na: b\n...", "b"),
        ("download: |\n  a: c\n  d\na: b", "b"),
        ("\ufeffa: b\r\n", "b"),
    ],
)
def test_what_is_read(text: str, value: object) -> None:
    assert plain_yaml(text, {"a"}) == {"a": value}


@pytest.mark.parametrize(
    "text",
    [
        "a: &x b",
        "a: *x",
        "a: !!python/object/apply:os.system ['x']",
        "a: |\n  text",
        "a: b\n  c",
        "a: [x, [y]]",
        "a: [x",
        "a: {x: {y: z}}",
        "a:\n  b:\n    c: d",
        "a:\n  - x\n  y: z",
        "a:\n  x: 1\n  x: 2",
        "a: 'open",
        "a: {x, y}",
        "a: {x: 'y}",
    ],
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected .*\(under a, line 1\)"):
        plain_yaml(text, {"a"})


def test_only_what_is_wanted() -> None:
    assert plain_yaml("a: [x\nb: 1\n", {"b"}) == {"b": "1"}


@given(text=st.text("ab:'\"[]{},-#0 \n&*|\\", max_size=60))
def test_no_text_crashes(text: str) -> None:
    try:
        found = plain_yaml(text, {"a", "b", "0"})
    except ValueError:
        return
    assert found.keys() <= {"a", "b", "0"}


@given(names=st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8), min_size=1))
def test_quoted_names_come_back(names: list[str]) -> None:
    quoted = ["'" + name.replace("'", "''") + "'" for name in names]
    assert plain_yaml(f"names: [{', '.join(quoted)}]", {"names"}) == {"names": names}
    assert plain_yaml("names:\n" + "".join(f"- {each}\n" for each in quoted), {"names"}) == {"names": names}
    numbered = "".join(f"  {number}: {each}\n" for number, each in enumerate(quoted))
    assert plain_yaml(f"names:\n{numbered}", {"names"}) == {
        "names": {str(number): name for number, name in enumerate(names)}
    }
