"""Photos in archives and in ImageNet's own form give what the same photos in folders give."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
from cli_batch import run_batch

import foveal
from foveal.classifier.classifier import Classifier
from foveal.data.read import read
from foveal.heads.linear import LinearHead

EXACT = ("--runtime", "openvino", "--precision", "f32")


def head(path: Path) -> LinearHead:
    model: Classifier = foveal.load(path)
    assert isinstance(model.head, LinearHead)
    return model.head


def test_a_zip_teaches_what_its_folder_teaches(photos: Path, model: Path, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "photos"), "zip", photos.parent, photos.name)
    (fitted,) = run_batch(["fit", archive, "--out", tmp_path / "zip.foveal", *EXACT, "--quiet"])
    assert fitted.code == 0, fitted.err
    mine, known = head(tmp_path / "zip.foveal"), head(model)
    assert np.array_equal(mine.weights, known.weights)
    assert np.array_equal(mine.bias, known.bias)
    records = [foveal.load(path).record for path in (tmp_path / "zip.foveal", model)]
    assert records[0]["data"]["fingerprint"] == records[1]["data"]["fingerprint"]
    assert records[0]["metrics"] == records[1]["metrics"]


def test_photos_in_a_tar_are_recognised_as_in_their_folder(photos: Path, model: Path, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "photos"), "tar", photos)
    packed = shutil.make_archive(str(tmp_path / "packed"), "gztar", photos)
    answers = run_batch(*(["predict", model, each, "--json"] for each in (photos, archive, packed)))
    rows = [answer.json()["photos"] for answer in answers]
    assert [row["path"] for row in rows[1]] == [f"{archive}/{Path(row['path']).relative_to(photos)}" for row in rows[0]]
    for row in rows[1:]:
        assert [each["top"] for each in row] == [each["top"] for each in rows[0]]
    (both,) = run_batch(["predict", model, archive, photos / "circle", archive, "--json"])
    assert len(both.json()["photos"]) == len(rows[0]) + 12


@pytest.fixture
def ilsvrc(shared: Path, tmp_path: Path) -> Path:
    """300 photos of as many classes as ImageNet's val tar, with Kaggle's list, and reassessed labels for most."""
    from foveal.backbones.imagenet import imagenet_classes

    photos = sorted((shared / "imagenet_samples").iterdir())
    if not photos:
        pytest.skip("needs the photos of ImageNet classes")
    root = tmp_path / "ILSVRC2012"
    root.mkdir()
    position = {each.wordnet_id: each.position for each in imagenet_classes()}
    rows, real = ["ImageId,PredictionString"], []
    with tarfile.open(root / "ILSVRC2012_img_val.tar", "w") as tar:
        for number, photo in enumerate(photos, 1):
            wnid = photo.name.partition("_")[0]
            content = photo.read_bytes()
            member = tarfile.TarInfo(f"ILSVRC2012_val_{number:08d}.JPEG")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
            rows.append(f"ILSVRC2012_val_{number:08d},{wnid} 1 2 3 4")
            real.append([position[wnid], (position[wnid] + 1) % 1000] if number % 10 else [])
    (root / "LOC_val_solution.csv").write_text("\n".join(rows))
    (root / "real.json").write_text(json.dumps(real))
    return root


@pytest.mark.photos
def test_imagenet_as_published_is_measured_in_its_own_protocol(ilsvrc: Path) -> None:
    usual, option, twice = run_batch(
        ["evaluate", "imagenet:lite0", ilsvrc, *EXACT, "--json"],
        ["evaluate", "imagenet:lite0", "--data", ilsvrc, *EXACT, "--json"],
        ["evaluate", "imagenet:lite0", ilsvrc, "--data", ilsvrc],
    )
    found = usual.json()["evaluation"]
    assert found == option.json()["evaluation"]
    assert found["protocol"] == "ImageNet val photos of 300 of the 1,000 classes"
    assert (found["photos"], found["real_photos"]) == (300, 270)
    assert found["accuracy"] == pytest.approx(0.877, abs=0.02)
    assert found["accuracy"] < found["top5"] < 1
    assert found["accuracy"] - 0.03 < found["real_top1"] < 1
    assert twice.code != 0
    assert "bad-option" in twice.err
    dataset = read(ilsvrc)
    assert sorted(each.name for each in ilsvrc.iterdir()) == [
        "ILSVRC2012_img_val.tar",
        "LOC_val_solution.csv",
        "real.json",
    ]
    assert len(dataset.class_names) == 300
