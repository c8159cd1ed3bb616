from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from foveal.cli import byte_progress
from foveal.cli.app import app
from foveal.cli.byte_progress import ByteProgress
from foveal.workflows import models as workflow
from foveal.workflows.models import Searched

NETWORK = {
    "name": "resnet50.a1_in1k",
    "library": "timm",
    "parameters": 25_557_032,
    "preprocess": {"size_wh": [224, 224]},
    "published_top1": None,
    "licence": {"spdx": "Apache-2.0"},
    "trained_on": "ImageNet-1k",
    "offline": False,
}
HERE = {**NETWORK, "name": "resnet50.imagenet1k_v2", "published_top1": 80.858, "offline": True, "parameters": 0}
PULLED = {**NETWORK, "file": "/usb/r.safetensors", "bytes": 102_000_000, "sha256": "ab12", "fetched_from": "there"}


def _run(*arguments):
    return CliRunner().invoke(app, ["models", *arguments])


@pytest.fixture
def searching(monkeypatch):
    monkeypatch.setattr(
        workflow, "search_models", lambda text, most: Searched(text, (NETWORK, HERE)[:most], 0 if text == "?" else 7)
    )


def test_a_search_is_a_table(searching):
    done = _run("--search", "resnet50")
    assert done.exit_code == 0
    first, second = done.stdout.splitlines()[1:3]
    assert first.split() == ["resnet50.a1_in1k", "timm", "25.6M", "224×224", "—", "Apache-2.0", "ImageNet-1k", "no"]
    assert second.split()[2:5] == ["—", "224×224", "80.9"]
    for part in ("5 more", "not counted yet", "models pull NAME --to DIR"):
        assert part in done.stderr


def test_a_search_as_json_and_quietly(searching):
    done = _run("--search", "resnet50", "--most", "1", "--json")
    assert json.loads(done.stdout) == {"search": "resnet50", "total": 7, "networks": [NETWORK]}
    assert _run("--search", "resnet50", "--quiet").stderr == ""


def test_a_search_that_finds_nothing_says_so(monkeypatch):
    monkeypatch.setattr(workflow, "search_models", lambda text, most: Searched(text, (), 0))
    done = _run("--search", "nothing")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "'nothing'" in done.stderr


def test_the_list_is_as_it_was(monkeypatch):
    monkeypatch.setattr(workflow, "models", list)
    assert json.loads(_run("--json").stdout) == {"models": []}
    assert _run().stdout.splitlines()[0].split()[:2] == ["name", "network"]


@pytest.mark.parametrize("verified", ["sha256 ab12", ""])
def test_pulling_says_what_was_written_and_how_it_was_checked(monkeypatch, verified):
    asked = {}

    def pull(name, to, *, source, progress):
        asked.update(name=name, to=to, source=source)
        progress(1, 2)
        return {**PULLED, "verified": verified}

    monkeypatch.setattr(workflow, "pull", pull)
    done = _run("pull", "resnet50", "--to", "usb", "--from", "there")
    assert done.exit_code == 0
    assert asked == {"name": "resnet50", "to": Path("usb"), "source": "there"}
    assert done.stdout == "/usb/r.safetensors: 102.0 MB, sha256 ab12\n"
    assert (f"checked: {verified}" if verified else "not checked") in done.stderr
    assert json.loads(_run("pull", "resnet50", "--json").stdout)["sha256"] == "ab12"


@pytest.mark.parametrize("options", [["--json"], ["--quiet"], ["--search", "x"]])
def test_options_before_pull_are_refused(options):
    done = _run(*options, "pull", "resnet50")
    assert done.exit_code == 2
    assert "write options last" in done.output


def test_progress_in_plain_lines(monkeypatch, capsys):
    times = iter([0.0, 5.0, 10.0, 25.0])
    monkeypatch.setattr(byte_progress.time, "monotonic", lambda: next(times))
    with ByteProgress("fetching x", quiet=False) as progress:
        progress(10_000_000, 100_000_000)
        progress(50_000_000, 100_000_000)
        progress(75_000_000, 0)
    assert capsys.readouterr().err.splitlines() == [
        "fetching x: 50 of 100 MB, 10 s left",
        "fetching x: 75 MB",
    ]


def test_progress_on_a_terminal_and_quietly(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with ByteProgress("fetching x", quiet=False) as progress:
        progress(10_000_000, 100_000_000)
    assert "fetching x" in capsys.readouterr().err
    with ByteProgress("fetching x", quiet=True) as progress:
        progress(10_000_000, 100_000_000)
    assert capsys.readouterr().err == ""
