"""Networks of timm and torchvision as backbones: added once with PyTorch, used without it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cli_batch import run_batch

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

DOC = Path(__file__).resolve().parents[3] / "docs" / "backbones.md"
BLOCKED = ("torch", "torchvision", "timm", "captum", "onnxscript")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of resnet18 in a file, which stand for published ones."""
    timm = pytest.importorskip("timm")
    from safetensors.torch import save_file

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "resnet18.safetensors"
    save_file(timm.create_model("resnet18", pretrained=False).state_dict(), path)
    return path


def _commands() -> list[list[str]]:
    section = DOC.read_text(encoding="utf-8").partition("## From timm and torchvision")[2].partition("\n## ")[0]
    block = re.search(r"```console\n(.*?)```", section, re.DOTALL)
    assert block
    return [line.split()[1:] for line in block.group(1).splitlines()]


def test_a_network_is_added_once_and_used_without_torch(photos: Path, weights: Path, tmp_path: Path) -> None:
    env = {"FOVEAL_HOME": str(tmp_path / "home")}
    (tmp_path / "resnet18.safetensors").symlink_to(weights)
    (tmp_path / "photos").symlink_to(photos)
    (tmp_path / "photo.jpg").symlink_to(next(photos.rglob("*.jpg")))
    add, *then, remove = _commands()
    assert len(then) == 2
    (added,) = run_batch([*add, "--json"], cwd=tmp_path, env=env)
    card = added.json()
    assert card["name"] == "resnet18.a1_in1k"
    assert card["short_name"] == "resnet18"
    assert card["classes"] == "imagenet1k"
    assert card["licence"]["spdx"] == "Apache-2.0"
    assert card["published_top1"] is None or 60 < card["published_top1"] < 80
    assert card["parameters"] == 11_689_512
    assert card["macs"] == 1_814_073_344
    assert card["outputs"] == {"tap_1": 64, "tap_2": 64, "tap_3": 128, "tap_4": 256, "embedding": 512, "logits": 1000}
    assert card["preprocess"]["size_wh"] == [224, 224]
    assert card["trained_on"].endswith("weights of resnet18.safetensors")
    assert card["proof"]["agreement"] == 1
    assert card["proof"]["max_probability_difference"] <= 1e-3
    *answers, removed, listed = run_batch(
        *then,
        ["explain", "shapes.foveal", "photo.jpg", "--method", "cam", "--out", "why"],
        ["describe", "resnet18", "--json"],
        remove,
        ["models", "--json"],
        cwd=tmp_path,
        env=env,
        blocked=BLOCKED,
    )
    for answer in (*answers, removed):
        assert answer.code == 0, answer.err
    assert "resnet18" not in [each["short_name"] for each in listed.json()["models"]]


def test_names_and_weights_that_are_not_there(weights: Path, tmp_path: Path) -> None:
    env = {"FOVEAL_HOME": str(tmp_path / "home"), "HF_HOME": str(tmp_path / "hf"), "TORCH_HOME": str(tmp_path / "t")}
    (tmp_path / "text.safetensors").write_text("no weights")
    unknown, absent, no_file, broken, taken, bad_name, no_card, mixed = run_batch(
        ["backbone", "add", "timm/resnet19"],
        ["backbone", "add", "timm/resnet18"],
        ["backbone", "add", "timm/resnet18", "--weights", tmp_path / "none.safetensors"],
        ["backbone", "add", "timm/resnet18", "--weights", tmp_path / "text.safetensors"],
        ["backbone", "add", "lite0"],
        ["backbone", "add", "timm/resnet18", "--weights", weights, "--name", "../x"],
        ["backbone", "add", tmp_path / "a.onnx"],
        ["backbone", "add", tmp_path / "a.onnx", "--card", tmp_path / "a.toml", "--name", "x"],
        env=env,
    )
    unknown.refused("unknown-name", "resnet18")
    absent.refused("weights-missing", "resnet18")
    no_file.refused("weights-missing", "none.safetensors")
    broken.refused("weights-unreadable", "text.safetensors")
    taken.refused("name-taken", "lite0", "--name")
    bad_name.refused("bad-option", "../x")
    no_card.refused("bad-option", "--card")
    mixed.refused("bad-option", "--name")
    assert not (tmp_path / "home" / "backbones").exists()
