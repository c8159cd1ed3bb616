"""Photos for tests, drawn so that a network sees classes in them: a shape on a gradient, with noise."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Mask = NDArray[np.bool_]
Draw = Callable[[NDArray[np.float64], NDArray[np.float64], np.random.Generator], Mask]


def write_photos(root: Path, *, per_class: int, seed: int) -> None:
    """Write `root/<class>/<number>.jpg`; the same arguments write the same photos."""
    rng = np.random.default_rng(seed)
    for name, draw in SHAPES.items():
        folder = root / name
        folder.mkdir(parents=True)
        for number in range(per_class):
            Image.fromarray(_photo(draw, rng)).save(folder / f"{number:02d}.jpg", quality=90)


def jpeg(seed: int, *, quality: int = 90) -> bytes:
    """One drawn photo as the bytes of a JPEG file."""
    draw = list(SHAPES.values())[seed % len(SHAPES)]
    buffer = io.BytesIO()
    Image.fromarray(_photo(draw, np.random.default_rng(seed))).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def write_labelled_photos(root: Path, *, photos: int, seed: int) -> list[list[str]]:
    """Write photos of none, one or two things beside each other, and `root/labels.csv` with the columns path, labels.

    Returns:
        The labels of each photo, in the order of the table.
    """
    rng = np.random.default_rng(seed)
    (root / "photos").mkdir(parents=True)
    rows, labels = ["path,labels"], []
    for number in range(photos):
        shown = sorted(rng.choice([*SHAPES], size=rng.choice(3, p=[0.1, 0.4, 0.5]), replace=False).tolist())
        halves = [_photo(draw, rng, size=(200, 200)) for draw in ([SHAPES[name] for name in shown] or [_nothing])]
        Image.fromarray(np.concatenate(halves, axis=1)).save(root / "photos" / f"{number:02d}.jpg", quality=90)
        rows.append(f"photos/{number:02d}.jpg,{'|'.join(shown)}")
        labels.append(shown)
    (root / "labels.csv").write_text("\n".join(rows) + "\n")
    return labels


def _photo(draw: Draw, rng: np.random.Generator, *, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """uint8 [H, W, 3], of that height and width, or between 160 and 320 pixels a side."""
    height, width = size or rng.integers(160, 320, 2)
    y, x = np.mgrid[0:height, 0:width] / min(height, width)
    ground, ink = rng.uniform(0.1, 0.9, 3), rng.uniform(0.0, 1.0, 3)
    ink += np.where(np.abs(ink - ground).max() < 0.4, 0.5, 0.0)
    slope = (x * rng.uniform(-0.3, 0.3) + y * rng.uniform(-0.3, 0.3))[..., None]
    image = np.where(draw(y, x, rng)[..., None], ink, ground) + slope + rng.normal(0, 0.04, (height, width, 3))
    return np.clip(image * 255, 0, 255).astype(np.uint8)


def _nothing(y: NDArray[np.float64], x: NDArray[np.float64], rng: np.random.Generator) -> Mask:
    return np.zeros(y.shape, np.bool_)


def _circle(y: NDArray[np.float64], x: NDArray[np.float64], rng: np.random.Generator) -> Mask:
    centre_y, centre_x = _centre(y, x, rng)
    mask: Mask = np.hypot(y - centre_y, x - centre_x) < rng.uniform(0.2, 0.35)
    return mask


def _square(y: NDArray[np.float64], x: NDArray[np.float64], rng: np.random.Generator) -> Mask:
    centre_y, centre_x = _centre(y, x, rng)
    mask: Mask = np.maximum(abs(y - centre_y), abs(x - centre_x)) < rng.uniform(0.2, 0.32)
    return mask


def _stripes(y: NDArray[np.float64], x: NDArray[np.float64], rng: np.random.Generator) -> Mask:
    angle = rng.uniform(0, np.pi)
    mask: Mask = np.sin((y * np.sin(angle) + x * np.cos(angle)) * rng.uniform(25, 45)) > 0
    return mask


def _centre(y: NDArray[np.float64], x: NDArray[np.float64], rng: np.random.Generator) -> tuple[float, float]:
    return float(y.max() * rng.uniform(0.4, 0.6)), float(x.max() * rng.uniform(0.4, 0.6))


SHAPES: dict[str, Draw] = {"circle": _circle, "square": _square, "stripes": _stripes}
