"""--json of every verb is one document with exactly the keys of docs/json.md, and --quiet is quiet."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from cli_batch import Answer, run_batch
from foreign_network import write_foreign
from json_doc import DOC, differences, documented, part
from own_network import write_network
from trees import two_classes


@pytest.fixture(scope="module")
def answers(photos: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Answer, Answer]]:
    """Every verb's answer with --json and with --quiet; one of the photos cannot be read."""
    place = tmp_path_factory.mktemp("verbs")
    tree = two_classes(photos, place / "tree", each=6)
    shutil.copy(photos / "square" / "09.jpg", tree / "circle")  # so that something is confused
    (tree / "circle" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    network, card = write_network(place)
    write_foreign(place / "foreign.onnx", photos)
    verbs = {
        "foveal adopt": ["adopt", place / "foreign.onnx", "--out", place / "a.foveal", "--classes", photos],
        "foveal fit": ["fit", tree, "--out", place / "m.foveal", "--test", tree],
        "foveal predict": ["predict", model, tree],
        "foveal evaluate": ["evaluate", model, tree],
        "foveal compare": ["compare", model, place / "m.foveal", tree],
        "foveal explain": ["explain", model, tree / "circle" / "00.jpg", tree / "circle" / "broken.jpg", "--no-grade"],
        "foveal describe": ["describe", model],
        "foveal embed": ["embed", tree, "--out", place / "v.npz"],
        "foveal models": ["models"],
        "foveal check": ["check", tree],
        "foveal split": ["split", tree, "--out", place / "split.csv"],
        "foveal convert": ["convert", tree, "--to", "csv", "--out", place / "converted"],
        "foveal cache": ["cache"],
        "foveal backbone add": ["backbone", "add", network, "--card", card],
        "foveal backbone remove": ["backbone", "remove", "tiny"],
    }
    env = {"FOVEAL_HOME": str(place / "home")}
    as_json = run_batch(*[[*command, "--json"] for command in verbs.values()], env=env)
    shutil.rmtree(place / "converted")
    quiet = run_batch(*[[*command, "--quiet"] for command in verbs.values()], env=env)
    return dict(zip(verbs, zip(as_json, quiet, strict=True), strict=True))


# What needs PyTorch is asked in tests/e2e/training.
TRAINED = ("foveal train", "foveal models --search", "foveal models pull")
VERBS = [line[4:-1] for line in DOC.read_text(encoding="utf-8").splitlines() if line.startswith("## `foveal")]
VERBS = [verb for verb in VERBS if verb not in TRAINED]


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "foveal cache clear"])
def test_json_is_one_document_with_the_documented_keys(answers: dict[str, tuple[Answer, Answer]], verb: str) -> None:
    answer, _ = answers[verb]
    assert answer.out.endswith("\n")
    assert answer.out.isascii()
    table = documented(verb) if verb != "foveal backbone add" else part("card")
    assert differences(answer.json(), table) == []


def test_keys_that_only_some_options_give_are_documented(photos: Path, tmp_path: Path) -> None:
    tree = two_classes(photos, tmp_path / "tree" / "shape", each=6)
    shutil.copytree(photos / "stripes", tmp_path / "tree" / "stripes")
    one, model = tree / "circle" / "00.jpg", tmp_path / "m.foveal"
    nested = [tmp_path / "tree", "--classes", "nested"]
    few = two_classes(photos, tmp_path / "few" / "shape", each=2).parent
    commands = {
        "foveal fit": ["fit", *nested, "--out", model, "--evidence"],
        "foveal evaluate": [
            "evaluate",
            model,
            few,
            "--classes",
            "nested",
            "--slices",
            "light",
            "--robustness",
            "--speed",
        ],
        "foveal predict": ["predict", model, photos, "--coverage", "0.6", "--sure", "0.9"],
        "foveal explain": ["explain", model, one],
        "foveal explain (evidence)": ["explain", model, one, "--evidence"],
        "foveal explain (patch)": ["explain", model, one, "--patch"],
        "foveal describe": ["describe", model, "--channel", "embedding:3", "--photos", tree, "--out", tmp_path],
        "foveal describe (backbone)": ["describe", "lite0"],
        "foveal fit (budget)": ["fit", photos, "--out", tmp_path / "b.foveal", "--budget", "10s"],
    }
    found = run_batch(*[[*command, "--json"] for command in commands.values()])
    for verb, answer in zip(commands, found, strict=True):
        assert differences(answer.json(), documented(verb.split(" (")[0])) == [], verb


def test_clear_has_the_documented_keys(warm_cache: Path) -> None:
    (answer,) = run_batch(["cache", "clear", "--json"], env={"FOVEAL_CACHE": str(warm_cache)})
    assert differences(answer.json(), documented("foveal cache clear")) == []


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "foveal cache clear"])
def test_quiet_says_nothing_but_results_and_errors(answers: dict[str, tuple[Answer, Answer]], verb: str) -> None:
    _, answer = answers[verb]
    assert answer.code == 0, answer.err
    assert answer.out
    assert all(line.startswith("error: ") for line in answer.err.splitlines())


def test_what_could_not_be_read_is_a_finding(answers: dict[str, tuple[Answer, Answer]]) -> None:
    fitted, evaluated = answers["foveal fit"][0].json(), answers["foveal evaluate"][0].json()
    for said in (fitted, evaluated):
        (finding,) = [each for each in said["findings"] if each["paths"] == ["circle/broken.jpg"]]
        assert (finding["code"], finding["severity"]) == ("unreadable", "error")
    # The test folder's copy of it is told apart from the one to learn from.
    assert len([each for each in fitted["findings"] if each["code"] == "unreadable"]) == 2
    assert evaluated["evaluation"]["photos"] == 13
    assert answers["foveal evaluate"][0].err == ""


def test_embed_and_predict_name_what_they_left_out(answers: dict[str, tuple[Answer, Answer]]) -> None:
    (left_out,) = answers["foveal embed"][0].json()["left_out"]
    (failed,) = [each for each in answers["foveal predict"][0].json()["photos"] if each["error"]]
    assert left_out["path"] == failed["path"]
    assert left_out["error"] == failed["error"]
    assert failed["label"] is failed["confidence"] is None
    for verb in ("foveal embed", "foveal predict"):
        _, quiet = answers[verb]
        assert quiet.err.count("broken.jpg") == 1


def test_a_refusal_writes_no_json(photos: Path, tmp_path: Path) -> None:
    for answer in run_batch(
        ["fit", tmp_path, "--out", tmp_path / "m.foveal", "--json"],
        ["predict", tmp_path / "none.foveal", photos, "--json"],
        ["evaluate", tmp_path / "none.foveal", photos, "--json"],
        ["embed", photos, "--out", tmp_path / "v.txt", "--json"],
        ["backbone", "remove", "none", "--json"],
    ):
        assert (answer.code, answer.out) == (1, "")
        assert answer.err.startswith("error: ")


def test_numbers_survive_strict_readers(answers: dict[str, tuple[Answer, Answer]]) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    for answer, _ in answers.values():
        json.loads(answer.out, parse_constant=refuse)
