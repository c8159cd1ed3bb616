"""Networks of one's own: the example of docs/backbones.md as it is written there, and what is refused."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from cli_batch import run_batch
from own_network import CARD, write_network
from trees import contents

DOC = Path(__file__).resolve().parents[2] / "docs" / "backbones.md"


def _block(language: str) -> str:
    example = DOC.read_text(encoding="utf-8").partition("## A worked example")[2]
    found = re.search(rf"```{language}\n(.*?)```", example, re.DOTALL)
    assert found
    return found.group(1)


def test_the_example_of_the_documentation(photos: Path, tmp_path: Path) -> None:
    shutil.copytree(photos, tmp_path / "photos")
    (tmp_path / "make.py").write_text(_block("python"), encoding="utf-8")
    (tmp_path / "tiny.toml").write_text(_block("toml"), encoding="utf-8")
    made = subprocess.run([sys.executable, "make.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    commands = [line.split()[1:] for line in _block("console").splitlines()]
    env = {"FOVEAL_HOME": str(tmp_path / "home")}
    add, fit, predict, remove, after = run_batch(
        *commands, ["predict", "shapes.foveal", "photos/circle", "--json"], cwd=tmp_path, env=env
    )
    for answer in (add, fit, predict, remove):
        assert answer.code == 0, answer.err
    assert "--backbone tiny" in add.out
    assert len(predict.out.splitlines()) == 12
    # The model holds its own copy.
    assert len(after.json()["photos"]) == 12


def test_what_cannot_be_registered(photos: Path, tmp_path: Path) -> None:
    network, card = write_network(tmp_path)
    (tmp_path / "text.onnx").write_text("no network")
    cards = {
        "taken": (CARD.replace('"tiny"', '"lite0"'), "name-taken", "lite0"),
        "columns": (CARD.replace("embedding = 8", "embedding = 9"), "network-mismatch", "9"),
        "output": (CARD.replace('"features"', '"other"'), "network-mismatch", "other"),
        "toml": ("name = ", "bad-card", "toml.toml"),
        "field": (CARD.replace('title = "Tiny"\n', ""), "bad-card", "title"),
        "mode": (CARD.replace('"balance"', '"fisheye"'), "bad-card", "fisheye"),
    }
    commands = []
    for name, (text, _, _) in cards.items():
        described = tmp_path / f"{name}.toml"
        described.write_text(text)
        commands.append(["backbone", "add", network, "--card", described])
    home = tmp_path / "home"
    *answers, no_network, unknown, built_in, absent = run_batch(
        *commands,
        ["backbone", "add", tmp_path / "text.onnx", "--card", card],
        ["backbone", "remove", "lite00"],
        ["backbone", "remove", "lite0"],
        ["backbone", "add", tmp_path / "absent.onnx", "--card", tmp_path / "absent.toml"],
        env={"FOVEAL_HOME": str(home)},
    )
    for answer, (_, code, word) in zip(answers, cards.values(), strict=True):
        answer.refused(code, word)
    no_network.refused("network-unreadable", "text.onnx")
    unknown.refused("unknown-name", "lite0")
    built_in.refused("built-in", "lite0")
    assert absent.code == 1
    assert "absent" in absent.err
    assert not home.exists() or contents(home) == {}


def test_a_name_that_would_leave_its_folder(tmp_path: Path) -> None:
    network, card = write_network(tmp_path, card=CARD.replace('"tiny"', '"../../outside"'))
    (answer,) = run_batch(["backbone", "add", network, "--card", card], env={"FOVEAL_HOME": str(tmp_path / "home")})
    answer.refused("bad-card", "outside")
    assert not (tmp_path / "outside").exists()
