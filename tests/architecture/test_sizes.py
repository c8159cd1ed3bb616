"""Files and functions stay small enough to be read in one sitting. A function's docstring does not count."""

from __future__ import annotations

import ast

from source_tree import Function, functions, modules

FILE_LINES = 400
FUNCTION_LINES = 60


def test_no_long_files() -> None:
    sizes = {module.where(1): module.text.count("\n") for module in modules()}
    long = {where: lines for where, lines in sizes.items() if lines > FILE_LINES}
    assert not long, f"more than {FILE_LINES} lines: {long}"


def test_no_long_functions() -> None:
    long = {}
    for module in modules():
        for function in functions(module.tree):
            lines = (function.end_lineno or 0) - function.lineno + 1 - _docstring_lines(function)
            if lines > FUNCTION_LINES:
                long[f"{module.where(function.lineno)} {function.name}"] = lines
    assert not long, f"more than {FUNCTION_LINES} lines: {long}"


def _docstring_lines(function: Function) -> int:
    first = function.body[0]
    if ast.get_docstring(function) is None or first.end_lineno is None:
        return 0
    return first.end_lineno - first.lineno + 1
