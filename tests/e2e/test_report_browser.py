"""The pages in a real browser: nothing is loaded or complained about, and nothing is wider than a phone."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.reports.made_report import CURVE, made_measured, made_model

from foveal.data.report import DataReport
from foveal.reports.data_html import write_html
from foveal.reports.model_html import write_model_html
from foveal.reports.model_report import ModelReport
from foveal.types.data_finding import DataFinding

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PHONE, DESKTOP = 390, 1280

pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here")

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--enable-logging=stderr",
    "--virtual-time-budget=4000",
    "--dump-dom",
)

# Looks into a frame of the page's own width, as a phone or a desktop shows it.
_LOOK = """
const seen = [];
addEventListener("load", () => {
  const found = [...document.querySelectorAll("iframe")].map(frame => {
    const page = frame.contentDocument, view = frame.contentWindow, width = frame.clientWidth;
    const all = [...page.body.querySelectorAll("*")];
    const inside = each => !each.closest(".scroll") && !each.closest("svg") && !each.closest("details:not([open])");
    const words = all.filter(each => [...each.childNodes].some(one => one.nodeType === 3 && one.data.trim()));
    return {
      width: page.documentElement.scrollWidth,
      wide: all.filter(each => inside(each) && each.getBoundingClientRect().right > width + 1)
        .map(each => each.outerHTML.slice(0, 120)),
      small: words.filter(each => !each.closest("svg") && parseFloat(view.getComputedStyle(each).fontSize) < 11.5)
        .map(each => each.outerHTML.slice(0, 120)),
      loaded: view.performance.getEntriesByType("resource").map(each => each.name)
        .filter(name => !name.startsWith("data:")),
      broken: [...page.images].filter(each => each.complete && !each.naturalWidth).map(each => each.alt),
      headings: [...page.querySelectorAll("h1,h2,h3")].map(each => each.textContent.trim()),
      ids: all.map(each => each.id).filter((id, at, ids) => id && ids.indexOf(id) !== at),
      drawings: [...page.querySelectorAll("svg[role=img]")].map(each => each.getBoundingClientRect().width),
      ink: view.getComputedStyle(page.body).color,
      focus: page.querySelectorAll("main [tabindex='0']").length,
    };
  });
  document.getElementById("found").textContent = JSON.stringify(found);
});
"""


def _look(page: Path, folder: Path, *flags: str) -> tuple[list[dict[str, Any]], str]:
    """What a page looks like on a phone and on a desktop, and what the browser had to say."""
    text = html.escape(page.read_text(encoding="utf-8"), quote=True)
    frames = "".join(
        f'<iframe style="border:0;width:{width}px;height:800px" srcdoc="{text}"></iframe>' for width in (PHONE, DESKTOP)
    )
    harness = folder / "harness.html"
    harness.write_text(
        f'<!doctype html><meta charset="utf-8"><body style="width:2000px"><pre id="found"></pre>'
        f"<script>{_LOOK}</script>{frames}",
        encoding="utf-8",
    )
    assert BROWSER is not None
    done = subprocess.run(
        [BROWSER, *_FLAGS, *flags, f"--user-data-dir={folder / 'profile'}", harness.as_uri()],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=True,
    )
    (found,) = re.findall(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
    console = "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)
    return json.loads(html.unescape(found)), console


def _check(found: list[dict[str, Any]], console: str) -> None:
    assert console == ""
    for each, width in zip(found, (PHONE, DESKTOP), strict=True):
        assert each["wide"] == []
        assert each["width"] <= width
        assert each["loaded"] == each["broken"] == each["small"] == each["ids"] == []
        assert all(drawn > 100 for drawn in each["drawings"])


def test_the_page_of_a_model(tmp_path: Path) -> None:
    measured = made_measured(tmp_path / "photos")
    model = made_model(measured.class_names, {"out_of_fold": measured.figures})
    report = ModelReport(model, (measured,), learning_curve=CURVE)
    page = write_model_html(report, tmp_path / "clothes.report.html")
    found, console = _look(page, tmp_path)
    _check(found, console)
    for heading in ("How good it is", "When not to trust it", "Calibration", "Robustness", "What was not measured"):
        assert heading in found[0]["headings"]
    assert len(found[0]["drawings"]) == 8
    assert found[0]["focus"] > 5
    dark, console = _look(page, tmp_path, "--blink-settings=preferredColorScheme=0")
    _check(dark, console)
    assert dark[0]["ink"] != found[0]["ink"]


def test_the_page_of_a_check(tmp_path: Path) -> None:
    dataset = made_measured(tmp_path / "photos", trust=False).dataset
    finding = DataFinding(
        code="blurred", title="Blurred", score=0.7, why="w", advice="a", rows=np.arange(30), values=CURVE
    )
    report = DataReport(
        dataset=dataset, findings=(finding,), readable=60, notes=(), evaluation=None, split={}, seconds={"total": 1.0}
    )
    page = write_html(report, tmp_path / "check.html")
    found, console = _look(page, tmp_path)
    _check(found, console)
    assert "Photos of each class" in found[1]["headings"]
    assert len(found[0]["drawings"]) == 2
