"""Boxes in the form of Pascal VOC: one XML file a photo."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar
from xml.etree import ElementTree
from xml.parsers import expat

from foveal.data.dataset import Dataset
from foveal.data.options import ReadOptions
from foveal.data.sources.boxes import Boxes
from foveal.data.sources.names import natural_key
from foveal.data.sources.parts import part_of
from foveal.data.sources.published import damaged, entries, few_entries, incomplete, is_folder, noticed, several
from foveal.data.sources.walk import join
from foveal.imaging.formats import IMAGE_SUFFIXES

_ANNOTATIONS, _PHOTOS, _SETS = "Annotations", "JPEGImages", "ImageSets/Main"
_MOST_BYTES = 4 * 2**20
_MOST_DEPTH = 32


class VocSource:
    """A folder with `Annotations/*.xml` and `JPEGImages/`, parts by `ImageSets/Main/train.txt`, `val.txt`, `test.txt`.

    Also a folder that holds just one such folder (`VOCdevkit`). Each box is a photo of its class. Boxes are first and
    last pixel, counted from 1. Photos that none of the lists names are left out; without lists, all are for learning.
    The format: Everingham et al., The Pascal Visual Object Classes Challenge, IJCV 2010.
    """

    options: ClassVar[frozenset[str]] = frozenset()

    def detect(self, path: Path) -> bool:
        """Whether both folders are there."""
        return bool(_years(path))

    def read(self, path: Path, options: ReadOptions) -> Dataset:
        """Every box of all parts.

        Args:
            path: The folder.
            options: `labelled`.

        Raises:
            FovealError: `dataset-incomplete`, `several-datasets`, `dataset-damaged`, `no-photos`; labelled also
                `one-class`, `class-mismatch`.
        """
        years = _years(path)
        if not years:
            raise incomplete(path, f"folders {_ANNOTATIONS} and {_PHOTOS}", "none or one of them")
        if len(years) > 1:
            raise several(path, [year.name for year in years], "one of these folders")
        return _read(path, years[0], options)


def _read(path: Path, base: Path, options: ReadOptions) -> Dataset:
    inside = join(base.relative_to(path).as_posix(), _PHOTOS) if base != path else _PHOTOS
    photos = {Path(name).stem: name for name in entries(base / _PHOTOS) if Path(name).suffix.lower() in IMAGE_SUFFIXES}
    parts = _parts(base)
    boxes = Boxes()
    broken: list[str] = []
    outside: list[str] = []
    names = [name for name in entries(base / _ANNOTATIONS) if name.lower().endswith(".xml")]
    for name in sorted(names, key=natural_key):
        stem = name[: -len(".xml")]
        if parts and stem not in parts:
            outside.append(name)
            continue
        try:
            file, found = _annotation(base / _ANNOTATIONS / name)
        except (OSError, ValueError, expat.ExpatError) as error:
            broken.append(f"{name} ({error})")
            continue
        photo = boxes.photo(f"{inside}/{photos.get(stem, file or stem + '.jpg')}", parts.get(stem, 0))
        for label, box in found:
            boxes.box(photo, boxes.label(label), box)
    boxes.sort_classes()
    findings = noticed("annotation-unreadable", "files of boxes that cannot be read, left out", broken, "error")
    findings += noticed("outside-image-sets", f"photos in none of the lists of {_SETS}, left out", outside, "warning")
    return boxes.dataset(path, path, labelled=options.labelled, findings=findings)


def _years(path: Path) -> list[Path]:
    """The folder itself, or those in it that have the form."""
    found = [each for each in (path, path / "VOCdevkit") if _is_year(each)]
    if found:
        return found[:1]
    inside = [path / name for name in few_entries(path) if name.startswith("VOC")]
    return [each for each in inside if _is_year(each)]


def _is_year(path: Path) -> bool:
    return is_folder(path / _ANNOTATIONS) and is_folder(path / _PHOTOS)


def _parts(base: Path) -> dict[str, int]:
    """Part of each photo by its name without suffix; `trainval` counts where the two are not told apart."""
    lists = {name.removesuffix(".txt"): base / _SETS / name for name in entries(base / _SETS) if name.endswith(".txt")}
    known = {name: part_of(name) for name in lists}
    known |= {name: 0 for name in lists if name == "trainval" and not {"train", "val"} & set(lists)}
    found: dict[str, int] = {}
    for name, part in known.items():
        if part is None:
            continue
        try:
            stems = [line.split()[0] for line in lists[name].read_text(encoding="utf-8").splitlines() if line.strip()]
        except (OSError, ValueError) as error:
            raise damaged(lists[name], "names of photos, one a line", str(error)) from error
        for stem in stems:
            if found.setdefault(stem, part) != part:
                raise damaged(lists[name], "photos of one part only", f"{stem}, which stands in another list too")
    return found


def _annotation(file: Path) -> tuple[str, list[tuple[str, tuple[float, float, float, float]]]]:
    """File name of the photo as it stands there, and class and box of each object."""
    root = _parsed(file)
    found = []
    for each in root.iter("object"):
        box = each.find("bndbox")
        name = (each.findtext("name") or "").strip()
        if box is None or not name:
            raise ValueError("an object without name or box")
        left, top, right, bottom = (float(box.findtext(side) or "") for side in ("xmin", "ymin", "xmax", "ymax"))
        found.append((name, (left - 1, top - 1, right, bottom)))
    return (root.findtext("filename") or "").strip(), found


def _parsed(file: Path) -> Any:
    """The XML tree; a file that declares a type or entities of its own is refused before any is expanded."""
    with file.open("rb") as opened:
        data = opened.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise ValueError(f"more than {_MOST_BYTES:,} bytes")
    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate()
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MOST_DEPTH:
            raise ValueError(f"elements more than {_MOST_DEPTH} deep")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse(*_: object) -> None:
        raise ValueError("a document type declaration, which photos' annotations do not need")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.Parse(data, True)
    return builder.close()
