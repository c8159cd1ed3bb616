from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from looking_models import NAMES, linear_model, noise_photo, view
from PIL import Image

from foveal.assurance.evidence import learn_evidence
from foveal.errors import FovealError
from foveal.explainers.evidence import evidence_for
from foveal.explainers.subject import Subject
from foveal.imaging.thumbnail import thumbnail
from foveal.trust.trust import Trust

PHOTOS = 24


@pytest.fixture(scope="module")
def model():
    """Keeps noise photos with the labels it gives them itself; none of its last class."""
    plain = linear_model(view())
    photos = [noise_photo(seed) for seed in range(PHOTOS)]
    subjects = [Subject.of(plain, photo) for photo in photos]
    features = np.concatenate([subject.features for subject in subjects])
    labels = np.array([subject.probs()[:2].argmax() for subject in subjects], np.int32)
    labels[:2] = (0, 1)
    index = learn_evidence(
        features,
        labels,
        [f"folder/{seed}.jpg" for seed in range(PHOTOS)],
        lambda rows: [thumbnail(photos[row]) for row in rows.tolist()],
        classes=3,
    )
    return replace(plain, trust=Trust(evidence=index))


def test_it_names_the_nearest_of_the_answer_and_of_the_runner_up(model):
    subject = Subject.of(model, noise_photo(5))
    found = evidence_for(subject, "new.jpg", k=3)
    order = np.argsort(-subject.probs())
    assert [each.label for each in found.classes] == [NAMES[column] for column in order[:2]]
    assert [each.prob for each in found.classes] == [float(subject.probs()[column]) for column in order[:2]]
    own = int(model.trust.evidence.labels[model.trust.evidence.names.index("folder/5.jpg")])
    for each in found.classes:
        assert len(each.nearest) == (0 if each.label == NAMES[2] else 3)
        if each.label == NAMES[own]:
            assert each.nearest[0].name == "folder/5.jpg"
            assert each.nearest[0].closeness == 1
    assert found.kept == found.learnt_from == PHOTOS
    assert found.nearer == NAMES[own]


def test_records_are_json(model):
    record = evidence_for(Subject.of(model, noise_photo(3)), "new.jpg").to_record()
    again = json.loads(json.dumps(record))
    assert set(again) == {"path", "classes", "kept", "learnt_from", "unknown"}
    near = next(each["nearest"][0] for each in again["classes"] if each["nearest"])
    assert set(near) == {"path", "distance", "closeness"}
    assert 0 <= near["closeness"] <= 1


def test_the_picture_holds_the_thumbnails(model, tmp_path):
    found = evidence_for(Subject.of(model, noise_photo(7)), "a/new.jpg", k=6)
    path = found.save(tmp_path / "sheet.png")
    with Image.open(path) as opened:
        assert opened.format == "PNG"
        few = Image.open(io.BytesIO(evidence_for(Subject.of(model, noise_photo(7)), "new.jpg", k=4).png()))
        assert opened.width > few.width
        pixels = np.asarray(opened.convert("RGB"))
    assert 0.1 < (pixels != 255).any(axis=2).mean() < 0.9
    shown = found._repr_html_()
    assert 'alt="a/new.jpg: ' in shown
    assert "data:image/png;base64," in shown


def test_a_class_without_kept_photos_says_so(model):
    subjects = (Subject.of(model, noise_photo(seed)) for seed in range(40, 90))
    subject = next(each for each in subjects if 2 in np.argsort(-each.probs())[:2])
    found = evidence_for(subject, "new.jpg")
    assert "no photo of it was kept" in found.said
    assert found.png().startswith(b"\x89PNG")


def test_a_model_that_kept_none_is_refused():
    with pytest.raises(FovealError, match="keeps none") as caught:
        evidence_for(Subject.of(linear_model(view()), noise_photo()), "new.jpg")
    assert caught.value.code == "no-evidence"
    assert "--evidence" in caught.value.hint
