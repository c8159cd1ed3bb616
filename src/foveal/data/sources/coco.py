"""Boxes in the form of COCO: one JSON file a part, with images, categories and annotations."""

from __future__ import annotations

import json
import math
import re
from array import array
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

from foveal.data.dataset import Dataset
from foveal.data.options import ReadOptions
from foveal.data.sources.boxes import Boxes
from foveal.data.sources.parts import PART_WORDS, part_in
from foveal.data.sources.published import damaged, few_entries, first_bytes, incomplete, is_file, noticed, several
from foveal.types.finding import Finding

_KEYS = (b'"images"', b'"annotations"', b'"categories"', b'"info"', b'"licenses"')
_HEAD_BYTES = 4096
_MOST_FILES = 20
_TRIED = 50
_NO_BOX = (math.nan,) * 4
_INSTANCES = "instances"
_ROBOFLOW = "_annotations.coco.json"


class CocoSource:
    """`annotations/instances_train2017.json` with `train2017/`, or `train/_annotations.coco.json` among its photos.

    Each box is a photo of its class. Boxes are [left, top, width, height] in pixels; the regions of crowds are left
    out. Categories keep their names, unless two have the same: then they stand below their supercategory. The format:
    https://cocodataset.org/#format-data.

    A file is parsed once, straight into arrays. While that lasts it takes twice the file's size: 0.8 GB and 12 seconds
    for 860,001 boxes in 416 MB; then a box takes 33 bytes besides its name.
    """

    options: ClassVar[frozenset[str]] = frozenset()

    def detect(self, path: Path) -> bool:
        """Whether it is such a JSON file by its first bytes, or a folder that holds one under a usual name."""
        return _looks_right(path) if is_file(path) else bool(_files(path))

    def read(self, path: Path, options: ReadOptions) -> Dataset:
        """Every box of all parts; of one file where it is named.

        Args:
            path: Folder, or JSON file.
            options: `labelled`.

        Raises:
            FovealError: `dataset-damaged`, `dataset-incomplete`, `several-datasets`, `no-photos`; labelled also
                `one-class`, `class-mismatch`.
        """
        files = [(path, 0)] if path.is_file() else _files(path)
        base = path if path.is_dir() else path.parent
        if path.is_file() and base.name == "annotations":
            base = base.parent
        if not files:
            raise incomplete(path, "annotations/instances_….json", "no such file")
        if len({part for _, part in files}) < len(files):
            raise several(path, [file.name for file, _ in files], "one of these files")
        boxes = Boxes()
        findings: tuple[Finding, ...] = ()
        for file, part in files:
            findings += _Content(file).add_to(boxes, base, part)
        return boxes.dataset(path, base, labelled=options.labelled, findings=findings)


def _files(folder: Path) -> list[tuple[Path, int]]:
    """Files of annotations, each with its part, those to learn from first."""
    inside = folder / "annotations"
    names = [name for name in few_entries(inside) if name.lower().endswith(".json")]
    found = [inside / name for name in names if name.startswith(_INSTANCES)]
    if not found and len(names) <= _MOST_FILES:
        found = [inside / name for name in names if _looks_right(inside / name)]
    if not found:
        folders = [folder, *(folder / name for name in few_entries(folder) if name.lower() in PART_WORDS)]
        found = [each / _ROBOFLOW for each in folders if is_file(each / _ROBOFLOW)]
    return sorted(((file, _part(file)) for file in found), key=lambda each: (each[1], each[0]))


def _part(file: Path) -> int:
    part = part_in(file.stem)
    return (part_in(file.parent.name) if part is None else part) or 0


def _looks_right(file: Path) -> bool:
    if file.suffix.lower() != ".json":
        return False
    head = first_bytes(file, _HEAD_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    return head.startswith(b"{") and any(key in head for key in _KEYS)


class _Content:
    """One file, its annotations in arrays."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._photo_ids: list[Any] = []
        self._categories: list[Any] = []
        self._boxes = array("d")
        self._crowds: list[Any] = []
        try:
            with file.open(encoding="utf-8-sig") as text:
                content = json.load(text, object_hook=self._object)
        except (OSError, ValueError, OverflowError, RecursionError, MemoryError) as error:
            raise damaged(file, "a JSON file", str(error) or type(error).__name__) from error
        if not isinstance(content, dict) or not all(isinstance(content.get(k), list) for k in ("images", "categories")):
            raise damaged(file, "an object with images, categories and annotations", "something else")
        if not self._photo_ids and not self._crowds:
            raise incomplete(file, "annotations with boxes", "none; the boxes of test photos are not published")
        self._images, self._kinds = content["images"], content["categories"]

    def _object(self, found: dict[str, Any]) -> Any:
        """Keeps an annotation in the arrays and lets go of it, outlines included, before the next is parsed."""
        if "bbox" not in found or "image_id" not in found:
            return found
        if not isinstance(found["image_id"], int | str) or not isinstance(found.get("category_id"), int | str):
            raise ValueError(f"an annotation of image {found['image_id']!r}, category {found.get('category_id')!r}")
        if found.get("iscrowd") == 1:
            self._crowds.append(found["image_id"])
            return None
        box = found["bbox"]
        good = isinstance(box, list) and len(box) == 4 and all(isinstance(each, int | float) for each in box)
        left, top, width, height = box if good else _NO_BOX
        self._boxes.extend((left, top, left + width, top + height))
        self._photo_ids.append(found["image_id"])
        self._categories.append(found["category_id"])
        return None

    def add_to(self, boxes: Boxes, base: Path, part: int) -> tuple[Finding, ...]:
        """Put the photos and boxes with those of the other files; what was left out."""
        labels = self._labels(boxes)
        names = self._names()
        prefix = self._folder(base, list(names.values()))
        numbers = {key: boxes.photo(prefix + name, part) for key, name in names.items()}
        for at, (key, category) in enumerate(zip(self._photo_ids, self._categories, strict=True)):
            if key not in numbers or category not in labels:
                what = f"image {key}" if key not in numbers else f"category {category}"
                raise damaged(self._file, "annotations of listed images and categories", f"one of {what}")
            boxes.box(numbers[key], labels[category], self._boxes[4 * at : 4 * at + 4].tolist())
        text = "regions of crowds, left out"
        return noticed("crowd-boxes", text, [str(names.get(key, key)) for key in self._crowds], "warning")

    def _names(self) -> dict[Any, str]:
        """File name of each photo by its id."""
        try:
            return {each["id"]: str(each["file_name"]) for each in self._images}
        except (TypeError, KeyError) as error:
            raise damaged(self._file, "images with id and file_name", f"one without ({error})") from error

    def _labels(self, boxes: Boxes) -> dict[Any, int]:
        """Number of each category by its id."""
        try:
            kinds = sorted(self._kinds, key=lambda each: (isinstance(each["id"], str), each["id"]))
            plain = Counter(str(each["name"]) for each in kinds)
            names = {
                each["id"]: str(each["name"])
                if plain[str(each["name"])] == 1
                else f"{each.get('supercategory', 'none')}/{each['name']}"
                for each in kinds
            }
        except (TypeError, KeyError, AttributeError) as error:
            raise damaged(self._file, "categories with id and name", f"one without ({error})") from error
        if len(set(names.values())) < len(names):
            twice = Counter(names.values()).most_common(1)[0][0]
            raise damaged(self._file, "categories of different names", f"two called {twice!r}")
        return {key: boxes.label(name) for key, name in names.items()}

    def _folder(self, base: Path, names: list[str]) -> str:
        """Where the photos lie, relative to `base`, with "/" at the end; empty for `base` itself."""
        year = self._file.stem.removeprefix(f"{_INSTANCES}_")
        word = re.sub(r"\d+$", "", year)
        beside = self._file.parent.relative_to(base).as_posix() if self._file.is_relative_to(base) else ""
        usual = (year, f"images/{year}", word, f"images/{word}", beside, "images", "data", "JPEGImages", "")
        for folder in usual:
            prefix = f"{folder}/" if folder not in {"", "."} else ""
            if any((base / f"{prefix}{name}").is_file() for name in names[:_TRIED]):
                return prefix
        raise incomplete(base / year, f"the photos of {self._file.name}", f"none of the first {len(names[:_TRIED])}")
