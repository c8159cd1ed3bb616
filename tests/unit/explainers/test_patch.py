from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from looking_models import linear_model, noise_photo, red_model, red_photo, view
from PIL import Image

from foveal.errors import FovealError
from foveal.explainers.patch import FILLS, RUNS, search_patch
from foveal.explainers.subject import Subject


@pytest.mark.parametrize("fill", FILLS)
def test_it_finds_what_the_answer_hangs_on(fill):
    subject = Subject.of(red_model(), red_photo())
    assert subject.probs().argmax() == 0
    found = search_patch(subject, "red.png", fill=fill)
    assert (found.label, found.new_label) == ("red", "other")
    left, top, right, bottom = found.box
    # Some of the red square, and little else.
    assert left < 80 / 90
    assert right > 60 / 90
    assert top < 52 / 60
    assert bottom > 36 / 60
    assert found.share < 0.12
    assert found.new_prob > 0.5
    assert found.runs <= RUNS
    assert found.elsewhere[1] == 20
    assert found.elsewhere[0] < 10


def test_hiding_the_patch_really_changes_the_answer():
    subject = Subject.of(red_model(), red_photo())
    found = search_patch(subject, "red.png")
    height, width = subject.canvas_hw
    left, top, right, bottom = found.box_xyxy((width, height))
    mask = np.ones((height, width), np.float32)
    mask[top:bottom, left:right] = 0
    probs = subject.with_hidden([mask])[0]
    assert probs.argmax() == 1
    assert float(probs.max()) == pytest.approx(found.new_prob, abs=1e-6)


def test_an_answer_that_nothing_changes():
    grey = np.full((60, 90, 3), 120, np.uint8)
    found = search_patch(Subject.of(red_model(), grey), "grey.png")
    assert found.label == "other"
    assert found.box is None
    assert found.share is None
    assert found.box_xyxy((90, 60)) is None
    assert 0.3 < found.searched_to <= 0.4
    assert "no patch tried, up to" in found.said
    assert 50 < found.runs <= RUNS
    assert found.png().startswith(b"\x89PNG")


def test_records_and_pictures(tmp_path):
    found = search_patch(Subject.of(red_model(), red_photo()), "red.png")
    record = json.loads(json.dumps(found.to_record()))
    assert record["new_label"] == "other"
    assert len(record["box_xyxy"]) == 4
    with Image.open(found.save(tmp_path / "patch.png")) as opened:
        pixels = np.asarray(opened.convert("RGB")).astype(int)
    outline = (pixels == (200, 30, 30)).all(axis=2)
    assert outline.sum() > 20
    assert 'alt="red.png: red' in found._repr_html_()
    assert "becomes other" in repr(found)


def test_a_photo_that_predict_turns_away_says_so():
    found = search_patch(Subject.of(red_model(), red_photo()), "red.png")
    turned_away = replace(found, unknown="nothing like it was learnt")
    assert found.to_record()["unknown"] is None
    assert turned_away.said == f"{found.said} (predict answers unknown)"
    heights = [Image.open(io.BytesIO(each.png())).height for each in (found, turned_away)]
    assert heights[1] > heights[0]


def test_it_is_the_same_again_and_needs_no_feature_map():
    subject = Subject.of(linear_model(view(("embedding",), spatial=False)), noise_photo())
    first, second = search_patch(subject, "x"), search_patch(subject, "x")
    assert first.to_record() == second.to_record()


@pytest.mark.parametrize("runs", [21, 60])
def test_the_number_of_runs_is_kept_to(runs):
    assert search_patch(Subject.of(red_model(), red_photo()), "x", runs=runs).runs <= runs


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 200), (200, 3)])
def test_photos_of_odd_shapes(height, width):
    found = search_patch(Subject.of(red_model(), red_photo(height=height, width=width)), "odd.png")
    with Image.open(io.BytesIO(found.png())) as opened:
        assert opened.width >= 360


def test_two_views_and_several_labels():
    model = linear_model(view(), view().mirror(), multi_label=True)
    found = search_patch(Subject.of(model, noise_photo(2)), "x")
    assert found.label in model.class_names


def test_a_fill_that_is_not_known_is_refused():
    with pytest.raises(FovealError, match="expected the name of a fill") as caught:
        search_patch(Subject.of(red_model(), red_photo()), "x", fill="gray")
    assert caught.value.code == "unknown-name"
    assert "grey" in caught.value.hint
