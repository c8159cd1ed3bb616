"""What a photo's pixels look like in a few numbers: brightness, contrast, sharpness, colour, border."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError
from foveal.imaging.opencv import opencv
from foveal.imaging.resize import halved

MEASURES = np.dtype(
    [
        ("brightness", np.float32),  # mean luma, 0..1
        ("dark", np.float32),  # luma that 1 % of the pixels stay below
        ("light", np.float32),  # luma that 99 % of the pixels stay below
        ("contrast", np.float32),  # standard deviation of the luma
        ("sharpness", np.float32),  # of the sharpest edges in their least sharp direction; under 0.15 looks blurred
        ("entropy", np.float32),  # of the luma histogram, bits, 0..8
        ("colour", np.float32, (3,)),  # mean R, G, B, 0..1
        ("border", np.float32, (4, 4)),  # outer 2 pixels of the top, right, bottom, left: mean R, G, B and deviation
    ]
)
"""One row of measures."""


_LONG_SIDE = 256
_BORDER = 2
# the share of pixels taken for the sharpest edges
_EDGES = 0.005
_NOISE = 10.0
# more than a second difference of bytes can be
_STEEPEST = 511
# second differences along both axes and both diagonals
_DIRECTIONS = tuple(
    np.array(kernel, np.float32)
    for kernel in (
        [[0, 0, 0], [1, -2, 1], [0, 0, 0]],
        [[0, 1, 0], [0, -2, 0], [0, 1, 0]],
        [[1, 0, 0], [0, -2, 0], [0, 0, 1]],
        [[0, 0, 1], [0, -2, 0], [1, 0, 0]],
    )
)


def measure(image_rgb: NDArray[np.uint8], *, small: NDArray[np.uint8] | None = None) -> NDArray[np.void]:
    """Measure a decoded photo: about 0.2 ms for 400×533 pixels, the same on every thread.

    Args:
        image_rgb: uint8 [H, W, 3], any size; it is not changed.
        small: `halved(image_rgb)`, where that is there already.

    Returns:
        `MEASURES` [1].

    Raises:
        FovealError: `bad-image-array`: another shape or type, or no pixels.
    """
    if image_rgb.dtype != np.uint8 or image_rgb.ndim != 3 or image_rgb.shape[2] != 3 or image_rgb.size == 0:
        raise FovealError(
            "bad-image-array",
            f"expected uint8 [h, w, 3], got {image_rgb.dtype} {list(image_rgb.shape)}",
            hint="pass an RGB photo as foveal.imaging.decode returns it",
        )
    cv2 = opencv()
    small = halved(image_rgb) if small is None else small
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    mean, deviation = cv2.meanStdDev(grey)
    # every second row of a large picture says as much of the histogram
    rows = grey if len(grey) < _LONG_SIDE // 2 else grey[::2]
    counts = cv2.calcHist([rows], [0], None, [256], [0, 256]).ravel() / rows.size
    below = np.cumsum(counts)
    dark, light = np.searchsorted(below, (0.01, 0.99))
    out = np.zeros(1, MEASURES)
    out["brightness"], out["contrast"] = mean[0, 0] / 255, deviation[0, 0] / 255
    out["dark"], out["light"] = dark / 255, light / 255
    out["sharpness"] = _sharpness(grey, float(light - dark))
    present = counts[counts > 0]
    out["entropy"] = max(0.0, -float(np.sum(present * np.log2(present))))
    out["colour"] = np.array(cv2.mean(small)[:3]) / 255
    out["border"] = _border(image_rgb)
    return out


def _sharpness(grey: NDArray[np.uint8], spread: float) -> float:
    """How steeply the sharpest edges turn, as a share of the photo's range of luma, in their least sharp direction.

    Taken at one size for all photos, because blur that vanishes when a photo is shrunk for the network does not
    matter. Of four directions the least counts, because a photo that moved stays sharp along its movement. On 640
    photos and their blurred copies, this told blur of 1 % of the long side from none with an AUROC of 1.000, and
    motion of 4 % with 1.000, where the variance of the Laplacian (Pech-Pacheco et al., ICPR 2000) had 0.978.

    Args:
        grey: uint8 [h, w].
        spread: Luma between its 1st and 99th percentile.
    """
    cv2 = opencv()
    shrink = _LONG_SIDE / max(grey.shape)
    if shrink < 1:
        size = max(1, round(grey.shape[1] * shrink)), max(1, round(grey.shape[0] * shrink))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_CUBIC)
    edges = max(1, round(grey.size * _EDGES))
    least = _STEEPEST
    for kernel in _DIRECTIONS:
        turns = cv2.filter2D(grey, cv2.CV_16S, kernel)
        np.abs(turns, out=turns)
        # counting is much faster than sorting, and most directions have as many steep edges as the least so far
        if np.count_nonzero(turns >= least) < edges:
            least = int(np.partition(turns.ravel(), -edges)[-edges])
    # noise must not pass for edges where there is nothing else
    return least / (spread + _NOISE)


def _border(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """float64 [4, 4]: mean R, G, B and deviation, 0..1, of the outer pixels at the top, right, bottom and left."""
    cv2 = opencv()
    out = np.empty((4, 4))
    # in one piece: OpenCV is slow over many rows of two pixels
    left, right = np.ascontiguousarray(image[:, :_BORDER]), np.ascontiguousarray(image[:, -_BORDER:])
    for row, side in zip(out, (image[:_BORDER], right, image[-_BORDER:], left), strict=True):
        mean, deviation = cv2.meanStdDev(side)
        row[:3] = mean[:, 0]
        row[3] = math.sqrt(sum(each * each for each in deviation.ravel().tolist()) / 3)
    return out / 255
