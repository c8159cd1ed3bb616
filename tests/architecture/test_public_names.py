"""`import foveal` offers what `__all__` says, and the table for programs agrees with the one for type checkers."""

from __future__ import annotations

import ast

import pytest
from source_tree import modules

import foveal

NAMES = [name for name in foveal.__all__ if name != "__version__"]


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_resolves_and_is_documented(name: str) -> None:
    value = getattr(foveal, name)
    assert value.__name__ == name
    assert (value.__doc__ or "").strip(), f"foveal.{name} has no docstring"


def test_names_are_sorted_and_different() -> None:
    assert sorted(set(NAMES)) == NAMES


def test_dir_lists_exactly_the_public_names() -> None:
    assert dir(foveal) == sorted(foveal.__all__)


def test_version_is_the_installed_one() -> None:
    assert foveal.__version__.count(".") == 2


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'no_such_name'"):
        foveal.no_such_name  # noqa: B018


def test_type_checkers_see_the_lazy_table() -> None:
    tree = next(module.tree for module in modules() if module.name == "")
    block = next(node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    seen = {}
    for node in block.body:
        assert isinstance(node, ast.ImportFrom), f"line {node.lineno}: only `from module import name as name` here"
        for alias in node.names:
            assert alias.asname == alias.name, f"line {node.lineno}: write `{alias.name} as {alias.name}`"
            seen[alias.name] = node.module
    assert seen == foveal._PUBLIC
