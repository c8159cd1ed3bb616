"""Photos with texture everywhere, and what people do to photos."""

from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from foveal.imaging.sketch import sketch

Photo = NDArray[np.uint8]

WIDTH, HEIGHT = 300, 220


def photo(seed: int) -> Photo:
    """uint8 [220, 300, 3]: blobs of many sizes, light and dark, on a few colours."""
    rng = np.random.default_rng(seed)
    image = np.tile(rng.uniform(90, 160, 3), (HEIGHT, WIDTH, 1))
    for cells, strength, channels in ((4, 40, 1), (9, 30, 1), (25, 25, 1), (3, 25, 3)):
        noise = rng.normal(0, strength, (cells, cells, channels)).astype(np.float32)
        image += cv2.resize(noise, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC).reshape(HEIGHT, WIDTH, channels)
    return np.clip(image, 0, 255).astype(np.uint8)


def turned(image: Photo, degrees: float) -> Photo:
    """Turned about its centre, with black corners."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
    return cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_CUBIC)


def jpeg(image: Photo, quality: int) -> Photo:
    """As a JPEG of that quality shows it."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def with_caption(image: Photo) -> Photo:
    """With a white strip along the lower edge, and text in it."""
    marked = image.copy()
    marked[-20:] = 255
    return cv2.putText(marked, "from the shop", (5, HEIGHT - 5), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1)


CHANGES: dict[str, Callable[[Photo], Photo]] = {
    "half the size": lambda image: cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "JPEG quality 30": lambda image: jpeg(image, 30),
    "mirrored": lambda image: np.ascontiguousarray(image[:, ::-1]),
    "a tenth cut off": lambda image: image[: HEIGHT * 9 // 10, WIDTH // 10 :],
    "turned by 5 degrees": lambda image: turned(image, 5),
    "turned by 5 degrees and cut": lambda image: turned(image, -5)[15:-15, 20:-20],
    "turned by 25 degrees": lambda image: turned(image, 25),
    "on its side": lambda image: np.ascontiguousarray(np.rot90(image)),
    "upside down": lambda image: np.ascontiguousarray(image[::-1, ::-1]),
    "a caption": with_caption,
    "grey": lambda image: np.repeat(image.mean(2, keepdims=True).astype(np.uint8), 3, 2),
    "a little brighter": lambda image: np.clip(image * 1.1 + 10, 0, 255).astype(np.uint8),
    "half the size, JPEG quality 30, mirrored": lambda image: jpeg(CHANGES["half the size"](image)[:, ::-1], 30),
    "cut and mirrored": lambda image: np.ascontiguousarray(CHANGES["a tenth cut off"](image)[:, ::-1]),
}


def sketches_of(images: list[Photo]) -> NDArray[np.uint8]:
    """uint8 [m, SKETCH_BYTES]."""
    return np.stack([sketch(each) for each in images])
