from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Tree = Callable[[str], Path]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Makes empty files below a fresh folder; a name that ends with "/" is a folder."""

    def make(names: str) -> Path:
        root = tmp_path / "photos"
        root.mkdir(exist_ok=True)
        for name in names.split():
            place = root / name
            if name.endswith("/"):
                place.mkdir(parents=True)
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.touch()
        return root

    return make
