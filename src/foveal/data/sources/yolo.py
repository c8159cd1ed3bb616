"""Boxes in the form of YOLO: a text file a photo, with lines of class and box in parts of the photo's size."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from foveal.data.dataset import Dataset
from foveal.data.options import ReadOptions
from foveal.data.sources.boxes import Boxes
from foveal.data.sources.notes import Notes
from foveal.data.sources.parts import PART_WORDS, part_in
from foveal.data.sources.plain_yaml import Value, plain_yaml
from foveal.data.sources.published import (
    damaged,
    few_entries,
    first_bytes,
    incomplete,
    is_file,
    is_folder,
    noticed,
    several,
)
from foveal.data.sources.walk import walk

_SUFFIXES = (".yaml", ".yml")
_WANTED = {"path", "names", "nc", *PART_WORDS}
_MOST_BYTES = 2**22
_IMAGES, _LABELS = "images", "labels"


class YoloSource:
    """`images/train/` and `labels/train/*.txt`, or `train/images/` and `train/labels/`, with a `data.yaml` of names.

    Each box is a photo of its class. A line is the class's number and centre, width and height of the box in parts of
    the photo's size; a line with an outline of three or more points counts as the box around it. Of `data.yaml` are
    read `path`, `train`, `val`, `test`, `nc` and `names`, as plain values, lists and maps; nothing in it is run. The
    format: https://docs.ultralytics.com/datasets/detect.
    """

    options: ClassVar[frozenset[str]] = frozenset()

    def detect(self, path: Path) -> bool:
        """Whether it is a YAML file with names and a train folder, or a folder that holds one, or both folders."""
        if is_file(path):
            return _looks_right(path)
        return bool(_yaml_files(path) or _folders_by_name(path))

    def read(self, path: Path, options: ReadOptions) -> Dataset:
        """Every box of all parts.

        Args:
            path: The folder, or its YAML file.
            options: `labelled`.

        Raises:
            FovealError: `dataset-damaged`, `dataset-incomplete`, `several-datasets`, `no-photos`; labelled also
                `one-class`, `class-mismatch`.
        """
        files = [path] if path.is_file() else _yaml_files(path)
        base = path.parent if path.is_file() else path
        if len(files) > 1:
            raise several(path, [file.name for file in files], "one of these files")
        content = _content(files[0]) if files else {}
        names = _class_names(base, files[0] if files else None, content)
        missing: list[str] = []
        places = _named_places(base, files[0], content, missing) if files else _folders_by_name(base)
        if not places:
            raise incomplete(path, "folders of photos such as images/train beside labels/train", "none")
        boxes, notes, broken = Boxes(names), Notes(), list[str]()
        for place, part in places:
            for file in _photos(base, place, notes):
                _add(base, file, part, boxes, broken)
        findings = notes.findings()
        findings += noticed(
            "part-missing", "places that the YAML file names and that are not there", missing, "warning"
        )
        findings += noticed("annotation-unreadable", "files of boxes that cannot be read, left out", broken, "error")
        return boxes.dataset(path, base, labelled=options.labelled, in_parts=True, findings=findings)


def _photos(base: Path, place: str, notes: Notes) -> Iterator[str]:
    """Photos in a folder, or those that a list names, relative to `base` or absolute."""
    file = base / place
    if file.is_dir():
        if file == Path(place):
            yield from (f"{place}/{name}" for name in walk(place, "", notes))
        else:
            yield from walk(str(base), place, notes)
        return
    try:
        lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise damaged(file, "names of photos, one a line", str(error)) from error
    for line in filter(None, lines):
        # paths in the list start from its own folder
        yield line if Path(line).is_absolute() else (Path(place).parent / line).as_posix()


def _add(base: Path, file: str, part: int, boxes: Boxes, broken: list[str]) -> None:
    photo = boxes.photo(file, part)
    labels = _labels_of(base, file)
    if labels is None:
        return
    try:
        found = [
            _box(line, len(boxes.class_names)) for line in labels.read_text("utf-8-sig").splitlines() if line.strip()
        ]
    except (OSError, ValueError) as error:
        broken.append(f"{file} ({error})")
        return
    for label, box in found:
        boxes.box(photo, label, box)


def _labels_of(base: Path, file: str) -> Path | None:
    """The file of boxes: in the folder that is called `labels` where the photo's is called `images`, or beside it."""
    *folders, name = Path(file).with_suffix(".txt").parts
    places = [[*folders, name]]
    if _IMAGES in folders:
        at = len(folders) - 1 - folders[::-1].index(_IMAGES)
        places.insert(0, [*folders[:at], _LABELS, *folders[at + 1 :], name])
    return next((found for found in (base.joinpath(*place) for place in places) if found.is_file()), None)


def _box(line: str, classes: int) -> tuple[int, tuple[float, float, float, float]]:
    """Class, and left, top, right, bottom in parts of the photo's size."""
    first, *rest = line.split()
    numbers = [float(each) for each in rest]
    label = int(first)
    if not 0 <= label < classes:
        raise ValueError(f"class {label} of {classes}")
    if len(numbers) == 4:
        x, y, width, height = numbers
        box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    elif len(numbers) >= 6 and len(numbers) % 2 == 0:
        box = (min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2]))
    else:
        raise ValueError(f"expected a class and 4 numbers, got {len(numbers)} numbers")
    # the corners of pixels may stand a hair outside after rounding; pixels instead of parts must not pass for them
    if not all(-0.5 <= each <= 1.5 for each in box):
        raise ValueError(f"expected parts of the photo's size, from 0 to 1, got {line.strip()[:60]!r}")
    return label, box


def _looks_right(file: Path) -> bool:
    if file.suffix.lower() not in _SUFFIXES:
        return False
    lines = first_bytes(file, _MOST_BYTES).split(b"\n")
    keys = {line.partition(b":")[0].strip() for line in lines if not line[:1].isspace()}
    return b"names" in keys and bool(keys & {b"train", b"val", b"test"})


def _yaml_files(folder: Path) -> list[Path]:
    names = [name for name in few_entries(folder) if name.lower().endswith(_SUFFIXES)]
    return [folder / name for name in names if _looks_right(folder / name)]


def _folders_by_name(base: Path) -> list[tuple[str, int]]:
    """Folders of photos, each with its part, where no file names them."""
    words = [name for name in few_entries(base) if name.lower() in PART_WORDS]
    found = [
        f"{word}/{_IMAGES}" for word in words if is_folder(base / word / _IMAGES) and is_folder(base / word / _LABELS)
    ]
    if is_folder(base / _IMAGES) and is_folder(base / _LABELS):
        named = [name for name in few_entries(base / _IMAGES) if part_in(name) is not None]
        inside = [name for name in named if is_folder(base / _IMAGES / name)]
        found += [f"{_IMAGES}/{name}" for name in inside] or [_IMAGES]
    parts = [(each, part_in(each.removeprefix(f"{_IMAGES}/").split("/")[0]) or 0) for each in found]
    return sorted(parts, key=lambda each: each[1])


def _content(file: Path) -> dict[str, Value]:
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise ValueError(f"more than {_MOST_BYTES:,} bytes")
        return plain_yaml(file.read_text(encoding="utf-8"), _WANTED)
    except (OSError, ValueError) as error:
        raise damaged(file, "plain YAML with train, val and names", str(error)) from error


def _named_places(base: Path, file: Path, content: dict[str, Value], missing: list[str]) -> list[tuple[str, int]]:
    """Folders and lists of photos that the YAML file names, each with its part; one named twice counts once.

    Places to learn from must be there. Others are often named all the same: by exports without a test part, and where
    it was not downloaded.
    """
    root = str(content.get("path", ""))
    found: dict[str, int] = {}
    for key in PART_WORDS:
        named = content.get(key, "")
        for each in [named] if isinstance(named, str) else list(named):
            if each and each not in {"null", "~"}:
                place = _place(base, root, each)
                if place is not None:
                    found.setdefault(place, PART_WORDS[key])
                elif PART_WORDS[key] == 0:
                    raise incomplete(base / root / each, f"the photos that {file.name} names", "no such folder or list")
                else:
                    missing.append(each)
    return list(found.items())


def _place(base: Path, root: str, named: str) -> str | None:
    """A place that is there, relative to `base`, or absolute; `path` and "../" are often those of another computer."""
    tried = [base / root / named, base / named, base / named.removeprefix("../")]
    found = next((each.resolve() for each in tried if each.exists()), None)
    if found is None:
        return None
    return found.relative_to(base.resolve()).as_posix() if found.is_relative_to(base.resolve()) else str(found)


def _class_names(base: Path, file: Path | None, content: dict[str, Value]) -> list[str]:
    """Names of the classes by number."""
    if file is None:
        beside = next((each for each in (base / "classes.txt", base / _LABELS / "classes.txt") if each.is_file()), None)
        if beside is None:
            raise incomplete(base / "data.yaml", "the names of the classes", "neither data.yaml nor classes.txt")
        try:
            return [line.strip() for line in beside.read_text(encoding="utf-8").splitlines() if line.strip()]
        except (OSError, ValueError) as error:
            raise damaged(beside, "names of classes, one a line", str(error)) from error
    named = content.get("names", "")
    if isinstance(named, dict):
        if sorted(named) != sorted(str(number) for number in range(len(named))):
            raise damaged(file, "names for the numbers from 0", f"names for {', '.join(list(named)[:5])} …")
        named = [named[str(number)] for number in range(len(named))]
    if isinstance(named, str) or not named or len(set(named)) < len(named):
        raise damaged(file, "different names of classes", str(named)[:60] or "none")
    if str(content.get("nc", len(named))) != str(len(named)):
        raise damaged(file, f"names for nc = {content['nc']} classes", f"{len(named)}")
    return named
