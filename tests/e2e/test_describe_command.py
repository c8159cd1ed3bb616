"""`foveal describe` as people run it."""

from __future__ import annotations

from pathlib import Path

from cli_batch import run_batch


def test_the_table_fits_the_terminal_and_the_numbers_are_json(model: Path) -> None:
    table, stages, everything, values, of_model = run_batch(
        ["describe", "lite0"],
        ["describe", "lite0", "--layers", "stages"],
        ["describe", "lite0", "--layers", "all"],
        ["describe", "lite0", "--json"],
        ["describe", model, "--json"],
    )
    lines = [answer.out.splitlines() for answer in (stages, table, everything)]
    assert len(lines[0]) < len(lines[1]) < len(lines[2])
    assert max(len(line) for some in lines for line in some) <= 100
    assert "conv_4" in table.out
    assert "Apache-2.0" in table.out
    assert len(values.json()["networks"][0]["stages"]) == 10
    assert values.json()["files"] == []
    assert of_model.json()["about"]["class_names"] == ["circle", "square", "stripes"]


def test_pictures_are_written_and_named(model: Path, photos: Path, tmp_path: Path) -> None:
    drawing, kernels, out = tmp_path / "net.svg", tmp_path / "kernels.png", tmp_path / "out"
    pictures, channel = run_batch(
        [
            *("describe", model, "--drawing", drawing, "--kernels", kernels),
            *("--features", photos / "circle" / "00.jpg", "--out", out),
        ],
        ["describe", model, "--class", "circle", "--photos", photos, "--out", out, "--json", "--quiet"],
    )
    assert pictures.out.split() == [str(drawing), str(kernels), str(out / "features.png")]
    assert all(Path(file).stat().st_size > 1000 for file in pictures.out.split())
    found = channel.json()
    assert found["files"] == [str(out / "class-circle.png")]
    assert len(found["channels"]) == 6
    assert all(len(each["photos"]) == 8 for each in found["channels"])


def test_what_does_not_fit_together_is_refused_before_anything_is_loaded(photos: Path, tmp_path: Path) -> None:
    layers, ending, alone, lonely, both, unknown, missing, several = run_batch(
        ["describe", "lite0", "--layers", "some"],
        ["describe", "lite0", "--drawing", tmp_path / "net.gif"],
        ["describe", "lite0", "--channel", "embedding:1"],
        ["describe", "lite0", "--photos", photos],
        ["describe", "lite0", "--channel", "embedding:1", "--class", "hat", "--photos", photos],
        ["describe", "lite7"],
        ["describe", tmp_path / "none.foveal"],
        ["describe", "lite0", "--features", photos / "circle", "--out", tmp_path],
    )
    layers.refused("unknown-name", "stages, convolutions, all")
    ending.refused("bad-option", "--drawing", "net.gif")
    alone.refused("bad-option", "--photos")
    lonely.refused("bad-option", "--photos")
    both.refused("bad-option", "--class")
    unknown.refused("unknown-name", "lite0")
    missing.refused("not-found", "none.foveal")
    several.refused("bad-option", "one photo, got 12")
    assert not list(tmp_path.iterdir())


def test_a_class_of_any_name_gets_a_picture(photos: Path, tmp_path: Path) -> None:
    name = "a/very " + "long " * 40 + "name"
    labels = "\n".join(
        f"{path},{said}" for folder, said in (("circle", name), ("square", "b")) for path in (photos / folder).iterdir()
    )
    (tmp_path / "labels.csv").write_text(f"path,label\n{labels}\n", encoding="utf-8")
    fitted, shown, explained = run_batch(
        ["fit", tmp_path / "labels.csv", "--out", tmp_path / "m.foveal", "--effort", "low", "--quiet"],
        [*("describe", tmp_path / "m.foveal", "--class", name, "--photos", photos, "--out", tmp_path), "--quiet"],
        [*("explain", tmp_path / "m.foveal", photos / "circle" / "00.jpg", "--no-grade", "--out", tmp_path), "--quiet"],
    )
    assert fitted.code == shown.code == explained.code == 0, (fitted.err, shown.err, explained.err)
    assert len(list(tmp_path.glob("class-a_very_long*.png"))) == 1
    assert len(list(tmp_path.glob("00.a_very_long*.png"))) == 1
