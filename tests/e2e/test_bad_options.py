"""Option values that are not known or not in range are refused before any work, and name the near ones."""

from __future__ import annotations

from pathlib import Path

from cli_batch import run_batch
from trees import contents, two_classes


def test_unknown_values_suggest_near_ones(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.foveal"
    cases = {
        ("--effort", "hihg"): "high",
        ("--backbone", "lite00"): "lite0",
        ("--backbone", "lite0,lite22"): "lite2",
        ("--probe", "logistik"): "logistic",
        ("--runtime", "openvno"): "openvino",
        ("--precision", "int9"): "int8",
        ("--balance", "atuo"): "auto",
    }
    answers = run_batch(*[["fit", photos, "--out", out, *pair] for pair in cases])
    for answer, ((option, value), near) in zip(answers, cases.items(), strict=True):
        answer.refused("unknown-name", value.split(",")[-1], "did you mean", near)
        assert option[2:] in answer.err
    assert contents(tmp_path) == {}


def test_values_far_from_any_name_list_them_all(photos: Path, tmp_path: Path) -> None:
    (answer,) = run_batch(["fit", photos, "--out", tmp_path / "m.foveal", "--effort", "zzz"])
    answer.refused("unknown-name", "zzz", "low, default, high")


def test_numbers_out_of_range_are_refused(photos: Path, model: Path, tmp_path: Path) -> None:
    seed, huge, top, text, unknown, missing = run_batch(
        ["fit", photos, "--out", tmp_path / "m.foveal", "--seed", "-1"],
        ["fit", photos, "--out", tmp_path / "m.foveal", "--seed", str(2**32)],
        ["predict", model, photos, "--top", "0"],
        ["fit", photos, "--out", tmp_path / "m.foveal", "--seed", "one"],
        ["predict", model, photos, "--jsn"],
        ["fit", photos],
    )
    seed.refused("bad-option", "seed", "-1")
    huge.refused("bad-option", "seed", str(2**32))
    for answer, word in ((top, "--top"), (text, "--seed"), (unknown, "--json"), (missing, "--out")):
        assert (answer.code, answer.out) == (2, "")
        assert word in answer.err
        assert "Traceback" not in answer.err


def test_an_option_in_the_wrong_place_is_not_passed_over() -> None:
    (answer,) = run_batch(["cache", "--json", "show"])
    assert (answer.code, answer.out) == (2, "")
    assert "foveal cache show --json" in answer.err


def test_options_that_exclude_each_other_are_refused(photos: Path, model: Path) -> None:
    both, stored = run_batch(
        ["predict", model, photos, "--json", "--csv"], ["predict", model, photos, "--precision", "int8"]
    )
    both.refused("bad-option", "--json or --csv")
    stored.refused("bad-option", "--precision", "int8")


def test_an_out_that_would_destroy_something_is_refused(photos: Path, tmp_path: Path) -> None:
    tree = two_classes(photos, tmp_path / "tree")
    (tmp_path / "notes.txt").write_text("mine")
    before = contents(tmp_path)
    over_photo, over_text, folder, below_file, vectors = run_batch(
        ["fit", tree, "--out", tree / "circle" / "00.jpg"],
        ["fit", tree, "--out", tmp_path / "notes.txt"],
        ["fit", tree, "--out", tmp_path],
        ["fit", tree, "--out", tmp_path / "notes.txt" / "m.foveal"],
        ["embed", tree, "--out", tmp_path / "v.csv"],
    )
    over_photo.refused("bad-option", "--out", "00.jpg")
    over_text.refused("bad-option", "--out", "notes.txt")
    folder.refused("bad-option", "--out", "model.foveal")
    below_file.refused("cannot-write", "notes.txt")
    vectors.refused("bad-option", "--out", ".npz or .parquet")
    assert contents(tmp_path) == before


def test_an_earlier_model_may_be_written_again(photos: Path, tmp_path: Path) -> None:
    tree = two_classes(photos, tmp_path / "tree")
    out = tmp_path / "m.foveal"
    for answer in run_batch(["fit", tree, "--out", out], ["fit", tree, "--out", out, "--effort", "low"]):
        assert answer.code == 0, answer.err


def test_settings_from_the_environment_are_checked(photos: Path, model: Path) -> None:
    for name, value in (("FOVEAL_THREADS", "none"), ("FOVEAL_CACHE_GB", "much")):
        (answer,) = run_batch(["predict", model, photos], env={name: value})
        answer.refused("bad-option", name, value)


def test_help_and_version_need_nothing() -> None:
    top, verb, version, bare = run_batch(["--help"], ["fit", "-h"], ["--version"], [])
    assert (top.code, verb.code, version.code) == (0, 0, 0)
    assert "predict" in top.out
    assert "Example: foveal fit" in verb.out
    assert version.out.startswith("foveal 0.")
    assert "Usage: foveal" in bare.out + bare.err
