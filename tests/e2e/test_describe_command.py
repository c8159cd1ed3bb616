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
    layers, ending, alone, lonely, both, unknown, missing = run_batch(
        ["describe", "lite0", "--layers", "some"],
        ["describe", "lite0", "--drawing", tmp_path / "net.gif"],
        ["describe", "lite0", "--channel", "embedding:1"],
        ["describe", "lite0", "--photos", photos],
        ["describe", "lite0", "--channel", "embedding:1", "--class", "hat", "--photos", photos],
        ["describe", "lite7"],
        ["describe", tmp_path / "none.foveal"],
    )
    layers.refused("unknown-name", "stages, convolutions, all")
    ending.refused("bad-option", "--drawing", "net.gif")
    alone.refused("bad-option", "--photos")
    lonely.refused("bad-option", "--photos")
    both.refused("bad-option", "--class")
    unknown.refused("unknown-name", "lite0")
    missing.refused("not-found", "none.foveal")
    assert not list(tmp_path.iterdir())
