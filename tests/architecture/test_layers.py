"""A module imports strictly lower layers or its own package; neighbours on one level never import each other.

Imports inside functions and under TYPE_CHECKING count too: a layer that must know the type knows the layer.
"""

from __future__ import annotations

import pytest
from source_tree import PACKAGE, Module, modules

LEVELS = {
    "errors": 0,
    "storage": 0,
    "types": 0,
    "imaging": 1,
    "metrics": 1,
    "data": 2,
    "backbones": 2,
    "runtimes": 2,
    "features": 3,
    "heads": 3,
    "probes": 4,
    "grouping": 4,
    "trust": 4,
    "assurance": 5,
    "classifier": 5,
    "adopting": 6,
    "checks": 6,
    "evaluation": 6,
    "explainers": 6,
    "exporters": 6,
    "apps": 6,
    "reports": 7,
    "workflows": 8,
    "serving": 9,
    "sklearn": 9,
    "": 9,  # foveal/__init__.py: the public names
    "cli": 10,
    "__main__": 11,
}

# L0 is three parts that may use each other in this order.
SPINE = ("errors", "types", "storage")

# The only place that imports torch; other modules may import it inside functions only.
ISLAND = "training"
ISLAND_LEVEL = 7


def _may_import(importer: str, imported: str) -> bool:
    if importer == imported:
        return True
    if importer in SPINE and imported in SPINE:
        return SPINE.index(imported) < SPINE.index(importer)
    if ISLAND in (importer, imported):
        level = LEVELS.get(importer, ISLAND_LEVEL)
        return level >= ISLAND_LEVEL if imported == ISLAND else LEVELS[imported] < ISLAND_LEVEL
    return LEVELS[imported] < LEVELS[importer]


def _part(module: str) -> str:
    return module.partition(".")[2].split(".")[0]


def test_every_part_is_in_the_table() -> None:
    strange = sorted({module.part for module in modules()} - LEVELS.keys() - {ISLAND})
    assert not strange, f"give these a level in {__file__}: {strange}"


def test_every_folder_is_a_package() -> None:
    bare = {path.parent for path in PACKAGE.rglob("*.py") if not (path.parent / "__init__.py").is_file()}
    assert not bare, f"folders without __init__.py: {sorted(map(str, bare))}"


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name or "foveal")
def test_imports_lower_layers_only(module: Module) -> None:
    wrong = []
    for each in module.imports():
        if each.module != "foveal" and not each.module.startswith("foveal."):
            continue
        target = _part(each.module)
        if not _may_import(module.part, target):
            wrong.append(f"{module.where(each.line)} ({module.part or 'foveal'}) imports {each.module}")
        if target == ISLAND and module.part != ISLAND and not each.lazy:
            wrong.append(f"{module.where(each.line)} imports {each.module} outside a function")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("data", "imaging", True),
        ("data", "data", True),
        ("data", "backbones", False),
        ("imaging", "data", False),
        ("heads", "probes", False),
        ("types", "errors", True),
        ("errors", "types", False),
        ("cli", "", True),
        ("workflows", "", False),
        ("training", "classifier", True),
        ("training", "workflows", False),
        ("workflows", "training", True),
        ("classifier", "training", False),
    ],
)
def test_the_rule_itself(importer: str, imported: str, allowed: bool) -> None:
    assert _may_import(importer, imported) is allowed
