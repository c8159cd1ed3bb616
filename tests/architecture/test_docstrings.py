"""Every public module, class, function and method says what it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from source_tree import Module, modules

Documented = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def _public(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Documented]]:
    """Public names of a module or class; what stands inside functions is nobody else's."""
    for node in body:
        if not isinstance(node, Documented) or node.name.startswith("_") or _is_overload(node):
            continue
        yield prefix + node.name, node
        if isinstance(node, ast.ClassDef):
            yield from _public(node.body, f"{prefix}{node.name}.")


def _is_overload(node: Documented) -> bool:
    return any(ast.unparse(each).split(".")[-1] == "overload" for each in node.decorator_list)


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name or "foveal")
def test_public_things_have_docstrings(module: Module) -> None:
    bare = [] if ast.get_docstring(module.tree) else [f"{module.where(1)} the module"]
    bare += [
        f"{module.where(node.lineno)} {name}" for name, node in _public(module.tree.body) if not ast.get_docstring(node)
    ]
    assert not bare, "no docstring:\n" + "\n".join(bare)
