"""Fixtures of the end-to-end tests.

| fixture      | scope   | what it gives                                                                      |
|--------------|---------|------------------------------------------------------------------------------------|
| `model`      | session | a model file fitted on `photos` in float32, with its report beside it; do not change it |
| `warm_cache` | test    | a cache with the networks built and measured, and no features                      |
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from cli_batch import run_batch


@pytest.fixture(scope="session")
def model(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "shapes.foveal"
    (fitted,) = run_batch(["fit", photos, "--out", path, "--runtime", "openvino", "--precision", "f32", "--quiet"])
    assert fitted.code == 0, fitted.err
    return path


@pytest.fixture
def warm_cache(model: Path, photos: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    usual = Path(os.environ["FOVEAL_CACHE"])
    if not (usual / "machine.json").exists():
        (measured,) = run_batch(["fit", photos, "--out", tmp_path_factory.mktemp("measured") / "m.foveal", "--quiet"])
        assert measured.code == 0, measured.err
    cache = tmp_path / "cache"
    shutil.copytree(usual / "networks", cache / "networks")
    shutil.copy(usual / "machine.json", cache)
    return cache
