"""The source code as syntax trees, for the tests in this folder."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGE = CHECKOUT / "src" / "foveal"

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Import:
    """One imported module, such as "numpy" or "foveal.data.read", and whether it stands inside a function."""

    module: str
    line: int
    lazy: bool


@dataclass(frozen=True)
class Module:
    """One source file; `name` is dotted, without `foveal.`, and "" for `foveal/__init__.py`."""

    path: Path
    name: str
    text: str
    tree: ast.Module

    @property
    def part(self) -> str:
        """What the layer table calls it: its package, or the name of a module directly in foveal."""
        return self.name.split(".")[0]

    def where(self, line: int) -> str:
        """Path and line, as editors and terminals link them."""
        return f"{self.path.relative_to(CHECKOUT)}:{line}"

    def imports(self) -> Iterator[Import]:
        """Every module it imports; `from package import name` counts as `package.name` where that is a module."""
        inside = {id(node) for function in functions(self.tree) for node in ast.walk(function)}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield Import(alias.name, node.lineno, id(node) in inside)
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    module = f"{node.module}.{alias.name}"
                    known = module if is_foveal_module(module) else str(node.module)
                    yield Import(known, node.lineno, id(node) in inside)


@functools.cache
def modules() -> tuple[Module, ...]:
    """Every source file of foveal."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        text = path.read_text(encoding="utf-8")
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found.append(Module(path, name, text, ast.parse(text, filename=str(path))))
    return tuple(found)


def is_foveal_module(name: str) -> bool:
    """Whether `name` is a module or package of foveal."""
    first, *rest = name.split(".")
    place = PACKAGE.joinpath(*rest)
    return first == "foveal" and (place.is_dir() or place.with_suffix(".py").is_file())


def functions(tree: ast.AST) -> Iterator[Function]:
    """Every function and method, nested ones too."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def name_of(call: ast.Call) -> str:
    """What is called, with dots: "FovealError", "np.load"; "" for anything but names and attributes."""
    parts = []
    target = call.func
    while isinstance(target, ast.Attribute):
        parts.append(target.attr)
        target = target.value
    return ".".join([target.id, *reversed(parts)]) if isinstance(target, ast.Name) else ""
