"""Importing foveal is cheap, and a saved model needs only what it runs on. Each check has a Python of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from source_tree import PACKAGE, modules

import foveal

HEAVY = (
    "PIL",
    "cv2",
    "matplotlib",
    "numpy",
    "onnx",
    "onnxruntime",
    "openvino",
    "pyarrow",
    "rich",
    "scipy",
    "sklearn",
    "torch",
    "typer",
)
TRAINING_ONLY = ("captum", "timm", "torch", "torchvision")

# What the learning, the building of networks and the extras need, and answering does not.
NOT_NEEDED_TO_ANSWER = ("matplotlib", "onnx", "pillow_heif", "pyarrow", "scipy", "sklearn", *TRAINING_ONLY)

CLI_MODULES = [f"foveal.{module.name}" for module in modules() if module.part == "cli"]

_BLOCK = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ImportError(f"{name} was imported, and is not needed here")
sys.meta_path.insert(0, Refuse())
"""


def _python(code: str, *arguments: str | Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _loaded(code: str) -> set[str]:
    """Top-level names of the heavy packages that are loaded after running the code."""
    names = json.loads(_python(f"{code}\nimport json, sys\nprint(json.dumps([*sys.modules]))"))
    return {name.partition(".")[0] for name in names} & set(HEAVY)


def test_importing_foveal_loads_nothing_heavy() -> None:
    assert _loaded("import foveal; dir(foveal)") == set()


def test_looking_up_the_version_loads_nothing_heavy() -> None:
    assert _loaded("import foveal; foveal.__version__") == set()


@pytest.mark.skipif(len(CLI_MODULES) < 2, reason="there is no command line yet")
@pytest.mark.parametrize("module", CLI_MODULES)
def test_the_command_line_loads_nothing_heavy_but_typer(module: str) -> None:
    assert _loaded(f"import {module}") - _loaded("import typer") == set()


def test_torch_is_imported_in_training_only() -> None:
    wrong = [
        f"{module.where(each.line)} imports {each.module}"
        for module in modules()
        for each in module.imports()
        if module.part != "training" and each.module.partition(".")[0] in TRAINING_ONLY
    ]
    assert not wrong, "\n".join(wrong)


def test_public_names_need_no_extra() -> None:
    code = f"BLOCKED = {NOT_NEEDED_TO_ANSWER!r}{_BLOCK}"
    _python(f"{code}\nimport foveal\nfor name in foveal.__all__: getattr(foveal, name)")


def test_a_saved_model_answers_without_what_fitting_needs(photos: Path, tmp_path: Path) -> None:
    model = foveal.fit(photos, effort="low")
    path = model.save(tmp_path / "shapes.foveal")
    code = f"BLOCKED = {NOT_NEEDED_TO_ANSWER!r}{_BLOCK}"
    code += """
import foveal
found = foveal.load(sys.argv[1]).predict(sys.argv[2])
print(found.class_names[int(found.probs[0].argmax())])
"""
    assert _python(code, path, photos / "stripes" / "00.jpg").strip() == "stripes"


@pytest.mark.skipif(not (PACKAGE / "__main__.py").is_file(), reason="there is no `python -m foveal` yet")
def test_help_needs_only_typer() -> None:
    blocked = tuple(name for name in HEAVY if name not in {"rich", "typer"})
    code = f"BLOCKED = {blocked!r}{_BLOCK}"
    code += """
import runpy
sys.argv = ["foveal", "--help"]
runpy.run_module("foveal", run_name="__main__", alter_sys=True)
"""
    assert "fit" in _python(code)
