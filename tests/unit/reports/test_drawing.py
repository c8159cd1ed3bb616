from __future__ import annotations

import logging
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from matplotlib.axes import Axes

from foveal.reports.drawing import ACCENT, INK, draw


def _paint(axes: Axes) -> None:
    axes.bar([0, 1], [1, 2], color=ACCENT)
    axes.text(0, 1, "猫 <b> $x$", color=INK)


def _drawn(name: str = "d") -> str:
    return draw(_paint, name=name, alt='says "so" & <so>', size=(200, 100), margins=(30, 10, 10, 20))


def test_it_is_one_element_that_says_what_it_shows() -> None:
    root = ElementTree.fromstring(_drawn())  # noqa: S314
    assert root.tag == "svg"
    assert root.get("aria-label") == 'says "so" & <so>'
    assert root.get("viewBox") == "0 0 200 100"
    assert "猫 <b> $x$" in "".join(root.itertext())


def test_colours_and_words_are_those_of_the_page() -> None:
    drawn = _drawn()
    assert "fill:var(--accent)" in drawn
    assert not re.search(r"#0101\d\d", drawn)
    assert "font-family" not in drawn
    assert "DejaVu" not in drawn
    assert "<style" not in drawn
    assert "metadata" not in drawn


def test_the_same_twice_and_ids_of_its_own() -> None:
    assert _drawn() == _drawn()
    assert _drawn("a") != _drawn("b")
    references = re.findall(r"url\(#([^)]*)\)", _drawn("a"))
    assert references
    assert all(each.startswith("a-") and f'id="{each}"' in _drawn("a") for each in references)


def test_control_characters_cannot_break_it() -> None:
    drawn = draw(lambda axes: None, name="d", alt="a\x00\x1b", size=(50, 50), margins=(1, 1, 1, 1))
    assert ElementTree.fromstring(drawn).get("aria-label") == r"a\x00\x1b"  # noqa: S314


def test_users_settings_of_matplotlib_neither_show_nor_change() -> None:
    import matplotlib

    usual = _drawn()
    with matplotlib.rc_context({"axes.facecolor": "red", "font.size": 30, "axes.grid": True}):
        assert _drawn() == usual
        assert matplotlib.rcParams["font.size"] == 30
    assert logging.getLogger("matplotlib").level != logging.ERROR


@pytest.mark.parametrize("place", ["absent", "file"])
def test_it_draws_without_a_place_for_its_cache_and_says_nothing(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code = "from foveal.reports.charts.bars import class_counts; print(len(class_counts({'a': 3}, name='d')))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={"PATH": "", "HOME": "/nonexistent", "MPLCONFIGDIR": str(tmp_path / place / "deeper")},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 100
