"""Which tar files make up a sharded dataset: a folder of them, one, or a pattern such as `shard-{000..009}.tar`."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from foveal.data.photo import status_of
from foveal.data.sources.names import natural_key
from foveal.data.sources.parts import part_of
from foveal.data.sources.published import entries
from foveal.data.sources.tar_index import TarDamagedError, tar_members
from foveal.data.sources.walk import is_photo_name
from foveal.errors import FovealError
from foveal.types.text import printable

_MOST_SHARDS = 100_000
_LOOKED_AT = 64
_BRACES = re.compile(r"\{(?:(\d+)\.\.(\d+)|([^{}]*,[^{}]*))\}")
_NUMBERED = re.compile(r"(.*[-_.])?\d+\.tar", re.IGNORECASE)
_LABEL_ENDINGS = {"cls", "json"}
_TEXT_ENDINGS = {"txt", "text", "caption"}
_WORDS = re.compile(r"[-_./\\]")


def expand(path: Path) -> list[Path]:
    """The files that a pattern with braces stands for, in order; any other path stands for itself.

    `{000..012}` counts with as many digits as it is written with, `{train,val}` takes each in turn.

    Args:
        path: What the user named; where a file has that very name, it is meant.

    Raises:
        FovealError: `bad-option`: it stands for more than 100,000 files.
    """
    pieces = _BRACES.split(str(path))
    if len(pieces) == 1 or status_of(path) is not None:
        return [path]
    choices: list[list[str]] = [[pieces[0]]]
    count = 1
    for first, last, listed, text in zip(*(pieces[at::4] for at in range(1, 5)), strict=True):
        numbers = range(int(first), int(last) + 1) if listed is None else range(0)
        count *= listed.count(",") + 1 if listed is not None else len(numbers)
        if not 0 < count <= _MOST_SHARDS:
            raise FovealError(
                "bad-option",
                f"{printable(str(path))}: expected a pattern for 1 to {_MOST_SHARDS:,} files, got one for {count:,}",
                hint="write the lower number first, as in shard-{000000..000009}.tar",
            )
        choices.append(listed.split(",") if listed is not None else [f"{each:0{len(first)}}" for each in numbers])
        choices.append([text])
    return [Path("".join(chosen)) for chosen in itertools.product(*choices)]


def shards_of(path: Path) -> list[Path]:
    """The tar files of a dataset, in natural order; none where there are none.

    Args:
        path: A folder with tar files in it or in the folders directly below, a tar file, or a pattern.
    """
    if not path.is_dir():
        return expand(path)
    found = []
    for name in entries(path):
        if name.lower().endswith(".tar"):
            found.append(name)
        elif "." not in name:
            found += [f"{name}/{each}" for each in entries(path / name) if each.lower().endswith(".tar")]
    return [path / name for name in sorted(found, key=natural_key)]


def holds_samples(shard: Path) -> bool:
    """Whether the first members of a tar file are samples: a photo, and beside it under the same name its label."""
    photos: set[str] = set()
    labels: set[str] = set()
    wanted = _LABEL_ENDINGS | _TEXT_ENDINGS if _NUMBERED.fullmatch(shard.name) else _LABEL_ENDINGS
    if not shard.is_file():  # opening a pipe would wait for its writer
        return False
    try:
        with shard.open("rb") as file:
            for member in itertools.islice(tar_members(file), _LOOKED_AT):
                key, ending = sample_key(member.name)
                if is_photo_name(member.name):
                    photos.add(key)
                elif ending in wanted:
                    labels.add(key)
    except (OSError, ValueError, TarDamagedError):
        pass  # what was seen before counts; the damage is told of when the shard is read
    return bool(photos & labels)


def sample_key(name: str) -> tuple[str, str]:
    """Name of the sample that a member belongs to, up to the first dot of its file name, and the ending after it."""
    folder, slash, base = name.rpartition("/")
    key, _, ending = base.partition(".")
    return f"{folder}{slash}{key}", ending.lower()


def part_of_shard(relative: str) -> int:
    """Index into `PART_NAMES` that the name of a shard, or of its folder, says; 0 (train) where it says nothing."""
    return next(_parts(relative), 0)


def _parts(relative: str) -> Iterator[int]:
    for word in _WORDS.split(relative):
        part = part_of(word)
        if part is not None:
            yield part
