"""A disk that is full while foveal writes: a clear error, nothing half-written, the earlier file as it was."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from trees import contents, left_overs, two_classes

resource = pytest.importorskip("resource")


def _limited(bytes_: int) -> Callable[[], None]:
    """Let no file grow beyond some bytes; writing more fails as on a full disk (EFBIG instead of ENOSPC)."""

    def limit() -> None:
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, bytes_))

    return limit


def _run(
    *arguments: str | Path, limit: int, cache: Path, stdout: int | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "foveal", *map(str, arguments)],
        stdout=subprocess.PIPE if stdout is None else stdout,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "FOVEAL_CACHE": str(cache)},
        preexec_fn=_limited(limit),
        timeout=60,
        check=False,
    )


def test_a_model_that_does_not_fit_leaves_the_earlier_one(photos: Path, warm_cache: Path, tmp_path: Path) -> None:
    tree = two_classes(photos, tmp_path / "tree")
    out = tmp_path / "m.foveal"
    out.write_bytes(b"PK\x03\x04" + bytes(26) + b"manifest.json, of an earlier model")
    before = contents(tmp_path / "tree") | {"m.foveal": contents(tmp_path)["m.foveal"]}
    done = _run("fit", tree, "--out", out, limit=3_000_000, cache=warm_cache)
    assert done.returncode == 1
    assert "m.foveal" in done.stderr
    assert "[cannot-write]" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert contents(tmp_path / "tree") | {"m.foveal": contents(tmp_path)["m.foveal"]} == before
    assert not left_overs(tmp_path)
    assert not [*tmp_path.glob("*.report.html"), *tmp_path.glob("*.card.*")]


def test_vectors_and_features_that_do_not_fit(photos: Path, warm_cache: Path, tmp_path: Path) -> None:
    tree = two_classes(photos, tmp_path / "tree")
    vectors = _run("embed", tree, "--out", tmp_path / "v.npz", limit=20_500, cache=warm_cache)
    assert vectors.returncode == 1
    assert "[cannot-write]" in vectors.stderr
    assert "Traceback" not in vectors.stderr
    assert not (tmp_path / "v.npz").exists()
    features = _run("fit", tree, "--out", tmp_path / "m.foveal", limit=2_000, cache=warm_cache)
    assert features.returncode == 1
    assert "[cannot-write]" in features.stderr
    assert "Traceback" not in features.stderr
    assert not left_overs(tmp_path)
    roomy = _run("fit", tree, "--out", tmp_path / "m.foveal", limit=10**9, cache=warm_cache)
    assert roomy.returncode == 0, roomy.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_to_a_full_disk(photos: Path, model: Path, warm_cache: Path) -> None:
    with Path("/dev/full").open("w") as full:
        for form in ([], ["--json"], ["--csv"]):
            done = _run("predict", model, photos, *form, limit=10**9, cache=warm_cache, stdout=full.fileno())
            assert done.returncode == 1
            assert done.stderr.startswith("error: standard output: No space left on device [cannot-write]")
            assert len(done.stderr.splitlines()) == 2
