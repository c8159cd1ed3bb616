"""What a photo's file and edges give away without a look at what it shows, as columns of small whole numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
NOT_SAID = -1

# Values in at most so many different kinds are taken as they are; more are cut into bins of equally many photos.
_MOST_KINDS = 64
_MOST_BINS = 32
_MOST_NAMES = 200
_PHOTOS_A_BIN = 25
_SIDES = ("top", "right", "bottom", "left")


@dataclass(frozen=True)
class Cue:
    """Something about a photo that should not tell its class.

    Args:
        name: Kebab-case.
        words: What people call it.
        excusable: Whether it may belong to what the class looks like, as dresses are tall.
        codes: int64 [k, columns], from 0 up; `NOT_SAID` where it tells nothing.
        describe: A few words on photo i.
    """

    name: str
    words: str
    excusable: bool
    codes: Codes
    describe: Callable[[int], str]


def cues(pixels: NDArray[np.void]) -> Iterator[Cue]:
    """Each cue in which the photos differ.

    Args:
        pixels: `foveal.features.pixel_view.PIXELS` [k].
    """
    for cue in _all(pixels["facts"], pixels["measures"]):
        if any(_differ(column) for column in cue.codes.T):
            yield cue


def _differ(column: NDArray[np.int64]) -> bool:
    said = column[column != NOT_SAID]
    return bool(len(said)) and bool(said.min() < said.max())


def _all(facts: NDArray[np.void], measures: NDArray[np.void]) -> Iterator[Cue]:
    width, height = facts["width"].astype(np.int64), facts["height"].astype(np.int64)
    form = np.char.add(np.char.add(facts["format"], b" "), facts["mode"])
    border = measures["border"].reshape(-1, 16)
    yield Cue("format", "file format", False, _columns(form), lambda i: form[i].decode("latin-1"))
    yield Cue("camera", "camera", False, _columns(facts["camera"]), lambda i: _text(facts["camera"][i]))
    yield Cue("time", "time it was taken", False, _columns(facts["taken"]), lambda i: _time(facts["taken"][i]))
    yield Cue(
        "image-size",
        "image size",
        False,
        _columns(np.maximum(width, height), np.minimum(width, height)),
        lambda i: f"{width[i]}×{height[i]}",
    )
    yield Cue("border", "border", False, _columns(*border.T), lambda i: _border(measures["border"][i]))
    yield Cue("jpeg-quality", "JPEG quality", False, _qualities(facts), lambda i: f"quality {facts['quality'][i]}")
    yield Cue(
        "file-size", "file size", True, _columns(facts["file_bytes"]), lambda i: f"{facts['file_bytes'][i]:,} bytes"
    )
    yield Cue(
        "aspect", "aspect ratio", True, _columns(np.log(width / height)), lambda i: f"{width[i] / height[i]:.2f} : 1"
    )
    yield Cue(
        "mean-colour",
        "mean colour",
        True,
        _columns(*measures["colour"].T, measures["brightness"]),
        lambda i: "RGB " + " ".join(f"{255 * value:.0f}" for value in measures["colour"][i]),
    )


def _qualities(facts: NDArray[np.void]) -> Codes:
    """Nothing is said of files that are no JPEG, because that they are none is told by their format."""
    codes = _columns(facts["quality"])
    codes[facts["quality"] == 0] = NOT_SAID
    return codes


def _columns(*columns: NDArray[np.generic]) -> Codes:
    return np.stack([_codes(column) for column in columns], 1)


def _codes(values: NDArray[np.generic]) -> Codes:
    """Kind or bin of each value. No label is looked at, so that all photos may be binned at once."""
    kinds, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    if len(kinds) > _MOST_NAMES and values.dtype.kind == "S":
        # the rare names share the last code
        place = np.argsort(np.argsort(-counts, kind="stable"), kind="stable")
        return np.minimum(place, _MOST_NAMES)[codes]
    if len(kinds) <= _MOST_KINDS or values.dtype.kind == "S":
        return np.asarray(codes, np.int64)
    bins = min(max(len(values) // _PHOTOS_A_BIN, 4), _MOST_BINS)
    edges = np.unique(np.quantile(values.astype(np.float64), np.arange(1, bins) / bins, method="lower"))
    return np.asarray(np.searchsorted(edges, values.astype(np.float64), side="right"), np.int64)


def _text(value: bytes) -> str:
    return value.decode("latin-1") or "no camera named"


def _time(seconds: np.int64) -> str:
    return str(np.datetime64(int(seconds), "s")).replace("T", " ") if seconds else "no time said"


def _border(border: NDArray[np.float32]) -> str:
    at = int(border[:, 3].argmin())
    colour = " ".join(f"{255 * value:.0f}" for value in border[at, :3])
    return f"{_SIDES[at]} edge RGB {colour}, deviation {255 * border[at, 3]:.0f}"
