"""No file that foveal reads can make it run anything: no pickle, no eval, no loader that executes."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from source_tree import Module, modules, name_of

# `pickletools` is not among them: it takes a pickle apart without running it.
EXECUTING_MODULES = {"_pickle", "cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}
EXECUTING_CALLS = {"__import__", "compile", "eval", "exec", "os.system", "yaml.load", "yaml.unsafe_load"}
NUMPY_LOADERS = {"np.load", "numpy.load", "np.lib.format.read_array"}


def _offences(module: Module) -> Iterator[str]:
    for each in module.imports():
        if each.module.partition(".")[0] in EXECUTING_MODULES:
            yield f"{module.where(each.line)} imports {each.module}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            name = name_of(node)
            if name in EXECUTING_CALLS:
                yield f"{module.where(node.lineno)} calls {name}"
            if name in NUMPY_LOADERS and not _refuses_pickle(node):
                yield f"{module.where(node.lineno)} calls {name} without allow_pickle=False"


def _refuses_pickle(call: ast.Call) -> bool:
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    return given.get("allow_pickle") == "False"


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name or "foveal")
def test_nothing_executes_data(module: Module) -> None:
    assert not list(_offences(module))


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from joblib import load",
        "eval('1')",
        "np.load('x.npz')",
        "np.load('x.npz', allow_pickle=True)",
        "yaml.load(text)",
    ],
)
def test_the_check_itself_finds(line: str) -> None:
    module = next(each for each in modules() if each.name == "storage")
    assert list(_offences(Module(module.path, "somewhere", line, ast.parse(line))))
