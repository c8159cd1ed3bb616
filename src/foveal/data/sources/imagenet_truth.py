"""What the 50,000 val photos of ILSVRC2012 show, from whichever list of it lies beside them."""

from __future__ import annotations

import csv
import io
import json
import re
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from foveal.data.dataset import Dataset
from foveal.data.label_sets import LabelSets
from foveal.data.sources.imagenet_layout import WNID, Layout, layout
from foveal.data.sources.published import damaged, incomplete
from foveal.data.sources.tar_index import TarDamagedError, tar_members
from foveal.data.sources.unpack import unpacked
from foveal.errors import FovealError
from foveal.imaging.decode import read_file
from foveal.types.text import printable

_TRUTH, _META = "ILSVRC2012_validation_ground_truth.txt", "meta.mat"
_DEVKITS = ("ILSVRC2012_devkit_t12.tar.gz", "ILSVRC2012_devkit_t12.tar")
_REAL = "real.json"
_NUMBER = re.compile(r"ILSVRC2012_val_(\d{8})")
_CLASSES = 1000

Truth = dict[int, str]
"""WordNet id of each val photo, by its number from 1."""


def val_truth(found: Layout) -> Truth | None:
    """The ground truth beside the photos; None where there is none.

    Looked for in this order: `LOC_val_solution.csv` (Kaggle), `val.txt` with `synset_words.txt` (Caffe),
    `imagenet_2012_validation_synset_labels.txt`, the development kit as a folder or as published.

    Raises:
        FovealError: `dataset-damaged`, `dataset-incomplete`; `needs-extra`: the kit's list of classes is a MATLAB file.
    """
    readers: tuple[tuple[str, Callable[[Path, Layout], Truth]], ...] = (
        ("LOC_val_solution.csv", _kaggle),
        ("val.txt", _caffe),
        ("imagenet_2012_validation_synset_labels.txt", _one_a_line),
        (_TRUTH, _devkit),
    )
    for name, reader in readers:
        path = found.find(name)
        if path is not None:
            return reader(path, found)
    kit = found.find(*_DEVKITS)
    return None if kit is None else _packed_devkit(kit)


def val_number(name: str) -> int | None:
    """Number of a val photo, 1 to 50,000, by its name; None for other photos."""
    match = _NUMBER.search(name)
    return int(match[1]) if match else None


def real_labels(dataset: Dataset) -> LabelSets | None:
    """The reassessed labels of val photos (Beyer et al., "Are we done with ImageNet?", 2020).

    Args:
        dataset: Photos of ILSVRC2012 with `real.json` beside them: 50,000 lists of classes, in the order of the photos'
            numbers, each class a position among the sorted WordNet ids of all 1,000.

    Returns:
        The classes of each photo; the empty set where nobody could tell, and for other photos. None where there is no
        `real.json`.

    Raises:
        FovealError: `dataset-damaged`.
    """
    found = layout(dataset.root)
    beside = found.beside if found else (dataset.root, dataset.root.parent)
    path = next((folder / _REAL for folder in beside if (folder / _REAL).is_file()), None)
    if path is None:
        return None
    try:
        lists = json.loads(read_file(path))
        sets = [[int(each) for each in one] for one in lists]
    except (ValueError, TypeError, RecursionError) as error:
        raise damaged(path, "a list of 50,000 lists of classes", str(error)) from error
    if any(not 0 <= each < _CLASSES for one in sets for each in one):
        raise damaged(path, "classes from 0 to 999", "others")
    numbers = [val_number(name) for name in dataset.paths]
    return LabelSets.of(sets[number - 1] if number and number <= len(sets) else () for number in numbers)


def _kaggle(path: Path, found: Layout) -> Truth:
    truth = {}
    for row in csv.reader(io.StringIO(_text(path))):
        number = val_number(row[0]) if len(row) > 1 else None
        if number is not None:
            truth[number] = _wnid(row[1].partition(" ")[0], path)
    return truth


def _caffe(path: Path, found: Layout) -> Truth:
    words = found.find("synset_words.txt", "synsets.txt", "LOC_synset_mapping.txt")
    wnids = _order(words) if words else ()
    truth = {}
    for line in _text(path).splitlines():
        name, _, label = line.rpartition(" ")
        number = val_number(name)
        if number is None:
            continue
        if label.isdigit() and int(label) < len(wnids):
            truth[number] = wnids[int(label)]
        elif label.isdigit() and words is None:
            raise incomplete(path, "synset_words.txt beside it, which says what the numbers mean", "none")
        else:
            truth[number] = _wnid(label, path)
    return truth


def _one_a_line(path: Path, found: Layout) -> Truth:
    return {number: _wnid(line.strip(), path) for number, line in enumerate(_text(path).splitlines(), 1)}


def _devkit(path: Path, found: Layout) -> Truth:
    meta = found.find(_META)
    if meta is None:
        raise incomplete(path, f"{_META} beside it, which says what the numbers mean", "none")
    return _numbered(path, _text(path), _synsets(meta, read_file(meta)))


def _packed_devkit(kit: Path) -> Truth:
    """The kit as published; both files are small."""
    content: dict[str, bytes] = {}
    file = unpacked(kit) if kit.suffix == ".gz" else kit
    try:
        with file.open("rb") as opened:
            for member in tar_members(opened):
                name = member.name.rpartition("/")[2]
                if name in (_TRUTH, _META) and member.start >= 0:
                    opened.seek(member.start)
                    content[name] = opened.read(member.size)
    except (OSError, TarDamagedError) as error:
        raise damaged(kit, "the development kit as published", str(error)) from error
    for name in (_TRUTH, _META):
        if name not in content:
            raise incomplete(kit, f"{name} in it", "none")
    return _numbered(kit, content[_TRUTH].decode("utf-8", "replace"), _synsets(kit, content[_META]))


def _numbered(path: Path, text: str, wnids: dict[int, str]) -> Truth:
    truth = {}
    for number, line in enumerate(text.splitlines(), 1):
        label = line.strip()
        if not label.isdigit() or int(label) not in wnids:
            raise damaged(path, "a number of a class in every line", f"{label[:40]!r} in line {number}")
        truth[number] = wnids[int(label)]
    return truth


def _synsets(path: Path, content: bytes) -> dict[int, str]:
    """WordNet id of each of the kit's own numbers; those above 1,000 are inner nodes of the hierarchy."""
    try:
        from scipy.io import loadmat
        from scipy.io.matlab import MatReadError
    except ImportError as error:
        raise FovealError(
            "needs-extra",
            f"{printable(str(path))}: the classes of the development kit are in a MATLAB file, which scipy reads",
            hint='pip install "foveal[imagenet]"; or put LOC_val_solution.csv, val.txt with synset_words.txt, or '
            "imagenet_2012_validation_synset_labels.txt there",
        ) from error
    try:
        rows = loadmat(io.BytesIO(content), variable_names=["synsets"])["synsets"].ravel()
        return {int(row["ILSVRC2012_ID"].item()): _wnid(str(row["WNID"].item()), path) for row in rows}
    except (
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        OSError,
        MatReadError,
        NotImplementedError,
        zlib.error,
    ) as error:
        raise damaged(path, f"the classes of ILSVRC2012 in {_META}", str(error) or type(error).__name__) from error


def _order(path: Path) -> Sequence[str]:
    return [_wnid(line.split()[0], path) for line in _text(path).splitlines() if line.strip()]


def _wnid(text: str, path: Path) -> str:
    if not WNID.fullmatch(text):
        raise damaged(path, "WordNet ids such as n01440764", repr(text[:40]))
    return text


def _text(path: Path) -> str:
    return read_file(path).decode("utf-8", "replace")
