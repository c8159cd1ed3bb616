"""--json of the verbs that need PyTorch is one document with exactly the keys of docs/json.md."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.json_doc import differences, documented, part

pytest.importorskip("torch", reason="the extra `train` is not installed")
timm = pytest.importorskip("timm", reason="the extra `train` is not installed")
safetensors = pytest.importorskip("safetensors.torch", reason="the extra `train` is not installed")

Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of a small network, as a publisher would offer them."""
    path = tmp_path_factory.mktemp("published") / "mobilenetv3_small_050.safetensors"
    safetensors.save_file(timm.create_model("mobilenetv3_small_050").state_dict(), path)
    return path


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("foveal train", ["train", "PHOTOS", "--recipe", "head", "--epochs", "1", "--out", "PLACE/t.foveal"]),
        ("foveal models --search", ["models", "--search", "mobilenetv3_small", "--most", "3"]),
        (
            "foveal models pull",
            ["models", "pull", "timm/mobilenetv3_small_050.lamb_in1k", "--to", "PLACE/w", "--from", "WEIGHTS"],
        ),
        ("foveal backbone add", ["backbone", "add", "timm/mobilenetv3_small_050", "--weights", "WEIGHTS"]),
    ],
)
def test_the_keys_are_the_documented_ones(
    verb: str, arguments: list[str], photos: Path, weights: Path, cli: Cli, tmp_path: Path
) -> None:
    filled = [
        each.replace("PHOTOS", str(photos)).replace("PLACE", str(tmp_path)).replace("WEIGHTS", str(weights))
        for each in arguments
    ]
    env = {"FOVEAL_THREADS": "1", "OMP_NUM_THREADS": "1", "FOVEAL_HOME": str(tmp_path / "home")}
    done = cli(*filled, "--json", env=env)
    assert done.returncode == 0, done.stderr
    # A document whose keys are those of a part, and some besides.
    besides = {"foveal models pull": "network", "foveal backbone add": "card"}
    table = {**(part(besides[verb]) if verb in besides else {}), **documented(verb)}
    assert differences(json.loads(done.stdout), table) == []
