"""Read arrays and texts of an HDF5 file, and nothing outside it.

HDF5 can point into other files (external links, external and virtual datasets) and claim arrays of any size in a few
bytes. Neither is followed: groups are walked by hard links alone, and all arrays together may be eight times as large
as the file. h5py reads plain numbers and texts; no pickle is in the format.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError

# As in `foveal.backbones.torch_file`: what is claimed may be this many times the file.
_MOST_SWELLING = 8
_MOST_TEXT = 64_000_000
_DEEPEST = 64


class H5File:
    """An HDF5 file in memory.

    Args:
        data: Its bytes.

    Raises:
        FovealError: `needs-extra`: h5py is not installed.
        OSError: No HDF5 file.
    """

    def __init__(self, data: bytes) -> None:
        try:
            import h5py
        except ImportError as error:
            raise FovealError(
                "needs-extra", "Keras weights: expected h5py, got none installed", hint='pip install "foveal[keras]"'
            ) from error
        self._h5py = h5py
        self._file = h5py.File(io.BytesIO(data), "r")
        self._left = _MOST_SWELLING * len(data)

    def has(self, path: str) -> bool:
        """Whether a group or an array lies at a path, reached by hard links."""
        return self._at(path) is not None

    def names(self, path: str = "/") -> list[str]:
        """What lies in a group, in its own order; [] for none."""
        group = self._at(path)
        return [] if not isinstance(group, self._h5py.Group) else [name for name in group if self._own(group, name)]

    def text(self, path: str, name: str) -> str | None:
        """A text attribute; None where there is none.

        Raises:
            ValueError: It is no text, or too long for one.
        """
        place = self._at(path)
        if place is None or name not in place.attrs:
            return None
        value = place.attrs[name]
        if isinstance(value, np.ndarray) and value.shape == ():
            value = value.item()
        text = value.decode("utf-8") if isinstance(value, bytes) else value
        if not isinstance(text, str) or len(text) > _MOST_TEXT:
            raise ValueError(f"an attribute {name} that is no text")
        return text

    def texts(self, path: str, name: str) -> list[str]:
        """A list of texts in an attribute, which Keras cuts into "name0", "name1", … where it is long; [] for none."""
        place = self._at(path)
        if place is None:
            return []
        keys = [name] if name in place.attrs else []
        while not keys or keys[0] != name:
            if f"{name}{len(keys)}" not in place.attrs:
                break
            keys.append(f"{name}{len(keys)}")
        found = [each for key in keys for each in np.asarray(place.attrs[key]).ravel().tolist()]
        return [each.decode("utf-8") if isinstance(each, bytes) else str(each) for each in found]

    def array(self, path: str) -> NDArray[np.float32]:
        """An array of numbers as float32.

        Raises:
            KeyError: There is none at this path.
            ValueError: It lies in another file, holds no numbers, or is larger than the file can hold.
        """
        found = self._at(path)
        if not isinstance(found, self._h5py.Dataset):
            raise KeyError(f"no array {path}")
        if found.external is not None or found.is_virtual:
            raise ValueError(f"the array {path} lies in another file")
        if found.dtype.kind not in "fiu":
            raise ValueError(f"the array {path} holds {found.dtype}, no numbers")
        self._left -= found.nbytes
        if self._left < 0:
            raise ValueError("arrays much larger than the file")
        return np.asarray(found[()]).astype(np.float32)

    def arrays(self, path: str = "/", depth: int = 0) -> Iterator[str]:
        """Paths of all arrays in and below a group, by hard links, in the file's order."""
        for name in self.names(path):
            inner = f"{path.rstrip('/')}/{name}"
            if isinstance(self._at(inner), self._h5py.Dataset):
                yield inner
            elif depth < _DEEPEST:
                yield from self.arrays(inner, depth + 1)

    def _at(self, path: str) -> Any:
        place: Any = self._file
        for name in path.split("/"):
            if not name:
                continue
            if not isinstance(place, self._h5py.Group) or not self._own(place, name):
                return None
            place = place[name]
        return place

    def _own(self, group: Any, name: str) -> bool:
        return isinstance(group.get(name, getlink=True), self._h5py.HardLink)
