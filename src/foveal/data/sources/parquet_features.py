"""Which column of a Parquet file is what, and how Hugging Face `datasets` says what the classes are called."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foveal.data.options import ReadOptions
from foveal.data.sources.table_columns import USUAL
from foveal.data.sources.table_refusals import no_column, same_columns
from foveal.errors import FovealError, unknown_name
from foveal.types.text import printable

_ROLES = ("image", "label", "labels", "split", "group")
_MORE_LABELS = ("fine_label", "label_ids", "label_id", "coarse_label")
_IMAGES = ("image", "img", "photo", "picture", "jpg", "png", "webp", "bytes", "image_bytes")
_MOST_BYTES = 2**24


@dataclass(frozen=True)
class Features:
    """Names of the columns that count; empty where there is none.

    Args:
        image: The photos.
        label: Their labels.
        split: Their parts.
        group: What they must stay together with.
        class_names: Names of the classes by number; empty where nothing says.
    """

    image: str
    label: str = ""
    split: str = ""
    group: str = ""
    class_names: tuple[str, ...] = ()


def image_columns(schema: Any) -> list[str]:
    """Columns that can be photos: structs with `bytes`; columns of plain bytes only by a usual name.

    Args:
        schema: The Arrow schema of the file.
    """
    from pyarrow import types

    def has_bytes(kind: Any) -> bool:
        return bool(types.is_struct(kind)) and any(kind.field(at).name == "bytes" for at in range(kind.num_fields))

    found = [field.name for field in schema if has_bytes(field.type)]
    return found or [
        field.name
        for field in schema
        if (types.is_binary(field.type) or types.is_large_binary(field.type)) and field.name.lower() in _IMAGES
    ]


def find_features(file: Path, schema: Any, options: ReadOptions) -> Features:
    """Find the columns by what the user named and by usual names.

    Args:
        file: The first of the files.
        schema: Its Arrow schema.
        options: `labelled`, `columns`.

    Raises:
        FovealError: `table-columns`: none or several could be it. `unknown-name`: no such column. `bad-option`: a role
            that photos in Parquet files do not have.
    """
    named, header = options.columns, list(schema.names)
    for role, name in named.items():
        if role not in _ROLES:
            raise FovealError(
                "bad-option",
                f"--columns {role}=…: expected one of {', '.join(_ROLES)} for photos in {printable(file.name)}, "
                f"got {role}",
                hint="leave it out",
            )
        if name not in header:
            raise unknown_name(f"column in {printable(file.name)}", name, header)
    image = _image(file, schema, named)
    if not options.labelled:
        return Features(image)
    told = _told(schema)
    label = _label(file, [name for name in header if name != image], named, told)
    split, group = (named.get(role) or _usual(header, role) for role in ("split", "group"))
    return Features(image, label, split, group, _class_names(file, label, told))


def _image(file: Path, schema: Any, named: Mapping[str, str]) -> str:
    if "image" in named:
        return named["image"]
    found = image_columns(schema)
    if not found:
        raise no_column(file, "image", schema.names)
    if len(found) > 1 and "image" not in found:
        raise same_columns(file, "image", found)
    return "image" if "image" in found else found[0]


def _label(file: Path, header: Sequence[str], named: Mapping[str, str], told: Mapping[str, Any]) -> str:
    given = [named[role] for role in ("label", "labels") if role in named]
    if given:
        return given[0]
    for name in (*USUAL["label"], *USUAL["labels"], *_MORE_LABELS):
        if name in header:
            return name
    numbered = [name for name in header if _names_in(told.get(name))]
    if len(numbered) != 1:
        raise same_columns(file, "label", numbered) if numbered else no_column(file, "label", header)
    return numbered[0]


def _usual(header: Sequence[str], role: str) -> str:
    return next((name for name in header if name.lower() in USUAL[role]), "")


def _told(schema: Any) -> dict[str, Any]:
    """What `datasets` wrote into the schema about each column; nothing where it did not or it is damaged."""
    try:
        features = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return features if isinstance(features, dict) else {}


def _class_names(file: Path, label: str, told: Mapping[str, Any]) -> tuple[str, ...]:
    names = _names_in(told.get(label))
    for folder in list(file.parents)[:3]:
        names = names or _from_infos(folder / "dataset_infos.json", label) or _from_readme(folder / "README.md", label)
    return names


def _names_in(feature: Any) -> tuple[str, ...]:
    """Names of a `ClassLabel`, or of a list of them in any of the spellings `datasets` has used."""
    if isinstance(feature, list) and len(feature) == 1:
        return _names_in(feature[0])
    if isinstance(feature, dict) and isinstance(feature.get("names"), list):
        return tuple(map(str, feature["names"]))
    return _names_in(feature["feature"]) if isinstance(feature, dict) and "feature" in feature else ()


def _from_infos(file: Path, label: str) -> tuple[str, ...]:
    try:
        configurations = json.loads(_text(file) or "{}")
        features = [each["features"][label] for each in configurations.values()]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ()
    return _names_in(features[0]) if features else ()


def _from_readme(file: Path, label: str) -> tuple[str, ...]:
    """Names from the lines `'0': cat` below `- name: label`, as the Hub writes them into the page of a dataset."""
    head = _text(file)
    front = re.match(r"---\n(.*?)\n---", head, re.DOTALL)
    pattern = rf"- name: {re.escape(label)}\n(?:(?!\s*- name:).*\n)*?\s*class_label:\s*\n\s*names:\s*\n"
    found = re.search(pattern + r"((?:\s*'?\d+'?: .*\n)+)", front[1] + "\n") if front else None
    if found is None:
        return ()
    lines = [line.strip().partition(": ") for line in found[1].splitlines()]
    return tuple(name.strip().strip("'\"") for _, _, name in lines)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8") if file.stat().st_size <= _MOST_BYTES else ""
    except (OSError, ValueError):
        return ""
