"""`foveal train --folds`: every photo is held out once, and what an interruption left is used."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("timm")

import foveal

Cli = Callable[..., subprocess.CompletedProcess[str]]

SMALL = ("--epochs", "1", "--size", "64", "--without", "wise,smaller", "--compile", "off", "--amp", "off")
ONE_THREAD = {"FOVEAL_THREADS": "1", "OMP_NUM_THREADS": "1"}


def _kill_after_the_first(command: list[str], others: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "foveal", *command, "--quiet"],
        env={**os.environ, **ONE_THREAD},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 200
    while not (others / "2" / "held-out.npz").exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (others / "2" / "held-out.npz").exists()
    # Whether the last training had begun is a matter of luck.
    shutil.rmtree(others.with_suffix(".train"), ignore_errors=True)


def _refused_before_any_training(cli: Cli, command: list[str], code: str) -> str:
    done = cli(*command, env=ONE_THREAD)
    assert done.returncode == 1
    assert f"[{code}]" in done.stderr
    assert "training 1 of" not in done.stderr
    assert "training 2 of" not in done.stderr
    return done.stderr


def test_killed_between_two_trainings_it_goes_on_and_tells_of_all_photos(
    photos: Path, cli: Cli, tmp_path: Path
) -> None:
    photos = Path(shutil.copytree(photos, tmp_path / "photos"))
    out, other = tmp_path / "m.foveal", tmp_path / "m.folds" / "2"
    alone = ["train", str(photos), *SMALL, "--out", str(out)]
    command = [*alone, "--folds", "2"]
    _kill_after_the_first(command, other.parent)
    log = (other / "log.csv").read_bytes()

    assert "--resume" in _refused_before_any_training(cli, command, "run-exists")
    assert "give --folds as well" in _refused_before_any_training(cli, [*alone, "--resume"], "no-run")
    for wish in (("--seed", "5"), ("--folds", "3")):
        _refused_before_any_training(cli, [*command, "--resume", *wish], "run-differs")
    # Other photos under the same names: what is done was learnt from the old ones.
    one, two, aside = photos / "circle" / "00.jpg", photos / "square" / "00.jpg", photos / "aside"
    swap = [(one, aside), (two, one), (aside, two)]
    for source, target in swap:
        source.rename(target)
    _refused_before_any_training(cli, [*command, "--resume"], "run-differs")
    for source, target in swap:
        source.rename(target)

    done = cli(*command, "--resume", env=ONE_THREAD)
    assert done.returncode == 0, done.stderr
    assert "training 1 of 2" not in done.stderr
    assert "training 2 of 2" in done.stderr
    assert (other / "log.csv").read_bytes() == log
    assert [path.name for path in sorted(other.iterdir())] == ["log.csv", "log.jsonl", "run.json"]
    assert "fold by fold  " in done.stdout

    record = foveal.load(out).record
    training = record["training"]
    held, story = training["before_after"], training["before_after_folds"]
    everything = record["data"]["photos"] + record["data"]["held_out"]
    assert story["photos"] == everything == sum(training["folds"]["photos"])
    assert held["photos"] == record["data"]["held_out"] == training["folds"]["photos"][0]
    shares = training["folds"]["differences"]
    assert shares[0] == pytest.approx(held["difference"], abs=1e-6)
    weighed = sum(each * count for each, count in zip(shares, training["folds"]["photos"], strict=True))
    assert story["difference"] == pytest.approx(weighed / everything, abs=1e-6)
    assert f"paired over {everything} photos" in done.stdout
    assert story["advice"].startswith("part of the difference: the trained network sees photos at 64×64 pixels")
    assert story["advice"] in done.stdout
    page = out.with_name("m.report.html").read_text(encoding="utf-8")
    assert "photos, each held out of one of 2 trainings" in page
    again = cli(*command, "--resume", env=ONE_THREAD)
    assert "[no-run]" in again.stderr


def test_in_python_over_the_folds_of_a_split(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ONE_THREAD.items():
        monkeypatch.setenv(name, value)
    split = foveal.split(photos, folds=2)
    split.save(tmp_path / "split.csv")
    wishes = {"size": 64, "without": ["wise", "smaller"], "compile": "off", "amp": "off"}
    model = foveal.train(photos, epochs=1, folds=2, split=tmp_path / "split.csv", **wishes)
    assert model.record["training"]["before_after_folds"]["photos"] == len(split)
    assert model.record["training"]["folds"]["photos"] == [int((split.folds == each).sum()) for each in (0, 1)]
    assert model.record["data"]["held_out"] == int((split.folds == 0).sum())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--folds", "1"), "expected a whole number from 2 to"),
        (("--folds", "3", "--hold-out", "0.2"), "expected no --hold-out beside it"),
        (("--folds", "3", "--budget", "5m"), "got --budget 300 s"),
        (("--folds", "3", "--split", "SPLIT"), "expected 2, as many as the split has, got 3"),
    ],
)
def test_what_does_not_go_with_folds_is_refused(
    arguments: tuple[str, ...], words: str, photos: Path, cli: Cli, tmp_path: Path
) -> None:
    split = tmp_path / "split.csv"
    if "SPLIT" in arguments:
        foveal.split(photos, folds=2).save(split)
    given = [str(split) if each == "SPLIT" else each for each in arguments]
    done = cli("train", photos, *given, "--out", tmp_path / "m.foveal", env=ONE_THREAD)
    assert done.returncode == 1
    assert "[bad-option]" in done.stderr
    assert words in done.stderr
    assert [path.name for path in tmp_path.iterdir() if path != split] == []


def test_several_processes_are_refused(photos: Path, cli: Cli, tmp_path: Path) -> None:
    env = {**ONE_THREAD, "WORLD_SIZE": "2"}
    done = cli("train", photos, "--folds", "2", "--out", tmp_path / "m.foveal", env=env)
    assert done.returncode == 1
    assert "--folds: expected one process, got 2 of them" in done.stderr


def test_json_has_the_documented_keys(photos: Path, cli: Cli, tmp_path: Path) -> None:
    from tests.e2e.json_doc import differences, documented

    arguments = ["--recipe", "head", "--epochs", "1", "--folds", "2", "--out", tmp_path / "m.foveal", "--json"]
    done = cli("train", photos, *arguments, env=ONE_THREAD)
    assert done.returncode == 0, done.stderr
    assert differences(json.loads(done.stdout), documented("foveal train")) == []
