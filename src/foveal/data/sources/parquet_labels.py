"""Labels from a column of Parquet files, one a photo or a list, as numbers or names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import UNLABELLED
from foveal.data.label_sets import LabelSets
from foveal.data.sources.names import natural_key
from foveal.data.sources.parquet_features import Features
from foveal.data.sources.published import damaged
from foveal.errors import FovealError
from foveal.types.text import printable


class Labels:
    """Collects the labels of file after file, four bytes each.

    Args:
        features: What the classes are called, by number.
    """

    def __init__(self, features: Features) -> None:
        self._known = features.class_names
        self._numbers: dict[Any, int] = {}
        self._labels: list[NDArray[np.int32]] = []
        self._sizes: list[NDArray[np.int64]] = []

    def add(self, file: Path, column: Any) -> None:
        """The labels of one file.

        Args:
            file: The file.
            column: Arrow column of whole numbers, text, or lists of one of them; nulls are photos without label.

        Raises:
            FovealError: `table-labels`: anything else. `dataset-damaged`: a number without a name.
        """
        from pyarrow import types

        values = column.combine_chunks()
        if any(is_list(values.type) for is_list in (types.is_list, types.is_large_list, types.is_fixed_size_list)):
            sizes = values.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
            self._sizes.append(sizes.astype(np.int64))
            values = values.flatten()
        self._labels.append(self._numbered(file, values))

    def finished(self, file: Path) -> tuple[NDArray[np.int32] | LabelSets, Sequence[str]]:
        """All labels, and the names of the classes by number.

        Raises:
            FovealError: `table-labels`: lists in some files only.
        """
        labels = np.concatenate(self._labels)
        names, labels = (self._known, labels) if self._known else self._in_order(labels)
        if not self._sizes:
            return labels, names
        if len(self._sizes) != len(self._labels):
            raise _no_labels(file, "lists in some files only")
        sizes = np.concatenate(self._sizes)
        photo = np.repeat(np.arange(len(sizes)), sizes)
        once = np.unique(np.stack([photo, labels])[:, labels >= 0], axis=1)
        starts = np.zeros(len(sizes) + 1, np.int64)
        np.cumsum(np.bincount(once[0], minlength=len(sizes)), out=starts[1:])
        return LabelSets(starts, once[1].astype(np.int32)), names

    def _numbered(self, file: Path, values: Any) -> NDArray[np.int32]:
        from pyarrow import types

        if types.is_null(values.type):
            return np.full(len(values), UNLABELLED, np.int32)
        text = types.is_string(values.type) or types.is_large_string(values.type) or types.is_dictionary(values.type)
        if self._known and types.is_integer(values.type):
            numbers: NDArray[np.int64] = values.fill_null(UNLABELLED).to_numpy(zero_copy_only=False).astype(np.int64)
            if len(numbers) and not (numbers.min() >= UNLABELLED and numbers.max() < len(self._known)):
                expected = f"labels from 0 to {len(self._known) - 1} (-1 = none)"
                raise damaged(file, expected, f"{numbers.min()} to {numbers.max()}")
            return numbers.astype(np.int32)
        if not (text or types.is_integer(values.type) or types.is_boolean(values.type)):
            raise _no_labels(file, str(values.type))
        self._known = ()  # the page of the dataset may name classes that the column spells out itself
        coded = values if types.is_dictionary(values.type) else values.dictionary_encode()
        met = [self._number(value) for value in coded.dictionary.to_pylist()]
        rows: NDArray[np.int64] = coded.indices.fill_null(len(met)).to_numpy(zero_copy_only=False)
        return np.array([*met, UNLABELLED], np.int32)[rows]

    def _number(self, value: Any) -> int:
        if value is None or value in {"", UNLABELLED}:
            return UNLABELLED
        return self._numbers.setdefault(value, len(self._numbers))

    def _in_order(self, labels: NDArray[np.int32]) -> tuple[tuple[str, ...], NDArray[np.int32]]:
        """Numbers by value and names in natural order, and the labels as indices into them."""
        met = list(self._numbers)
        order = sorted(met, key=lambda value: natural_key(value) if isinstance(value, str) else ([int(value)], ""))
        moved = np.full(len(met) + 1, UNLABELLED, np.int32)
        moved[[self._numbers[value] for value in order]] = np.arange(len(order))
        return tuple(map(str, order)), moved[labels]


def _no_labels(file: Path, got: str) -> FovealError:
    return FovealError(
        "table-labels",
        f"{printable(str(file))}: expected labels as whole numbers, text or lists of them, got {got}",
        hint="name the column that holds them: --columns label=NAME",
    )
