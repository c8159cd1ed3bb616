from __future__ import annotations

import re

import pytest
from card_text import GOOD

import foveal
from foveal.backbones.imagenet import imagenet_classes, imagenet_labels
from foveal.errors import FovealError


def test_a_thousand_classes_in_the_order_of_their_ids():
    classes = imagenet_classes()
    assert [each.position for each in classes] == list(range(1000))
    ids = [each.wordnet_id for each in classes]
    assert ids == sorted(set(ids))
    assert all(re.fullmatch(r"n\d{8}", each) for each in ids)
    assert all(each.names and all(name == name.strip() != "" for name in each.names) for each in classes)


@pytest.mark.parametrize(
    ("position", "wordnet_id", "name"),
    [
        (0, "n01440764", "tench"),
        (281, "n02123045", "tabby"),
        (817, "n04285008", "sports car"),
        (999, "n15075141", "toilet"),
    ],
)
def test_well_known_positions(position, wordnet_id, name):
    found = imagenet_classes()[position]
    assert found.wordnet_id == wordnet_id
    assert any(name in each for each in found.names)


def test_labels_are_unique():
    labels = imagenet_labels()
    assert len(set(labels)) == len(labels) == 1000
    doubled = [label for label in labels if re.search(r"\(n\d{8}\)$", label)]
    assert {label.rpartition(" (")[0] for label in doubled} >= {"crane", "maillot"}


@pytest.mark.photos
@pytest.mark.parametrize(("model", "least"), [("imagenet", 0.87), ("imagenet:lite2", 0.89)])
def test_top1_on_photos(shared, model, least):
    photos = sorted((shared / "imagenet_samples").glob("*.JPEG"))
    assert len(photos) == 300
    positions = {each.wordnet_id: each.position for each in imagenet_classes()}
    found = foveal.predict(model, photos)
    right = [
        probs.argmax() == positions[photo.name.partition("_")[0]]
        for photo, probs in zip(photos, found.probs, strict=True)
    ]
    assert sum(right) / len(right) >= least


def test_a_backbone_without_classes(tmp_path, monkeypatch):
    monkeypatch.setenv("FOVEAL_HOME", str(tmp_path))
    folder = tmp_path / "backbones" / "tiny"
    folder.mkdir(parents=True)
    (folder / "card.toml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(FovealError) as caught:
        foveal.load("imagenet:tiny")
    assert caught.value.code == "no-classes"
