"""IDX files, in which MNIST, Fashion-MNIST, KMNIST and EMNIST are published: numbers behind a short header."""

from __future__ import annotations

import gzip
import math
import re
from pathlib import Path
from typing import IO, ClassVar, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Dataset
from foveal.data.options import ReadOptions
from foveal.data.raw_pixels import PixelBlock
from foveal.data.sources.chunks import Chunk, dataset_of
from foveal.data.sources.published import damaged, few_entries, first_bytes, incomplete, is_file, not_pixels, several
from foveal.data.unpacked import unpacked
from foveal.types.finding import Finding

_FILE = re.compile(r"(?P<set>.*?)(?P<part>train|t10k|test|val)-(?P<what>images|labels)[-.]idx\d-ubyte(?:\.gz)?")
_PARTS = {"train": 0, "val": 1, "t10k": 2, "test": 2}
_UINT8 = 8
_GZIP = b"\x1f\x8b"
# as published, but for "T-shirt/top": a stroke makes a class in a hierarchy
_FASHION = ("T-shirt or top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")


class _Images(NamedTuple):
    name: str
    set: str
    part: str


class IdxSource:
    """`train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-…`, plain or `.gz`: a folder of them, or one file.

    The format: two zero bytes, the kind of number, the number of axes, the length of each axis (32 bits, big-endian),
    the numbers (http://yann.lecun.com/exdb/mnist). Photos are [n, H, W] grey or [n, H, W, 3] RGB. An EMNIST set brings
    its characters in `…-mapping.txt` and stores its pictures column by column; they are read upright. Fashion-MNIST has
    the file names of MNIST and is known by the name of its folder.
    """

    options: ClassVar[frozenset[str]] = frozenset()

    def detect(self, path: Path) -> bool:
        """Whether it is a file of photos by name and first bytes, or a folder that holds one, itself or in `raw`."""
        if is_file(path):
            return _images(path.name) is not None and first_bytes(path, 2) in (b"\0\0", _GZIP)
        return bool(_list(path) or _list(path / "raw"))

    def read(self, path: Path, options: ReadOptions) -> Dataset:
        """The photos of all parts; of one part, to learn from, where its file is named.

        Args:
            path: Folder, or file of photos.
            options: `labelled`.

        Raises:
            FovealError: `dataset-damaged`, `dataset-incomplete`, `label-count`, `pixel-type`, `several-datasets`,
                `dataset-too-large`, `cannot-write`.
        """
        if path.is_file():
            folder, chosen = path.parent, [found for found in [_images(path.name)] if found]
        else:
            folder = path if _list(path) else path / "raw"
            chosen = _list(folder)
        if not chosen:
            raise incomplete(path, "files of photos such as train-images-idx3-ubyte", "none")
        if len({found.set for found in chosen}) > 1:
            raise several(path, [found.name for found in chosen], "one of these files")
        chosen.sort(key=lambda found: _PARTS[found.part])
        turned = chosen[0].set.startswith("emnist-")
        chunks = [_chunk(folder, found, turned=turned, labelled=options.labelled) for found in chosen]
        if len(chunks) == 1:
            chunks = [chunks[0]._replace(part=0)]
        return dataset_of(path, *_named(folder, chosen[0].set, chunks), _notes(turned=turned, name=chosen[0].name))


def _images(name: str) -> _Images | None:
    found = _FILE.fullmatch(name)
    return _Images(name, found["set"], found["part"]) if found and found["what"] == "images" else None


def _list(folder: Path) -> list[_Images]:
    """The files of photos in a folder; one that lies there plain and compressed counts once."""
    names = set(few_entries(folder))
    plain = sorted(name for name in names if not (name.endswith(".gz") and name[:-3] in names))
    return [found for found in map(_images, plain) if found and is_file(folder / found.name)]


def _chunk(folder: Path, found: _Images, *, turned: bool, labelled: bool) -> Chunk:
    file = folder / found.name
    shape, start, content = _open(file)
    colour = len(shape) == 4 and shape[3] == 3
    if not (len(shape) == 3 or colour) or not all(shape[1:3]):
        raise not_pixels(file, f"uint8 {list(shape)}")
    stride = math.prod(shape[1:])
    layout = "HWC" if colour else "WH" if turned else "HW"
    size_wh = (shape[1], shape[2]) if layout == "WH" else (shape[2], shape[1])
    block = PixelBlock(file=file, content=content, start=start, stride=stride, size_wh=size_wh, layout=layout)
    labels = _labels(folder, found) if labelled else None
    return Chunk(found.part, block, shape[0], _PARTS[found.part], labels)


def _labels(folder: Path, images: _Images) -> NDArray[np.uint8]:
    for name in few_entries(folder):
        found = _FILE.fullmatch(name)
        wanted = found and (found["set"], found["part"], found["what"]) == (images.set, images.part, "labels")
        if wanted and is_file(folder / name):
            shape, start, content = _open(folder / name)
            if len(shape) != 1:
                raise damaged(folder / name, "labels with one axis", f"{len(shape)} axes")
            whole = content if isinstance(content, np.ndarray) else np.fromfile(content, np.uint8)
            return whole[start:]
    name = images.name.replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1")
    raise incomplete(folder / name, f"the labels of {images.name}", "no such file")


def _open(file: Path) -> tuple[tuple[int, ...], int, Path | NDArray[np.uint8]]:
    """Shape, first byte of the numbers, and where the bytes are; the length is what the header says."""
    packed = first_bytes(file, 2) == _GZIP

    def opened() -> IO[bytes]:
        return cast("IO[bytes]", gzip.open(file)) if packed else file.open("rb")

    try:
        with opened() as stream:
            head = stream.read(4 + 4 * 8)
    except (OSError, EOFError, ValueError) as error:
        raise damaged(file, "an IDX file", str(error)) from error
    if len(head) < 4 or head[:2] != b"\0\0":
        raise damaged(file, "an IDX file, which begins with two zero bytes", head[:4].hex(" ") or "nothing")
    if head[2] != _UINT8:
        raise not_pixels(file, f"numbers of kind 0x{head[2]:02x} (uint8 is 0x08)")
    axes = head[3]
    if not 1 <= axes <= 4 or len(head) < 4 + 4 * axes:
        raise damaged(file, "1 to 4 axes and their lengths", f"{axes} axes in {len(head)} bytes")
    shape = tuple(int(each) for each in np.frombuffer(head, ">u4", count=axes, offset=4))
    start = 4 + 4 * axes
    size = start + math.prod(shape)
    if packed:
        return shape, start, unpacked(file, opened, size)
    there = file.stat().st_size
    if there != size:
        raise damaged(file, f"{size:,} bytes for {list(shape)}, as its header says", f"{there:,}")
    return shape, start, file


def _named(folder: Path, prefix: str, chunks: list[Chunk]) -> tuple[list[Chunk], tuple[str, ...]]:
    """The names of the classes, and the labels as indices into them."""
    mapping = folder / f"{prefix}mapping.txt"
    if prefix and mapping.is_file():
        characters = _mapping(mapping)
        index = np.full(256, -1)
        index[list(characters)] = np.arange(len(characters))
        moved = [c if c.labels is None else c._replace(labels=index[c.labels]) for c in chunks]
        return moved, tuple(characters.values())
    fashion = any("fashion" in part.lower() for part in folder.resolve().parts[-2:])
    return chunks, _FASHION if fashion else ()


def _mapping(file: Path) -> dict[int, str]:
    """Label to character, from lines of the label and the character's codes."""
    found: dict[int, str] = {}
    try:
        for line in file.read_text(encoding="ascii").splitlines():
            label, *codes = map(int, line.split())
            found[label] = chr(codes[0])
    except (OSError, ValueError, IndexError) as error:
        raise damaged(file, "lines of a label and its character's code, such as '10 65'", str(error)) from error
    if not all(0 <= label < 256 for label in found) or len(set(found.values())) < len(found):
        raise damaged(file, "a different character for each label from 0 to 255", f"{len(found)} lines")
    return dict(sorted(found.items()))


def _notes(*, turned: bool, name: str) -> tuple[Finding, ...]:
    if not turned:
        return ()
    message = "EMNIST stores its pictures column by column; they are read upright, so show a model upright ones"
    return (Finding("pictures-turned", message, (name,)),)
