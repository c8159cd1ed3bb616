from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import foveal
from foveal.errors import FovealError

PHOTO = np.kron(np.random.default_rng(0).integers(0, 256, (6, 8, 3)), np.ones((20, 20, 1))).astype(np.uint8)


@pytest.fixture(scope="module")
def imagenet():
    return foveal.load("imagenet")


@pytest.fixture(scope="module")
def labels(tmp_path_factory):
    from drawn_photos import write_labelled_photos

    root = tmp_path_factory.mktemp("labelled")
    write_labelled_photos(root, photos=60, seed=0)
    return root, foveal.fit(root / "labels.csv", effort="low")


def test_it_explains_the_answer(imagenet):
    found = foveal.explain(imagenet, PHOTO, settings=foveal.Settings(cache=False))
    said = imagenet.predict(PHOTO)
    assert found.method == "cam"
    assert found.class_names == said.labels
    assert found.probs[0] == said.confidences[0]
    assert found.maps[0].values.shape == (120, 160)
    assert found.maps[0].grade is not None


def test_it_explains_the_class_asked_for(imagenet):
    found = foveal.explain(imagenet, PHOTO, class_name="toucan", grade=False)
    assert found.class_names == ("toucan",)
    assert found.maps[0].grade is None
    other = foveal.explain(imagenet, PHOTO, class_name="hamster", grade=False)
    assert not np.array_equal(found.maps[0].values, other.maps[0].values)


def test_a_broken_photo_is_named_and_the_others_explained(imagenet, tmp_path):
    Image.fromarray(PHOTO).save(tmp_path / "good.png")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    found = foveal.explain(imagenet, tmp_path, grade=False)
    assert [error is None for error in found.errors] == [path.endswith("good.png") for path in found.paths]
    assert sum(error is not None for error in found.errors) == 1


def test_every_label_that_a_photo_shows_is_explained(labels):
    root, model = labels
    found = foveal.explain(model, root / "photos", grade=False)
    said = model.predict(root / "photos")
    for path, shown in zip(said.paths, said.label_sets, strict=True):
        rows = [name for own, name in zip(found.paths, found.class_names, strict=True) if own == path]
        assert rows == list(shown) or (not shown and len(rows) == 1)


def test_unknown_names(imagenet):
    with pytest.raises(FovealError, match="unknown-name") as caught:
        foveal.explain(imagenet, PHOTO, method="gradecam")
    with pytest.raises(FovealError, match="unknown-name") as caught:
        foveal.explain(imagenet, PHOTO, class_name="tucan")
    assert "toucan" in caught.value.hint


def test_without_a_feature_map_auto_is_occlusion(imagenet, monkeypatch):
    from foveal.backbones import inner_values

    bare = replace(inner_values.with_maps(imagenet.views[0].network, ("logits",)), maps={}, layers={})
    monkeypatch.setattr("foveal.explainers.class_map.with_maps", lambda *_: bare)
    assert foveal.explain(imagenet, PHOTO, grade=False).method == "occlusion"
    with pytest.raises(FovealError, match="no-feature-map"):
        foveal.explain(imagenet, PHOTO, method="cam")


def test_the_map_depends_on_what_was_learnt(photos):
    """The randomisation check of Adebayo et al. (NeurIPS 2018), on a real network: shuffle the head, lose the map."""
    from scipy.stats import spearmanr

    model = foveal.fit(photos, effort="low")
    correlations = []
    for seed in range(12):
        weights = model.head.weights
        # All of them, classes too: where a class has larger weights than the others, any order of them likes any light.
        mixed = np.random.default_rng(seed).permutation(weights.ravel()).reshape(weights.shape)
        shuffled = replace(model, head=replace(model.head, weights=mixed))
        photo = photos / "circle" / f"{seed:02d}.jpg"
        maps = [foveal.explain(each, photo, class_name="circle", grade=False).maps[0] for each in (model, shuffled)]
        seen = maps[0].seen
        correlations.append(spearmanr(maps[0].values[seen], maps[1].values[seen]).statistic)
    assert abs(np.mean(correlations)) < 0.4


def test_the_command_prints_a_line_and_writes_a_picture(cli, tmp_path):
    Image.fromarray(PHOTO).save(tmp_path / "a photo.png")
    done = cli("explain", "imagenet", tmp_path / "a photo.png", "--class", "toucan", "--out", tmp_path / "maps")
    assert done.returncode == 0, done.stderr
    assert "toucan" in done.stdout
    assert "than chance: beats" in done.stdout
    assert [file.name for file in (tmp_path / "maps").iterdir()] == ["a_photo.toucan.png"]


def test_the_command_as_json(cli, tmp_path):
    Image.fromarray(PHOTO).save(tmp_path / "good.png")
    (tmp_path / "broken.png").write_bytes(b"nothing")
    done = cli("explain", "imagenet", tmp_path / "good.png", tmp_path / "broken.png", "--json", "--no-grade")
    found = json.loads(done.stdout)
    assert found["method"] == "cam"
    assert [bool(each["error"]) for each in found["maps"]] == [False, True]
    assert found["maps"][0]["grade"] is None
    assert cli("explain", "imagenet", tmp_path / "broken.png", "--no-grade").returncode == 1
