"""The photos learnt from that stand nearest to a photo: what a class was recognised by.

A model keeps some of them, small, where its maker allowed it, and a place for each in a space in which near means
alike to the classes; `foveal.assurance.evidence` learns both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError

# In one array of bytes, since an array of texts takes four bytes a letter of the longest.
_BETWEEN_NAMES = b"\0"


@dataclass(frozen=True, eq=False)
class EvidenceIndex:
    """m photos that were learnt from, of n.

    Args:
        centre: float32 [D], mean of the compressed features of the photos learnt from.
        axes: float16 [D, k], from compressed and centred features to the space that is searched.
        vectors: float16 [m, k], the kept photos in it, of length 1.
        labels: int32 [m], their classes.
        names: What they are called, m of them.
        pictures: uint8 [bytes], their thumbnails, JPEG files one after the other.
        ends: int64 [m], where each thumbnail ends.
        usual: float32 [q], ascending: how far photos learnt from are from the nearest kept one of their class.
        learnt_from: n.

    Raises:
        FovealError: `bad-value`: the fields do not fit together.
    """

    centre: NDArray[np.float32]
    axes: NDArray[np.float16]
    vectors: NDArray[np.float16]
    labels: NDArray[np.int32]
    names: tuple[str, ...]
    pictures: NDArray[np.uint8]
    ends: NDArray[np.int64]
    usual: NDArray[np.float32]
    learnt_from: int

    def __post_init__(self) -> None:
        m, k = len(self.names), self.axes.shape[-1]
        expected = {
            "centre": ((len(self.centre),), np.float32),
            "axes": ((len(self.centre), k), np.float16),
            "vectors": ((m, k), np.float16),
            "labels": ((m,), np.int32),
            "pictures": ((self.pictures.size,), np.uint8),
            "ends": ((m,), np.int64),
            "usual": ((self.usual.size,), np.float32),
        }
        for name, (shape, dtype) in expected.items():
            array = getattr(self, name)
            if array.shape != shape or array.dtype != dtype or not np.isfinite(array).all():
                raise _damaged(f"finite {name} {np.dtype(dtype)} {list(shape)}", f"{array.dtype} {list(array.shape)}")
        ends = np.concatenate([[0], self.ends])
        if not m or (np.diff(ends) < 0).any() or ends[-1] != self.pictures.size or self.learnt_from < m:
            raise _damaged("one or more photos, each with its thumbnail", f"{m} of {self.learnt_from}")
        if not self.usual.size or (np.diff(self.usual) < 0).any() or (m and self.labels.min() < 0):
            raise _damaged("ascending distances and labels from 0", "others")

    def __len__(self) -> int:
        return len(self.names)

    def place(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """Where photos stand in the searched space, float32 [n, k] of length 1, from their features [n, D].

        A row is the same to the last bit whatever rows stand beside it.
        """
        return unit(projected(features, self.centre, self.axes))

    def nearest(
        self, features: NDArray[np.floating], label: int, k: int
    ) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """The kept photos of a class that are nearest to each of n photos.

        Args:
            features: [n, D], what the head gets.
            label: Which class.
            k: How many; fewer where fewer of the class were kept.

        Returns:
            int [n, k], indices of kept photos, nearest first; and float32 [n, k], their distances: one minus the
            cosine of the angle between the two, from 0 to 2.
        """
        among = np.flatnonzero(self.labels == label)
        likeness = np.einsum("nk,mk->nm", self.place(features), self.vectors[among].astype(np.float32), optimize=False)
        distances = np.maximum(1 - likeness, 0).astype(np.float32)
        order = np.argsort(distances, axis=1, kind="stable")[:, :k]
        return among[order], np.take_along_axis(distances, order, axis=1)

    def closeness(self, distances: NDArray[np.float32]) -> NDArray[np.float32]:
        """How near a distance is, as people can judge it.

        Args:
            distances: float32, any shape, from `nearest`.

        Returns:
            float32 of that shape in 0..1: the share of the photos learnt from that are farther from the nearest kept
            photo of their own class. 0.5 is as near as is usual within a class, 0 is farther than all.
        """
        nearer = np.searchsorted(self.usual, distances, side="left")
        return (1 - nearer / len(self.usual)).astype(np.float32)

    def picture(self, index: int) -> bytes:
        """The thumbnail of a kept photo, a JPEG file; empty where there is none."""
        start = int(self.ends[index - 1]) if index else 0
        return self.pictures[start : int(self.ends[index])].tobytes()

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything it is, by name; `from_arrays` takes it back."""
        names = _BETWEEN_NAMES.join(name.encode("utf-8", "surrogatepass") for name in self.names)
        return {
            "centre": self.centre,
            "axes": self.axes,
            "vectors": self.vectors,
            "labels": self.labels,
            "names": np.frombuffer(names, np.uint8),
            "pictures": self.pictures,
            "ends": self.ends,
            "usual": self.usual,
            "learnt_from": np.array(self.learnt_from, np.int64),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Self:
        """Rebuild it; a missing array is a KeyError.

        Raises:
            FovealError: `bad-value`: arrays that do not fit together.
        """
        try:
            names = np.asarray(arrays["names"], np.uint8).tobytes().decode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            raise _damaged("names in UTF-8", str(error)) from error
        return cls(
            centre=np.asarray(arrays["centre"], np.float32),
            axes=np.asarray(arrays["axes"], np.float16),
            vectors=np.asarray(arrays["vectors"], np.float16),
            labels=np.asarray(arrays["labels"], np.int32),
            names=tuple(names.split(_BETWEEN_NAMES.decode())),
            pictures=np.asarray(arrays["pictures"], np.uint8),
            ends=np.asarray(arrays["ends"], np.int64),
            usual=np.asarray(arrays["usual"], np.float32),
            learnt_from=int(arrays["learnt_from"]),
        )


def compressed(features: NDArray[np.floating]) -> NDArray[np.float32]:
    """Signed square root of features [n, D], as float32: what the heads compress by, too (`foveal.heads.linear`)."""
    values = features.astype(np.float32)
    roots: NDArray[np.float32] = np.copysign(np.sqrt(np.abs(values)), values)
    return roots


def projected(
    features: NDArray[np.floating], centre: NDArray[np.float32], axes: NDArray[np.float16]
) -> NDArray[np.float32]:
    """Compressed features [n, D] less `centre` [D], along `axes` [D, k]; float32 [n, k], each row for itself."""
    # BLAS rounds a row differently depending on the number of rows; einsum's own loops do not.
    found: NDArray[np.float32] = np.einsum(
        "nd,dk->nk", compressed(features) - centre, axes.astype(np.float32), optimize=False
    )
    return found


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors [n, k] at length 1; one of length 0 stays."""
    lengths = np.sqrt(np.einsum("nk,nk->n", vectors, vectors, optimize=False))
    scaled: NDArray[np.float32] = (vectors / np.maximum(lengths, 1e-12)[:, None]).astype(np.float32)
    return scaled


def _damaged(expected: str, got: str) -> FovealError:
    return FovealError(
        "bad-value", f"evidence: expected {expected}, got {got}", hint="the model file is damaged; fit it again"
    )
