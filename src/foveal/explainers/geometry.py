"""Where things lie: from a network's input to the photo, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.imaging.opencv import opencv
from foveal.imaging.preprocess import Preprocess
from foveal.imaging.window import balance_wh, crop_wh, fitted_wh

CANVAS_SIDE = 160
"""Long side of the grid that maps are drawn on: finer than what any map resolves, coarse enough to be cheap."""


@dataclass(frozen=True)
class Frame:
    """The part of a photo that a network's input shows, in shares of the photo's width and height.

    Where the input is padded, the frame reaches beyond the photo: below 0 or above 1.

    Args:
        left: Share of the width at the left edge of the input.
        top: Share of the height at its top edge.
        right: Share of the width at its right edge.
        bottom: Share of the height at its bottom edge.
        mirrored: Whether the input shows the photo flipped left to right.
    """

    left: float
    top: float
    right: float
    bottom: float
    mirrored: bool = False

    @classmethod
    def of(cls, preprocess: Preprocess, image_wh: tuple[int, int], *, mirrored: bool = False) -> Frame:
        """What `Preprocess.apply` shows of a photo of that width and height."""
        width, height = image_wh
        if preprocess.mode == "stretch":
            return cls(0.0, 0.0, 1.0, 1.0, mirrored)
        if preprocess.mode == "pad":
            inner_wh = fitted_wh(image_wh, preprocess.size_wh)
            spans = [_padded(size, inner) for size, inner in zip(preprocess.size_wh, inner_wh, strict=True)]
        else:
            wanted = (
                crop_wh(image_wh, preprocess.size_wh, preprocess.crop_share)
                if preprocess.mode == "crop"
                else balance_wh(image_wh, preprocess.size_wh)
            )
            spans = [_cut(size, part) for size, part in zip((width, height), wanted, strict=True)]
        (left, right), (top, bottom) = spans
        return cls(left, top, right, bottom, mirrored)

    def onto_canvas(self, values: NDArray[np.float32], canvas_hw: tuple[int, int]) -> NDArray[np.float32]:
        """A map over the input as a map over the photo.

        Args:
            values: float32 [h, w] over the whole input, of any resolution.
            canvas_hw: Height and width of the map to return.

        Returns:
            float32 [H, W], interpolated; 0 where the input does not show the photo.
        """
        cv2 = opencv()
        (height, width), (rows, columns) = values.shape, canvas_hw
        gain_x, shift_x = self._to_input(0)
        gain_y, shift_y = self._to_input(1)
        # Pixel centres stand at half numbers: pixel i of n is at the share (i + 0.5) / n.
        matrix = np.array(
            [
                [gain_x * width / columns, 0, (gain_x * 0.5 / columns + shift_x) * width - 0.5],
                [0, gain_y * height / rows, (gain_y * 0.5 / rows + shift_y) * height - 0.5],
            ]
        )
        # Seven cells a side, enlarged linearly, show crosses at every cell's centre.
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        moved = cv2.warpAffine(
            np.ascontiguousarray(values), matrix, (columns, rows), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        shown: NDArray[np.float32] = np.where(self.seen(canvas_hw), moved, np.float32(0))
        return shown

    def onto_input(self, values: NDArray[np.float32], size_wh: tuple[int, int]) -> NDArray[np.float32]:
        """A map over the photo as a map over the input; 1 where the input shows padding.

        Args:
            values: float32 [H, W] over the whole photo.
            size_wh: Width and height of the input.

        Returns:
            float32 [h, w], interpolated.
        """
        cv2 = opencv()
        rows, columns = values.shape
        width, height = size_wh
        across, down = self.right - self.left, self.bottom - self.top
        start, step = (self.right, -across) if self.mirrored else (self.left, across)
        matrix = np.array(
            [
                [step * columns / width, 0, (start + step * 0.5 / width) * columns - 0.5],
                [0, down * rows / height, (self.top + down * 0.5 / height) * rows - 0.5],
            ]
        )
        moved: NDArray[np.float32] = cv2.warpAffine(
            np.ascontiguousarray(values),
            matrix,
            (width, height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        if self.left >= 0 and self.top >= 0:
            return moved
        x = self.left + across * (np.arange(width) + 0.5) / width
        y = self.top + down * (np.arange(height) + 0.5) / height
        outside = ((y < 0) | (y > 1))[:, None] | ((x < 0) | (x > 1))[None, :]
        filled: NDArray[np.float32] = np.where(outside, np.float32(1), moved)
        return filled

    def seen(self, canvas_hw: tuple[int, int]) -> NDArray[np.bool_]:
        """bool [H, W]: which cells of a grid over the photo the input shows."""
        rows, columns = canvas_hw
        x = (np.arange(columns) + 0.5) / columns
        y = (np.arange(rows) + 0.5) / rows
        inside: NDArray[np.bool_] = ((y >= self.top) & (y <= self.bottom))[:, None] & (
            (x >= self.left) & (x <= self.right)
        )[None, :]
        return inside

    def _to_input(self, axis: int) -> tuple[float, float]:
        """(gain, shift) from a share of the photo to a share of the input."""
        low, high = ((self.left, self.right), (self.top, self.bottom))[axis]
        gain = 1 / (high - low)
        return (-gain, high * gain) if self.mirrored and axis == 0 else (gain, -low * gain)


def canvas_hw(image_wh: tuple[int, int]) -> tuple[int, int]:
    """Height and width of the grid over a photo: its shape, at most `CANVAS_SIDE` on the long side."""
    width, height = image_wh
    scale = min(1.0, CANVAS_SIDE / max(width, height))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _cut(size: int, wanted: float) -> tuple[float, float]:
    """Shares at which the window of `foveal.imaging.window.centred_window` begins and ends."""
    window = min(max(round(wanted), 1), size)
    start = (size - window) // 2
    return start / size, (start + window) / size


def _padded(size: int, inner: int) -> tuple[float, float]:
    start = -((size - inner) // 2) / inner
    return start, start + size / inner
