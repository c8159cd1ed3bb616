from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from foveal.data.options import ReadOptions
from foveal.data.read import read
from foveal.data.sources.notes import Notes
from foveal.data.sources.walk import walk
from foveal.errors import FovealError

Tree = Callable[[str], Path]

links = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
as_user = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may open every folder")


def walked(root: Path, start: str = "") -> tuple[list[str], dict[str, tuple[str, ...]]]:
    notes = Notes()
    found = walk(str(root), start, notes)
    return found, {finding.code: finding.paths for finding in notes.findings()}


@links
def test_links_to_files_and_folders_are_followed(tree: Tree) -> None:
    root = tree("a/1.jpg b/")
    (root / "b/one.jpg").symlink_to(root / "a/1.jpg")
    (root / "b/all").symlink_to(root / "a")
    assert walked(root, "b") == (["b/one.jpg", "b/all/1.jpg"], {})


@links
@pytest.mark.parametrize("target", [".", "..", "../..", "deep"])
def test_a_loop_ends_and_is_named(tree: Tree, target: str) -> None:
    root = tree("cat/deep/1.jpg dog/2.jpg")
    (root / "cat/deep/round").symlink_to(Path(target) if target != "deep" else root / "cat/deep")
    found, findings = walked(root, "cat")
    assert found == ["cat/deep/1.jpg"]
    assert findings == {"symlink-loop": ("cat/deep/round",)}
    assert len(read(root)) == 2


@links
def test_two_folders_that_hold_each_other(tree: Tree) -> None:
    root = tree("a/1.jpg b/2.jpg")
    (root / "a/b").symlink_to(root / "b")
    (root / "b/a").symlink_to(root / "a")
    found, findings = walked(root, "a")
    assert found == ["a/1.jpg", "a/b/2.jpg"]
    assert findings == {"symlink-loop": ("a/b/a",)}


@links
def test_links_that_would_double_at_every_level_are_read_once(tree: Tree) -> None:
    root = tree(" ".join(f"level{i}/1.jpg" for i in range(40)))
    for i in range(39):
        for side in "ab":
            (root / f"level{i}" / side).symlink_to(root / f"level{i + 1}")
    found, findings = walked(root, "level0")
    assert len(found) == 40
    assert list(findings) == ["symlink-repeat"]


@links
def test_a_link_to_itself_and_one_to_nowhere(tree: Tree) -> None:
    root = tree("1.jpg")
    (root / "self.jpg").symlink_to(root / "self.jpg")
    (root / "gone.jpg").symlink_to(root / "missing.jpg")
    found, findings = walked(root)
    assert found == ["1.jpg"]
    assert sorted(findings["broken-link"]) == ["gone.jpg", "self.jpg"]


@links
def test_a_pipe_called_like_a_photo_is_not_opened(tree: Tree) -> None:
    root = tree("1.jpg")
    os.mkfifo(root / "pipe.jpg")
    assert walked(root) == (["1.jpg"], {"not-photos": ("pipe.jpg",)})


def test_a_deep_tree(tmp_path: Path) -> None:
    deep = Path(*["d"] * 120)
    (tmp_path / deep).mkdir(parents=True)
    (tmp_path / deep / "1.jpg").touch()
    assert walked(tmp_path)[0] == [f"{deep.as_posix()}/1.jpg"]


@as_user
def test_a_locked_folder_is_a_finding(tree: Tree) -> None:
    root = tree("cat/1.jpg dog/2.jpg dog/locked/3.jpg")
    (root / "dog/locked").chmod(0)
    try:
        dataset = read(root)
    finally:
        (root / "dog/locked").chmod(0o700)
    assert len(dataset) == 2
    assert [(finding.code, finding.paths) for finding in dataset.findings] == [("no-permission", ("dog/locked",))]


@pytest.mark.parametrize(
    ("failure", "code"), [(PermissionError(13, "denied"), "no-permission"), (OSError(5, "I/O"), "unreadable-folder")]
)
def test_a_folder_that_fails_is_a_finding(
    tree: Tree, monkeypatch: pytest.MonkeyPatch, failure: OSError, code: str
) -> None:
    root = tree("cat/1.jpg dog/2.jpg dog/bad/3.jpg")
    real = os.scandir

    def scandir(path: str) -> Iterator[Any]:
        if path.endswith("bad"):
            raise failure
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found, findings = walked(root)
    assert found == ["cat/1.jpg", "dog/2.jpg"]
    assert findings == {code: ("dog/bad",)}


def test_a_root_that_fails_is_an_error(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    def scandir(path: str) -> Iterator[Any]:
        raise PermissionError(13, "denied", path)

    root = tree("cat/1.jpg dog/2.jpg")
    monkeypatch.setattr(os, "scandir", scandir)
    for labelled in (True, False):
        with pytest.raises(FovealError) as caught:
            read(root, options=ReadOptions(labelled=labelled))
        assert caught.value.code == "no-permission"
