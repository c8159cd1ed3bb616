"""Fixtures for every test; `pytest --fixtures tests` lists them.

| fixture  | scope   | what it gives                                                                        |
|----------|---------|--------------------------------------------------------------------------------------|
| `shared` | session | folder of the photo sets beside the checkout; skips, with the reason, where it is absent |
| `photos` | session | a small folder of drawn photos: 3 classes of 12 JPEGs; do not change it              |
| `cli`    | session | runs the real `foveal` command in a process of its own                               |

Cache and home are folders of this test session, never the user's: they are set here, before any test module is
imported, and processes that tests start inherit them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

_CHECKOUT = Path(__file__).resolve().parents[1]
_ISOLATED = Path(tempfile.mkdtemp(prefix="foveal-tests-"))

os.environ["FOVEAL_CACHE"] = str(_ISOLATED / "cache")
os.environ["FOVEAL_HOME"] = str(_ISOLATED / "home")
for _name in ("FOVEAL_CACHE_GB", "FOVEAL_THREADS"):
    os.environ.pop(_name, None)

Cli = Callable[..., subprocess.CompletedProcess[str]]


def pytest_unconfigure() -> None:
    shutil.rmtree(_ISOLATED, ignore_errors=True)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of the shared photo sets; mark tests that use it with `photos`."""
    folder = _CHECKOUT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"needs the shared photo sets, and there is no folder {folder}")
    return folder


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `circle/`, `square/` and `stripes/`, 12 JPEGs of different sizes in each, the same every time."""
    from drawn_photos import write_photos

    root = tmp_path_factory.mktemp("drawn") / "photos"
    write_photos(root, per_class=12, seed=0)
    return root


@pytest.fixture(scope="session")
def cli() -> Cli:
    """`cli("predict", "a.jpg")` runs the command; the answer has returncode, stdout and stderr.

    Keyword arguments: `stdin` (text), `cwd`, `env` (added to the usual one; None removes a name), `timeout` in seconds.
    """

    def run(
        *arguments: str | Path,
        stdin: str = "",
        cwd: Path | None = None,
        env: dict[str, str | None] | None = None,
        timeout: float = 240,
    ) -> subprocess.CompletedProcess[str]:
        wanted = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "PYTHONUTF8": "1", **(env or {})}
        return subprocess.run(
            [sys.executable, "-m", "foveal", *map(str, arguments)],
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            cwd=cwd,
            env={name: value for name, value in wanted.items() if value is not None},
            timeout=timeout,
            check=False,
        )

    return run
