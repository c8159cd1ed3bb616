from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest
import simplejpeg
from PIL import Image

from foveal.errors import FovealError
from foveal.explainers.grade import Grade
from foveal.explainers.heatmaps import Heatmap, Heatmaps

PHOTO = simplejpeg.encode_jpeg(np.full((60, 80, 3), 90, np.uint8))


def heatmap(*, graded=True, beaten=9):
    values = np.zeros((6, 8), np.float32)
    values[1, 5] = 2
    ramp = np.linspace(0, 1, 5, dtype=np.float32)
    insertion = np.where(np.arange(9) < beaten, 0.1, 0.9).astype(np.float32)
    grade = Grade(ramp, ramp, np.full(9, 0.5, np.float32), insertion) if graded else None
    return Heatmap(values, np.ones((6, 8), np.bool_), PHOTO, grade)


def made(**changes):
    fields = {
        "paths": ("a/one.jpg", "b/one.jpg", "broken.jpg"),
        "class_names": ("cat", "cat", None),
        "probs": np.array([0.9, 0.5, np.nan], np.float32),
        "maps": (heatmap(), heatmap(beaten=2), None),
        "errors": (None, None, "it is cut short"),
        "method": "cam",
    }
    return Heatmaps(**{**fields, **changes})


def test_records_can_be_written_as_json():
    records = json.loads(json.dumps(made().to_records(), allow_nan=False))
    assert [record["label"] for record in records] == ["cat", "cat", None]
    assert records[0]["prob"] == pytest.approx(0.9)
    assert records[0]["peak_xy"] == [0.688, 0.25]
    assert records[0]["grade"]["better"] is True
    assert records[0]["grade"]["beaten"] == records[0]["grade"]["random_maps"] == 9
    assert records[1]["grade"]["better"] is False
    assert records[2] == {
        "path": "broken.jpg",
        "label": None,
        "prob": None,
        "method": "cam",
        "peak_xy": None,
        "grade": None,
        "unknown": None,
        "error": "it is cut short",
    }


def test_what_is_said_of_each_row():
    found = made()
    assert "90.0% cat  better than chance" in found.said(0)
    assert "not better than chance: beats 2 of 9" in found.said(1)
    assert found.said(2) == "not read: it is cut short"
    assert "Heatmaps(3 maps by cam, 1 unreadable)" in repr(found)
    assert "not graded" not in str(made(maps=(heatmap(graded=False), heatmap(), None)))


def test_a_photo_that_predict_turns_away_says_so():
    turned_away = replace(heatmap(), unknown="nothing like it was learnt")
    plain, found = made(), made(maps=(turned_away, heatmap(beaten=2), None))
    assert found.said(0) == f"{plain.said(0)}  (predict answers unknown)"
    assert found.said(1) == plain.said(1)
    assert found.to_records()[0]["unknown"] == "nothing like it was learnt"
    assert found.picture(0).shape[0] > plain.picture(0).shape[0]


def test_every_picture_gets_a_file_of_its_own(tmp_path):
    files = made().save(tmp_path / "new" / "maps")
    assert [file.name for file in files] == ["one.cat.png", "one.cat.2.png"]
    for row, file in enumerate(files):
        np.testing.assert_array_equal(np.asarray(Image.open(file)), made().picture(row))


@pytest.mark.parametrize("name", ["../../evil", "a/b\\c", "\x1b[31m", "", ".", "x" * 400, "\udce9"])
def test_any_class_name_becomes_a_file_in_the_folder(tmp_path, name):
    (file,) = made(
        paths=("p.jpg",), class_names=(name,), probs=np.ones(1, np.float32), maps=(heatmap(),), errors=(None,)
    ).save(tmp_path)
    assert file.parent == tmp_path
    assert file.is_file()


def test_notebooks_show_it():
    found = made(class_names=("<b>&cat", "cat", None))
    page = found._repr_html_()
    assert page.count("<img") == 2
    assert page.count("data:image/png;base64,") == 2
    assert "&lt;b&gt;&amp;cat" in page
    assert "not read: it is cut short" in page
    assert "http" not in page
    assert found._repr_png_() is None


def test_a_single_map_shows_as_a_picture():
    one = made(paths=("p.jpg",), class_names=("cat",), probs=np.ones(1, np.float32), maps=(heatmap(),), errors=(None,))
    assert Image.open(io.BytesIO(one._repr_png_())).size[0] >= 160


def test_no_picture_of_what_could_not_be_read():
    with pytest.raises(FovealError, match="bad-value"):
        made().picture(2)


@pytest.mark.parametrize(
    "changes", [{"paths": ("a",)}, {"errors": (None, None, None)}, {"class_names": (None, "cat", None)}]
)
def test_fields_that_do_not_fit_together(changes):
    with pytest.raises(FovealError, match="bad-value"):
        made(**changes)
