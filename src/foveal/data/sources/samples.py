"""The samples in the shards of a WebDataset: where each photo lies, and what the small members beside it say of it."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from foveal.data.dataset import UNLABELLED
from foveal.data.sources.classes import ClassNumbers
from foveal.data.sources.kept_index import Index
from foveal.data.sources.members import clean
from foveal.data.sources.notes import KEPT
from foveal.data.sources.parts import part_of
from foveal.data.sources.shards import part_of_shard, sample_key
from foveal.data.sources.tar_index import TarDamagedError, TarMember, looks_like_tar, tar_members
from foveal.data.sources.walk import is_photo_name
from foveal.types.names import Names

_MOST_TEXT = 1 << 20
_NOTED = ("sample-without-photo", "sample-with-more-photos", "sample-damaged", "archive-damaged")


@dataclass
class _Sample:
    """What is known of the sample under way."""

    key: str = ""
    photo: TarMember | None = None
    depth: int = 0
    said: dict[str, Any] = field(default_factory=dict)


@dataclass
class _Columns:
    """What is kept of all samples, 33 bytes each besides their names."""

    which: array[int] = field(default_factory=lambda: array("i"))
    starts: array[int] = field(default_factory=lambda: array("q"))
    sizes: array[int] = field(default_factory=lambda: array("q"))
    parts: array[int] = field(default_factory=lambda: array("b"))
    groups: array[int] = field(default_factory=lambda: array("q"))
    label_ends: array[int] = field(default_factory=lambda: array("q", [0]))
    labels: array[int] = field(default_factory=lambda: array("i"))


class SampleIndex:
    """Reads shards into arrays; nothing else is kept of a sample.

    Args:
        shards: The tar files.
        relative: What each is called in messages and names of photos; empty where there is one only.
    """

    def __init__(self, shards: Sequence[Path], relative: Sequence[str]) -> None:
        self._shards = shards
        self._relative = relative
        self._columns = _Columns()
        self._classes = ClassNumbers()
        self._groups = ClassNumbers()
        self._several = False
        self._noted: dict[str, list[str]] = {code: [] for code in _NOTED}
        self._counts = dict.fromkeys(_NOTED, 0)

    def build(self) -> Index:
        """Arrays by name, ready to be kept: see `foveal.data.sources.webdataset`."""
        names = Names(self._photos())
        index: Index = {"several": np.array(self._several)}
        index["names"], index["ends"] = names.arrays()
        columns = self._columns
        for name, values, kind in (
            ("which", columns.which, np.int32),
            ("starts", columns.starts, np.int64),
            ("sizes", columns.sizes, np.int64),
            ("parts", columns.parts, np.int8),
            ("groups", columns.groups, np.int64),
            ("label_ends", columns.label_ends, np.int64),
            ("labels", columns.labels, np.int32),
        ):
            index[name] = np.frombuffer(values, kind) if values else np.empty(0, kind)
        index["class_names"], index["class_ends"] = Names(self._classes.names()).arrays()
        for code in _NOTED:
            index[f"{code}:names"], index[f"{code}:ends"] = Names(self._noted[code]).arrays()
            index[f"{code}:count"] = np.array(self._counts[code])
        return index

    def _photos(self) -> Iterator[str]:
        for number, (shard, relative) in enumerate(zip(self._shards, self._relative, strict=True)):
            part, prefix = part_of_shard(relative or shard.name), f"{relative}/" if relative else ""
            try:
                with shard.open("rb") as file:
                    for sample in self._samples(file):
                        if sample.photo is not None:
                            self._add(sample.photo, sample.said, number, part)
                            yield prefix + clean(sample.photo.name)
                        elif sample.said:
                            self._note("sample-without-photo", prefix + sample.key)
            except (TarDamagedError, OSError) as error:
                self._note("archive-damaged", f"{shard.name}: {error}")

    def _samples(self, file: IO[bytes]) -> Iterator[_Sample]:
        if not looks_like_tar(file.read(512)):
            raise TarDamagedError(0, "no tar archive")
        sample = _Sample()
        damaged: TarDamagedError | None = None
        members = tar_members(file)
        while True:
            try:
                member = next(members, None)
            except TarDamagedError as error:
                member, damaged = None, error
            if member is None:
                break
            key, ending = sample_key(member.name)
            if key != sample.key:
                yield sample
                sample = _Sample(key)
            self._take(sample, member, ending, file)
        yield sample
        if damaged is not None:
            raise damaged

    def _take(self, sample: _Sample, member: TarMember, ending: str, file: IO[bytes]) -> None:
        if is_photo_name(member.name) and member.start >= 0:
            depth = ending.count(".")
            if sample.photo is not None:
                self._note("sample-with-more-photos", member.name)
            if sample.photo is None or depth < sample.depth:
                sample.photo, sample.depth = member, depth
        elif ending in _READERS and member.start >= 0:
            file.seek(member.start)
            content = file.read(min(member.size, _MOST_TEXT + 1))
            try:
                if len(content) > _MOST_TEXT:
                    raise ValueError
                sample.said |= _READERS[ending](content.decode("utf-8"), sample.said)
            except (ValueError, RecursionError):
                self._note("sample-damaged", member.name)

    def _add(self, photo: TarMember, said: dict[str, Any], number: int, part: int) -> None:
        columns = self._columns
        columns.which.append(number)
        columns.starts.append(photo.start)
        columns.sizes.append(photo.size)
        stated = part_of(str(said.get("split", "")))
        columns.parts.append(part if stated is None else stated)
        columns.groups.append(self._groups.number(_text(said.get("group"))))
        labels = said.get("labels")
        if isinstance(labels, list):
            self._several = True
        else:
            labels = [] if said.get("label") is None else [said["label"]]
        numbers = {self._classes.number(_text(label)) for label in labels} - {UNLABELLED}
        columns.labels.extend(sorted(numbers))
        columns.label_ends.append(len(columns.labels))

    def _note(self, code: str, name: str) -> None:
        self._counts[code] += 1
        if len(self._noted[code]) < KEPT:
            self._noted[code].append(name)


def noted(index: Index) -> Iterator[tuple[str, str]]:
    """What was noticed while an index was built, as codes and names; beyond the first names are empty."""
    for code in _NOTED:
        first = Names.from_arrays(index[f"{code}:names"], index[f"{code}:ends"])
        for number in range(int(index[f"{code}:count"])):
            yield code, first[number] if number < len(first) else ""


def _of_cls(text: str, said: dict[str, Any]) -> dict[str, Any]:
    return {"label": text.strip()}


def _of_json(text: str, said: dict[str, Any]) -> dict[str, Any]:
    """A .cls member beside it goes first."""
    value = json.loads(text)
    if not isinstance(value, dict):
        value = {"labels" if isinstance(value, list) else "label": value}
    found = {name: value[name] for name in ("label", "labels", "group", "split") if value.get(name) is not None}
    return {**found, **said}


_READERS: dict[str, Callable[[str, dict[str, Any]], dict[str, Any]]] = {"cls": _of_cls, "json": _of_json}


def _text(value: Any) -> str:
    """A label or group as text; empty for none, and for the -1 that stands for none."""
    text = "" if value is None or isinstance(value, dict | list) else str(value).strip()
    return "" if text == "-1" else text
