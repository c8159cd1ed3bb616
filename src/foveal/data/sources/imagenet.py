"""ImageNet as published: ILSVRC2012, read from its tars or from what they were unpacked to."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, ClassVar

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import PART_NAMES, UNLABELLED, Dataset
from foveal.data.joined import Files, join_places
from foveal.data.options import ReadOptions
from foveal.data.places import Places, Spans
from foveal.data.sources import refusals
from foveal.data.sources.imagenet_layout import WNID, Layout, is_by_class, layout
from foveal.data.sources.imagenet_truth import Truth, val_number, val_truth
from foveal.data.sources.kept_index import Index, indexed
from foveal.data.sources.names import natural_key
from foveal.data.sources.notes import Notes
from foveal.data.sources.published import damaged, entries, incomplete
from foveal.data.sources.tar_index import TarDamagedError, tar_members
from foveal.data.sources.walk import is_photo_name, join, list_folder, walk
from foveal.types.names import Names

_TRAIN, _VAL, _TEST = range(len(PART_NAMES))


class ImageNetSource:
    """ILSVRC2012 in the layouts it is found in; classes are WordNet ids, parts are train and val.

    Train photos from `train/<wnid>/`, from `train/<wnid>.tar` or from `ILSVRC2012_img_train.tar`, a tar of 1,000 tars
    that is read as it is. Val photos from `val/<wnid>/`, or from `val/` or `ILSVRC2012_img_val.tar` with the ground
    truth of the development kit, of Kaggle or of Caffe beside them (`imagenet_truth.val_truth`). Kaggle's
    `ILSVRC/Data/CLS-LOC/` is looked into. The test part has no labels, and counts only where labels do not matter.
    """

    options: ClassVar[frozenset[str]] = frozenset()

    def detect(self, path: Path) -> bool:
        """Whether names in it are those of ILSVRC2012."""
        return layout(path) is not None

    def read(self, path: Path, options: ReadOptions) -> Dataset:
        """The photos of train and val.

        Args:
            path: The folder of everything; or a tar as published, or the folder of val photos.
            options: `labelled`: whether the classes matter.

        Raises:
            FovealError: `no-photos`, `dataset-damaged`; labelled also `dataset-incomplete`: there are val photos alone,
                and nothing says what they show; `needs-extra`.
        """
        found = layout(path)
        if found is None:
            raise incomplete(path, "train/, val/ or the tars of ILSVRC2012", "none of them")
        notes = Notes()
        truth = val_truth(found) if options.labelled and _needs_truth(found.val) else None
        pieces = [
            *_pieces(found, found.train, _TRAIN, None, notes),
            *_pieces(found, found.val, _VAL, truth, notes),
            *_pieces(found, found.test, _TEST, None, notes),
        ]
        if options.labelled:
            pieces = _labelled(pieces, found, notes)
        for name in found.unknown:
            notes.add("no-ground-truth", name)
        if not any(len(piece.names) for piece in pieces):
            raise refusals.no_photos(path, notes, labelled=options.labelled)
        return _join(path, pieces, notes, labelled=options.labelled)


@dataclass(frozen=True, eq=False)
class _Piece:
    """Photos that lie together: their names, where they lie, and the WordNet id of each as an index, -1 for none."""

    part: int
    names: Names
    places: Places
    wnids: tuple[str, ...]
    labels: NDArray[np.int32]


def _pieces(found: Layout, place: Path | None, part: int, truth: Truth | None, notes: Notes) -> Iterator[_Piece]:
    if place is None:
        return
    if place.is_file():
        yield _from_tars(found.root, [place], part, truth, notes)
        return
    tars = [place / name for name in entries(place) if name.endswith(".tar") and WNID.fullmatch(name[:-4])]
    if tars:
        yield _from_tars(found.root, tars, part, truth, notes)
    yield _from_folder(found.root, place, part, truth, notes, besides={tar.name for tar in tars})


def _from_folder(
    root: Path, place: Path, part: int, truth: Truth | None, notes: Notes, *, besides: Collection[str]
) -> _Piece:
    relative = place.relative_to(root).as_posix() if place != root else ""
    top = list_folder(str(root), relative, notes, besides=besides)
    wnids = [name for name in top.folders if WNID.fullmatch(name)]
    sizes = []

    def names() -> Iterator[str]:
        for name in wnids:
            paths = walk(str(root), join(relative, name), notes)
            sizes.append(len(paths))
            yield from paths

    if wnids:
        listed = Names(names())
        labels = np.repeat(np.arange(len(wnids), dtype=np.int32), sizes)
        return _Piece(part, listed, Files(root, len(listed)), tuple(wnids), labels)
    listed = Names(join(relative, name) for name in top.photos)
    return _Piece(part, listed, Files(root, len(listed)), *_by_truth(listed, truth))


def _from_tars(root: Path, tars: Sequence[Path], part: int, truth: Truth | None, notes: Notes) -> _Piece:
    index = indexed("imagenet", tars, lambda: _index(root, tars))
    for damage in Names.from_arrays(index["damage"], index["damage_ends"]):
        notes.add("archive-damaged", damage)
    names = Names.from_arrays(index["names"], index["ends"])
    methods, known_as = np.zeros(len(names), np.uint8), (root,) * len(tars)
    places = Spans(tuple(tars), index["which"], index["starts"], index["sizes"], methods, known_as)
    wnids = tuple(Names.from_arrays(index["wnids"], index["wnid_ends"]))
    if wnids:
        return _Piece(part, names, places, wnids, index["labels"])
    return _Piece(part, names, places, *_by_truth(names, truth))


def _index(root: Path, tars: Sequence[Path]) -> Index:
    which, starts, sizes, labels = array("i"), array("q"), array("q"), array("i")
    wnids: dict[str, int] = {}
    damage: list[str] = []

    def names() -> Iterator[str]:
        for number, tar in enumerate(tars):
            relative = tar.relative_to(root).as_posix()
            try:
                with tar.open("rb") as file:
                    for name, start, size, wnid in _photos_in(file, tar.stem):
                        which.append(number)
                        starts.append(start)
                        sizes.append(size)
                        labels.append(wnids.setdefault(wnid, len(wnids)) if wnid else UNLABELLED)
                        yield f"{relative}/{name}"
            except (OSError, TarDamagedError) as error:
                damage.append(f"{relative}: {error}")

    listed = Names(names())
    if not listed and damage:
        raise damaged(tars[0], "a tar of ILSVRC2012", damage[0])
    content, ends = listed.arrays()
    wnid_content, wnid_ends = Names(wnids).arrays()
    damage_content, damage_ends = Names(damage).arrays()
    return {
        "names": content,
        "ends": ends,
        "wnids": wnid_content,
        "wnid_ends": wnid_ends,
        "damage": damage_content,
        "damage_ends": damage_ends,
        "which": np.array(which, np.int32),
        "starts": np.array(starts, np.int64),
        "sizes": np.array(sizes, np.int64),
        "labels": np.array(labels, np.int32),
    }


def _photos_in(file: IO[bytes], tar: str) -> Iterator[tuple[str, int, int, str]]:
    """Name, first byte, size and WordNet id (empty for none) of the photos in a tar and in the tars inside it."""
    for member in tar_members(file):
        folder, _, base = member.name.rpartition("/")
        if member.start < 0:
            continue
        if base.endswith(".tar") and WNID.fullmatch(base[:-4]):
            inner = tar_members(file, start=member.start, end=member.start + member.size)
            yield from ((f"{base}/{each.name}", each.start, each.size, base[:-4]) for each in inner if each.start >= 0)
        elif is_photo_name(base):
            wnid = next((each for each in (folder.rpartition("/")[2], tar) if WNID.fullmatch(each)), "")
            yield member.name, member.start, member.size, wnid


def _by_truth(names: Iterable[str], truth: Truth | None) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    wnids: dict[str, int] = {}
    labels = array("i")
    for name in names:
        wnid = (truth or {}).get(val_number(name) or 0)
        labels.append(wnids.setdefault(wnid, len(wnids)) if wnid else UNLABELLED)
    return tuple(wnids), np.array(labels, np.int32)


def _needs_truth(val: Path | None) -> bool:
    return val is not None and not (val.is_dir() and is_by_class(val))


def _labelled(pieces: list[_Piece], found: Layout, notes: Notes) -> list[_Piece]:
    """Without the photos whose class nobody knows; the test part has none by design."""
    kept = []
    for piece in pieces:
        known = np.flatnonzero(piece.labels >= 0)
        if piece.part != _TEST:
            for row in np.flatnonzero(piece.labels < 0).tolist():
                notes.add("no-ground-truth" if piece.part == _VAL else "photos-outside-classes", piece.names[row])
        kept.append(
            _Piece(piece.part, piece.names.take(known), piece.places.take(known), piece.wnids, piece.labels[known])
        )
    if notes.count("no-ground-truth") and not any(len(piece.names) for piece in kept):
        raise incomplete(
            found.root,
            "the ground truth of the val photos: LOC_val_solution.csv, val.txt with synset_words.txt, "
            "imagenet_2012_validation_synset_labels.txt, or ILSVRC2012_devkit_t12.tar.gz",
            "photos alone",
        )
    return kept


def _join(path: Path, pieces: list[_Piece], notes: Notes, *, labelled: bool) -> Dataset:
    pieces = [piece for piece in pieces if len(piece.names)]
    class_names = sorted({wnid for piece in pieces for wnid in piece.wnids}, key=natural_key)
    number = {wnid: index for index, wnid in enumerate(class_names)}
    tables = [np.array([*(number[wnid] for wnid in piece.wnids), UNLABELLED], np.int32) for piece in pieces]
    labels = np.concatenate([table[piece.labels] for table, piece in zip(tables, pieces, strict=True)])
    plain = all(isinstance(piece.places, Files) for piece in pieces)
    return Dataset(
        path,
        Names(name for piece in pieces for name in piece.names),
        labels if labelled else np.full(len(labels), UNLABELLED, np.int32),
        tuple(class_names) if labelled else (),
        np.repeat([piece.part for piece in pieces], [len(piece.names) for piece in pieces]),
        notes.findings(),
        None if plain and path.is_dir() else join_places([piece.places for piece in pieces]),
    )
