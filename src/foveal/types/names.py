"""Many names in one piece of memory."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from foveal.types.checked import bad_value, read_only

# A file name that is no valid UTF-8 reaches Python with lone surrogates in it (PEP 383), and must open its file again.
_ERRORS = "surrogatepass"
_BLOCK_NAMES = 1 << 16


class Names(Sequence[str]):
    """A sequence of n names that takes their UTF-8 bytes and 8 bytes more for each.

    As Python strings in a tuple, names of 30 characters take 87 bytes each, 113 MB for 1.3 million; here 38 and 49 MB.
    A name is made when it is asked for.

    Args:
        names: The names; read once, so a generator will do.
    """

    __slots__ = ("_bytes", "_ends")

    def __init__(self, names: Iterable[str] = ()) -> None:
        content, ends = bytearray(), array("q", [0])
        for name in names:
            content += name.encode("utf-8", _ERRORS)
            ends.append(len(content))
        self._bytes = read_only(np.frombuffer(bytes(content), np.uint8))
        self._ends = read_only(np.frombuffer(ends, np.int64))

    @classmethod
    def from_arrays(cls, content: NDArray[np.uint8], ends: NDArray[np.int64]) -> Names:
        """The names that `arrays` took apart.

        Raises:
            FovealError: `bad-value`: the arrays do not fit together.
        """
        if not len(ends) or ends[0] != 0 or ends[-1] != len(content) or (np.diff(ends) < 0).any():
            raise bad_value("Names", f"ends that rise from 0 to {len(content)}", ends[:5].tolist())
        made = cls()
        made._bytes, made._ends = read_only(content), read_only(ends)
        return made

    def arrays(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Their UTF-8 bytes uint8 [k], one after the other, and where each begins and the last ends int64 [n + 1]."""
        return self._bytes, self._ends

    def take(self, rows: NDArray[np.integer[Any]]) -> Names:
        """Some of the names.

        Args:
            rows: int [m], in the order wanted.
        """
        starts, lengths = self._ends[:-1][rows], np.diff(self._ends)[rows]
        ends = np.zeros(len(rows) + 1, np.int64)
        np.cumsum(lengths, out=ends[1:])
        content = np.empty(int(ends[-1]), np.uint8)
        for first in range(0, len(rows), _BLOCK_NAMES):
            block = slice(first, first + _BLOCK_NAMES)
            begin, end = int(ends[first]), int(ends[min(first + _BLOCK_NAMES, len(rows))])
            moved = np.repeat(starts[block] - ends[:-1][block], lengths[block])
            content[begin:end] = self._bytes[np.arange(begin, end) + moved]
        taken = Names()
        taken._bytes, taken._ends = read_only(content), read_only(ends)
        return taken

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __iter__(self) -> Iterator[str]:
        content, ends = self._bytes.tobytes(), self._ends.tolist()
        for start, end in itertools.pairwise(ends):
            yield content[start:end].decode("utf-8", _ERRORS)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Names: ...
    def __getitem__(self, index: int | slice) -> str | Names:
        if isinstance(index, slice):
            return self.take(np.arange(*index.indices(len(self))))
        at = range(len(self))[index]
        return self._bytes[self._ends[at] : self._ends[at + 1]].tobytes().decode("utf-8", _ERRORS)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Names):
            return np.array_equal(self._ends, other._ends) and np.array_equal(self._bytes, other._bytes)
        if isinstance(other, tuple | list):
            return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        first = ", ".join(repr(name) for name in self[:3])
        return f"Names({first}{', …' if len(self) > 3 else ''}; {len(self)})"
