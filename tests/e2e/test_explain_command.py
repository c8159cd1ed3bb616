"""`foveal explain` as people run it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cli_batch import run_batch
from own_network import CARD, write_network
from PIL import Image
from trees import two_classes


@pytest.fixture(scope="module")
def remembering(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that keeps some of the photos it was fitted on."""
    path = tmp_path_factory.mktemp("remembering") / "shapes.foveal"
    (fitted,) = run_batch(["fit", photos, "--out", path, "--effort", "low", "--evidence", "--quiet"])
    assert fitted.code == 0, fitted.err
    return path


def test_a_map_for_each_photo_and_a_line(model: Path, photos: Path, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    Image.open(photos / "circle" / "00.jpg").save(folder / "a circle.png")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    graded, quick, other, nothing = run_batch(
        ["explain", model, folder, "--out", tmp_path / "maps"],
        ["explain", model, folder, "--no-grade", "--json"],
        ["explain", model, folder / "a circle.png", "--class", "square", "--no-grade", "--json"],
        ["explain", model, folder / "broken.jpg"],
    )
    assert graded.code == 0
    assert graded.out.count("\n") == 1
    assert "circle" in graded.out
    assert "than chance: beats" in graded.out
    assert "broken.jpg: the file is cut short" in graded.err
    assert [file.name for file in (tmp_path / "maps").iterdir()] == ["a_circle.circle.png"]
    good, bad = sorted(quick.json()["maps"], key=lambda each: each["error"] is not None)
    assert (good["label"], good["grade"], bad["label"]) == ("circle", None, None)
    assert all(0 <= share <= 1 for share in good["peak_xy"])
    assert other.json()["maps"][0]["label"] == "square"
    assert (nothing.code, nothing.out) == (1, "")


@pytest.mark.parametrize("method", ["occlusion", "rise"])
def test_other_methods_find_the_same_answer(model: Path, photos: Path, method: str) -> None:
    (found,) = run_batch(["explain", model, photos / "circle" / "01.jpg", "--method", method, "--no-grade", "--json"])
    assert found.json()["method"] == method
    assert found.json()["maps"][0]["label"] == "circle"


def test_a_turned_photo_is_explained_as_people_see_it(model: Path, photos: Path, tmp_path: Path) -> None:
    upright = Image.open(photos / "circle" / "02.jpg").convert("RGB").crop((0, 0, 80, 60)).resize((320, 240))
    upright.save(tmp_path / "upright.png")
    told = Image.Exif()
    told[0x112] = 6  # stored lying on its side, to be turned clockwise
    upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png", exif=told)
    (found,) = run_batch(
        ["explain", model, tmp_path / "upright.png", tmp_path / "turned.png", "--no-grade", "--json"],
    )
    upright_map, turned_map = found.json()["maps"]
    assert turned_map["prob"] == pytest.approx(upright_map["prob"], abs=0.01)
    assert turned_map["peak_xy"] == pytest.approx(upright_map["peak_xy"], abs=0.02)


def test_evidence_and_patches(remembering: Path, photos: Path, tmp_path: Path) -> None:
    photo = photos / "stripes" / "03.jpg"
    near, patch, pictures = run_batch(
        ["explain", remembering, photo, "--evidence", "--json"],
        ["explain", remembering, photo, "--patch", "--json"],
        ["explain", remembering, photo, "--evidence", "--out", tmp_path / "why"],
    )
    (found,) = near.json()["photos"]
    assert found["classes"][0]["nearest"][0]["path"].endswith("stripes/03.jpg")
    assert found["unknown"] is None
    (found,) = patch.json()["photos"]
    assert found["label"] == "stripes"
    assert (found["new_label"] is None) == (found["box_xyxy"] is None)
    assert "closer than 100%" in pictures.out
    assert [file.name for file in (tmp_path / "why").iterdir()] == ["03.evidence.png"]


def test_what_predict_turns_away_is_said(remembering: Path, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    predicted, *explained = run_batch(
        ["predict", remembering, tmp_path / "noise.png"],
        *(["explain", remembering, tmp_path / "noise.png", *how] for how in (["--no-grade"], ["--evidence"])),
    )
    assert "unknown" in predicted.out
    assert all("(predict answers unknown)" in answer.out for answer in explained)


def test_a_network_of_ones_own_without_a_map(photos: Path, tmp_path: Path) -> None:
    """Its output is no mean over places: occlusion works, cam says why it cannot."""
    network, card = write_network(tmp_path, card=CARD.replace('"features"', '"flat"'), flat=True)
    tree = two_classes(photos, tmp_path / "tree", each=6)
    env = {"FOVEAL_HOME": str(tmp_path / "home")}
    add, fit, auto, cam, table = run_batch(
        ["backbone", "add", network, "--card", card],
        ["fit", tree, "--backbone", "tiny", "--out", tmp_path / "m.foveal", "--quiet"],
        ["explain", tmp_path / "m.foveal", tree / "circle" / "00.jpg", "--json"],
        ["explain", tmp_path / "m.foveal", tree / "circle" / "00.jpg", "--method", "cam"],
        ["describe", "tiny"],
        env=env,
    )
    assert add.code == fit.code == table.code == 0, (add.err, fit.err, table.err)
    assert auto.json()["method"] == "occlusion"
    cam.refused("no-feature-map", "tiny", "occlusion")


def test_what_is_refused_before_a_photo_is_read(model: Path, photos: Path, tmp_path: Path) -> None:
    photo = photos / "circle" / "00.jpg"
    method, name, several, useless, evidence, gradients, missing, folder = run_batch(
        ["explain", model, photo, "--method", "gradecam"],
        ["explain", model, photo, "--class", "cirle"],
        ["explain", model, photo, "--evidence", "--patch"],
        ["explain", model, photo, "--patch", "--no-grade"],
        ["explain", model, photo, "--evidence"],
        ["explain", model, photo, "--method", "gradcam"],
        ["explain", model, tmp_path / "none.jpg"],
        ["explain", model, photo, "--out", photo],
        blocked=["torch"],
    )
    method.refused("unknown-name", "gradcam")
    name.refused("unknown-name", "circle")
    several.refused("bad-option", "--patch")
    useless.refused("bad-option", "--no-grade")
    evidence.refused("no-evidence", "--evidence")
    gradients.refused("needs-extra", "foveal[train]")
    missing.refused("not-found", "none.jpg")
    folder.refused("bad-option", "--out", "00.jpg")


def test_what_is_written_is_json_of_plain_letters(model: Path, photos: Path, tmp_path: Path) -> None:
    strange = tmp_path / "ein Kreis ü.jpg"
    strange.write_bytes((photos / "circle" / "00.jpg").read_bytes())
    (found,) = run_batch(["explain", model, strange, "--no-grade", "--json", "--out", tmp_path / "maps"])
    assert found.out.isascii()
    assert Path(json.loads(found.out)["files"][0]).is_file()
