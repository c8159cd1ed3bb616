"""No file that foveal reads can make it run anything: no pickle, no eval, no loader that executes."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from source_tree import Module, modules, name_of

# A legacy PyTorch file is a pickle; this reader subclasses Unpickler and resolves a handful of names.
MAY_IMPORT_PICKLE = "backbones.torch_file"
MAY_USE_OF_PICKLE = {"pickle.Unpickler", "pickle.UnpicklingError"}

EXECUTING_MODULES = {"_pickle", "cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}
EXECUTING_CALLS = {"__import__", "compile", "eval", "exec", "os.system", "yaml.load", "yaml.unsafe_load"}
NUMPY_LOADERS = {"np.load", "numpy.load", "np.lib.format.read_array"}


def _offences(module: Module) -> Iterator[str]:
    for each in module.imports():
        executing = each.module.partition(".")[0] in EXECUTING_MODULES
        if executing and (module.name, each.module) != (MAY_IMPORT_PICKLE, "pickle"):
            yield f"{module.where(each.line)} imports {each.module}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            name = name_of(node)
            if name in EXECUTING_CALLS:
                yield f"{module.where(node.lineno)} calls {name}"
            if name in NUMPY_LOADERS and not _refuses_pickle(node):
                yield f"{module.where(node.lineno)} calls {name} without allow_pickle=False"
        elif isinstance(node, ast.Attribute):
            used = ast.unparse(node)
            if used.startswith("pickle.") and used not in MAY_USE_OF_PICKLE:
                yield f"{module.where(node.lineno)} uses {used}"


def _refuses_pickle(call: ast.Call) -> bool:
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    return given.get("allow_pickle") == "False"


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name or "foveal")
def test_nothing_executes_data(module: Module) -> None:
    assert not list(_offences(module))


def test_unpickler_is_subclassed_and_never_called() -> None:
    module = next(each for each in modules() if each.name == MAY_IMPORT_PICKLE)
    calls = {name_of(node) for node in ast.walk(module.tree) if isinstance(node, ast.Call)}
    assert "pickle.Unpickler" not in calls
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef) and "pickle.Unpickler" in map(ast.unparse, node.bases):
            methods = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
            assert methods >= {"find_class", "persistent_load"}, f"{node.name} lets the file name anything"
            return
    pytest.fail("the restricted unpickler is gone; take the exception for pickle out of this test")


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
