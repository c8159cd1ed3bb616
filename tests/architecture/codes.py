"""Every code that foveal can hand out, found by following the first argument of `FovealError` and `Finding`."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from source_tree import Function, Module, modules, name_of

KINDS = ("FovealError", "Finding")


@dataclass(frozen=True)
class _Call:
    """A call, and the functions around it, the innermost last."""

    module: Module
    node: ast.Call
    around: tuple[Function, ...]


def codes(kind: str) -> dict[str, str]:
    """Code to the place of its first use, for "FovealError" or "Finding".

    Raises:
        LookupError: A code that cannot be followed to literal strings; it names the place.
    """
    found: dict[str, str] = {}
    for call in _calls(kind):
        argument = _argument(call.node, 0, "code")
        if argument is not None:
            for code in _strings(argument, call):
                found.setdefault(code, call.module.where(call.node.lineno))
    return found


def _calls(name: str) -> Iterator[_Call]:
    for module in modules():
        yield from (call for call in _calls_in(module, module.tree, ()) if name_of(call.node).split(".")[-1] == name)


def _calls_in(module: Module, node: ast.AST, around: tuple[Function, ...]) -> Iterator[_Call]:
    if isinstance(node, ast.Call):
        yield _Call(module, node, around)
    inner = (*around, node) if isinstance(node, Function) else around
    for child in ast.iter_child_nodes(node):
        yield from _calls_in(module, child, inner)


def _strings(node: ast.expr, call: _Call) -> set[str]:
    """The values an expression can have: a literal, a choice, an f-string, a table's keys, or what callers pass."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    if isinstance(node, ast.IfExp):
        return _strings(node.body, call) | _strings(node.orelse, call)
    if isinstance(node, ast.JoinedStr):
        parts = (_strings(part.value if isinstance(part, ast.FormattedValue) else part, call) for part in node.values)
        return {"".join(each) for each in itertools.product(*parts)}
    if isinstance(node, ast.Subscript | ast.Attribute):
        return set()  # read back from a record or another error, where it was a literal once
    if isinstance(node, ast.Name):
        found = _table_keys(node.id, call.module) or _passed(node.id, call)
        if found:
            return found
    raise LookupError(f"{call.module.where(call.node.lineno)}: cannot follow the code {ast.unparse(node)}")


def _table_keys(name: str, module: Module) -> set[str]:
    """Keys of the module's table that a loop `for name, … in TABLE.items()` goes through."""
    tables = {
        target.id: value.value
        for value in module.tree.body
        if isinstance(value, ast.Assign | ast.AnnAssign) and isinstance(value.value, ast.Dict)
        for target in (value.targets if isinstance(value, ast.Assign) else [value.target])
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(module.tree):
        if isinstance(node, ast.For | ast.comprehension) and ast.unparse(node.target).lstrip("(").startswith(
            f"{name},"
        ):
            table = tables.get(ast.unparse(node.iter).removesuffix(".items()"))
            if isinstance(table, ast.Dict):
                return {str(ast.literal_eval(key)) for key in table.keys if key is not None}
    return set()


def _passed(name: str, call: _Call) -> set[str]:
    """What the callers of the function around a call hand in for its parameter."""
    function = next((each for each in reversed(call.around) if name in _parameters(each)), None)
    if function is None:
        return set()
    found = set()
    for caller in _calls(function.name):
        if function.name.startswith("_") and caller.module != call.module:
            continue  # another module's private function of the same name
        argument = _argument(caller.node, _parameters(function).index(name), name)
        if argument is not None:
            found |= _strings(argument, caller)
    return found


def _parameters(function: Function) -> list[str]:
    given = function.args
    return [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]


def _argument(call: ast.Call, position: int, name: str) -> ast.expr | None:
    by_name = {keyword.arg: keyword.value for keyword in call.keywords}
    return call.args[position] if position < len(call.args) else by_name.get(name)
