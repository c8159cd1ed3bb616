from __future__ import annotations

import base64
import io
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image
from tests.drawn_photos import write_photos
from tests.unit.reports.page import Page

from foveal.data.dataset import Dataset
from foveal.data.read import read
from foveal.data.report import DataReport
from foveal.reports.charts.lines import learning_curve
from foveal.reports.data_html import write_html
from foveal.reports.thumbnails import LONG_SIDE, NO_PICTURE, thumbnails
from foveal.types.data_finding import DataFinding


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    write_photos(tmp_path / "photos", per_class=3, seed=0)
    first = next((tmp_path / "photos").rglob("*.jpg"))
    first.rename(first.with_name("#1 <b>50%.jpg"))
    return read(tmp_path / "photos")


def report(dataset: Dataset, *findings: DataFinding) -> DataReport:
    return DataReport(
        dataset=dataset,
        findings=findings,
        readable=len(dataset),
        notes=(),
        evaluation=None,
        split={},
        seconds={"total": 1.25},
    )


def finding(rows: object, **more: object) -> DataFinding:
    fields: dict[str, object] = {"code": "blurred", "title": "3 <photos>", "score": 0.4, "why": "w", "advice": "a"}
    return DataFinding(**{**fields, "rows": np.asarray(rows, np.int64), **more})  # type: ignore[arg-type]


def test_the_page_shows_pictures_and_leads_to_the_photos(dataset: Dataset, tmp_path: Path) -> None:
    n = len(dataset)
    pairs = finding([0, 1], others=np.array([2, -1]), suggested=np.array([1, -1]), notes=("twin", ""))
    target = write_html(report(dataset, pairs, finding(range(n))), tmp_path / "out" / "check.html")
    page = Page(target.read_text(encoding="utf-8"))
    assert len(page.pictures) == 3 + n
    assert all(picture["src"].startswith("data:image/") for picture in page.pictures)
    assert all(picture["alt"] for picture in page.pictures)
    files = [link for link in page.links if not link.startswith("#")]
    assert len(files) == 3 + n
    assert all((target.parent / unquote(link)).resolve().is_file() for link in files)
    assert "3 <photos>" in page.text
    assert "twin" in page.text
    assert dataset.class_names[1] in page.text
    assert "#1 <b>50%.jpg" in page.text


def test_the_worst_have_pictures_and_the_rest_are_named(dataset: Dataset, tmp_path: Path) -> None:
    many = dataset.take(np.arange(2000) % len(dataset))
    findings = [finding(range(2000)) for _ in range(20)]
    page = Page(write_html(report(many, *findings), tmp_path / "check.html").read_text(encoding="utf-8"))
    assert len(page.pictures) == 360
    assert "1,976 more" in page.text
    assert "and 1,576 more" in page.text


def test_nothing_found(dataset: Dataset, tmp_path: Path) -> None:
    page = Page(write_html(report(dataset), tmp_path / "check.html").read_text(encoding="utf-8"))
    assert "Nothing was found" in page.text
    assert page.pictures == []


def test_one_is_not_several(dataset: Dataset, tmp_path: Path) -> None:
    alone = report(dataset.take(np.array([0])), finding([0]))
    page = Page(write_html(alone, tmp_path / "check.html").read_text(encoding="utf-8"))
    text = " ".join(page.text.split())
    assert "1 photo " in text
    assert "1 finding " in text


def test_thumbnails_are_small_and_a_broken_photo_has_a_placeholder(dataset: Dataset) -> None:
    dataset.photos()[1].write_bytes(b"no photo")  # type: ignore[union-attr]
    found = thumbnails(dataset, [0, 1, 0])
    assert set(found) == {0, 1}
    assert found[1] == NO_PICTURE
    data = base64.b64decode(found[0].removeprefix("data:image/jpeg;base64,"))
    with Image.open(io.BytesIO(data)) as image:
        assert max(image.size) == LONG_SIDE


def test_a_learning_curve_is_drawn(dataset: Dataset, tmp_path: Path) -> None:
    known = {"sizes": [10, 50, 100], "accuracy": [0.5, 0.7, 0.8], "low": [0.4, 0.6, 0.75], "high": [0.6, 0.8, 0.85]}
    ahead = {"sizes": [200], "accuracy": [0.85], "low": [0.8], "high": [0.9]}
    values = {"measured": known, "ahead": ahead, "classes": [{"text": "30 more of cat are worth it"}]}
    target = write_html(report(dataset, finding([], values=values)), tmp_path / "check.html")
    text = target.read_text(encoding="utf-8")
    assert learning_curve(known, ahead, name="f1") in text
    assert "30 more of cat" in text
    assert Page(text).drawings == [
        "Line: accuracy against number of photos; 80.0% from 100, about 85.0% from 200 expected",
        "Bars: photos of each class, 3 classes",
    ]
