from __future__ import annotations

import os
from pathlib import Path

import pytest

from foveal.data.places import SpanPhoto
from foveal.training.photos.read_ahead import read_ahead


def _span(archive: Path, start: int, size: int = 1000) -> SpanPhoto:
    return SpanPhoto(archive, f"{start}.jpg", start, size)


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="the system takes no such advice")
def test_neighbours_are_asked_for_in_one_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "a.tar"
    archive.write_bytes(bytes(2**20))
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "posix_fadvise", lambda _, start, size, advice: asked.append((start, size)))
    photos = [_span(archive, start) for start in (2048, 0, 1024, 500_000)]
    assert read_ahead([*photos, tmp_path / "plain.jpg"]) == 3048 + 1000
    assert asked == [(0, 3048), (500_000, 1000)]


def test_an_archive_that_is_gone_is_passed_over(tmp_path: Path) -> None:
    assert read_ahead([_span(tmp_path / "gone.tar", 0)]) == 0


def test_a_system_without_advice_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "posix_fadvise", raising=False)
    archive = tmp_path / "a.tar"
    archive.write_bytes(bytes(5000))
    assert read_ahead([_span(archive, 0)]) == 0
