from __future__ import annotations

import json
from pathlib import Path

import pytest

import foveal
from foveal.errors import FovealError


@pytest.fixture(scope="module")
def fitted(photos, tmp_path_factory):
    model = foveal.fit(photos, effort="low", evidence=True)
    return model.save(tmp_path_factory.mktemp("reasons") / "shapes.foveal")


def test_a_photo_it_was_fitted_on_is_its_own_evidence(fitted, photos):
    photo = photos / "stripes" / "03.jpg"
    found = foveal.evidence(fitted, [photo], k=2)
    first = found[0].classes[0]
    assert first.label == "stripes"
    assert Path(first.nearest[0].name).name == "03.jpg"
    assert len(first.nearest) == 2
    assert first.nearest[0].picture.startswith(b"\xff\xd8")


def test_patches_of_several_photos_and_one_that_is_broken(fitted, photos, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff nothing")
    found = foveal.smallest_patch(fitted, [photos / "stripes" / "00.jpg", broken], fill="grey")
    assert found.errors[0] is None
    assert "broken.jpg" not in found.errors[1]
    assert found.to_records()[0]["label"] == "stripes"
    assert found.to_records()[0]["fill"] == "grey"


def test_refusals(fitted, photos):
    photo = photos / "stripes" / "00.jpg"
    with pytest.raises(FovealError, match="at least 1 photo a class"):
        foveal.evidence(fitted, photo, k=0)
    with pytest.raises(FovealError, match="keeps none"):
        foveal.evidence("imagenet", photo)
    with pytest.raises(FovealError, match="name of a fill"):
        foveal.smallest_patch(fitted, photo, fill="pink")


def test_the_command_shows_evidence_and_writes_pictures(cli, fitted, photos, tmp_path):
    photo = photos / "stripes" / "03.jpg"
    done = cli("explain", fitted, photo, "--evidence", "--out", tmp_path / "why")
    assert done.returncode == 0, done.stderr
    assert "stripes" in done.stdout
    assert "closer than 100%" in done.stdout
    assert [file.name for file in (tmp_path / "why").iterdir()] == ["03.evidence.png"]


def test_the_command_finds_patches_as_json(cli, fitted, photos):
    done = cli("explain", fitted, photos / "stripes" / "00.jpg", "--patch", "--json")
    found = json.loads(done.stdout)
    assert found["method"] == "patch"
    assert set(found["photos"][0]) >= {"path", "error", "label", "box_xyxy", "share", "new_label", "elsewhere"}


def test_the_command_refuses_two_kinds_at_once(cli, fitted, photos):
    done = cli("explain", fitted, photos, "--patch", "--method", "cam")
    assert done.returncode == 1
    assert "bad-option" in done.stderr
