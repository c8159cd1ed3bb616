"""The hand-written tables, `"name": "foveal.package.module:Object"`: every row resolves, and no row is there twice."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module

import pytest
from source_tree import Module, modules

TARGET = re.compile(r"foveal(\.\w+)+:\w+")

# What stands in the island needs PyTorch to resolve, and nothing to be listed.
_TRAINED = "foveal.training."

# Tables there must be; a new one is found by itself.
KNOWN = {
    "foveal.backbones.BUILDERS",
    "foveal.explainers.EXPLAINERS",
    "foveal.data.sources.SOURCES",
    "foveal.heads.HEADS",
    "foveal.metrics.METRICS",
    "foveal.probes.PROBES",
    "foveal.runtimes.RUNTIMES",
}


def _targets(tree: ast.AST) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and TARGET.fullmatch(node.value):
            yield node


def _with_targets() -> list[Module]:
    return [module for module in modules() if next(_targets(module.tree), None)]


def _tables() -> dict[str, dict[str, str]]:
    """Every public dict of names to targets in the modules that hold targets."""
    found = {}
    for module in _with_targets():
        for name, value in vars(import_module(f"foveal.{module.name}")).items():
            if name.isupper() and isinstance(value, dict) and value and all(map(_is_target, value.values())):
                found[f"foveal.{module.name}.{name}"] = value
    return found


def _is_target(value: object) -> bool:
    return isinstance(value, str) and TARGET.fullmatch(value) is not None


def test_the_known_tables_are_found() -> None:
    assert _tables().keys() >= KNOWN


@pytest.mark.parametrize("table", sorted(_tables()))
def test_every_row_resolves(table: str) -> None:
    if _TRAINED in table:
        pytest.importorskip("torch", reason="the extra `train` is not installed")
    for name, target in _tables()[table].items():
        module, _, attribute = target.partition(":")
        assert callable(getattr(import_module(module), attribute)), f"{table}[{name!r}]"


@pytest.mark.parametrize("table", sorted(_tables()))
def test_names_are_lower_case_words(table: str) -> None:
    wrong = [name for name in _tables()[table] if not re.fullmatch(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*", name)]
    assert not wrong


@pytest.mark.parametrize("module", _with_targets(), ids=lambda module: module.name)
def test_tables_stand_in_the_package_they_list(module: Module) -> None:
    assert module.path.name == "__init__.py", f"{module.path} holds targets; tables belong into __init__.py"
    # A table may end with what needs PyTorch: whoever asks for such a row imports it then, and from above both.
    homes = (f"foveal.{module.part}.", "foveal.training.")
    for target in _targets(module.tree):
        assert str(target.value).startswith(homes), f"{module.where(target.lineno)}: {target.value}"


@pytest.mark.parametrize("module", _with_targets(), ids=lambda module: module.name)
def test_nothing_is_listed_twice(module: Module) -> None:
    targets = [target.value for target in _targets(module.tree)]
    assert len(set(targets)) == len(targets)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Dict):
            keys = [ast.unparse(key) for key in node.keys if key is not None]
            assert len(set(keys)) == len(keys), f"{module.where(node.lineno)}: a key twice"
