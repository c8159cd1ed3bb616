from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.reports.made_report import made_measured, made_model

from foveal.errors import FovealError
from foveal.reports.model_html import write_model_html
from foveal.reports.model_report import ModelReport
from foveal.workflows.target import check_page

MADE = b'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'


def test_a_page_of_foveal_may_be_written_anew(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    check_page(page, example="report.html")
    measured = made_measured(tmp_path / "photos")
    write_model_html(ModelReport(made_model(measured.class_names, {}), (measured,)), page)
    check_page(page, example="report.html")


@pytest.mark.parametrize("text", [b"", b"notes", MADE + b"<title>my own</title>", b"<!doctype html><p>mine"])
def test_a_page_of_someone_else_is_left_alone(tmp_path: Path, text: bytes) -> None:
    page = tmp_path / "page.html"
    page.write_bytes(text)
    with pytest.raises(FovealError) as caught:
        check_page(page, example="report.html")
    assert caught.value.code == "bad-option"
    assert page.read_bytes() == text
