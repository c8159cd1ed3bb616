"""From a photo of any size to the network's input: which part is cut, and how it is resized."""

from __future__ import annotations

import dataclasses
import math
import numbers
from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError
from foveal.imaging.resize import resize as _resize
from foveal.imaging.window import balance_wh, centred_window, crop_wh, fitted_wh

Mode = Literal["balance", "crop", "pad", "stretch"]
MODES: tuple[str, ...] = get_args(Mode)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Preprocess:
    """How photos become the network's input; it travels with the network and with every classifier.

    Modes: "crop" takes the centred window with the target's aspect; "pad" keeps the whole photo and its aspect, on a
    plain ground; "stretch" squeezes the whole photo; "balance" cuts half of the excess, in log aspect, and squeezes
    the rest.

    Args:
        size_wh: Width and height of the network's input.
        mode: What happens to a photo whose aspect is not the input's.
        crop_share: Share of the window's sides that "crop" keeps, above 0 and at most 1; other modes ignore it.
        mean: Per channel, RGB, on the 0..1 scale. The network file itself subtracts it.
        std: Per channel, RGB, on the 0..1 scale. The network file itself divides by it.
        pad_value: Grey level, 0 to 255, around the photo in "pad".

    Raises:
        FovealError: `bad-preprocess` when a value is not of the kind above.
    """

    size_wh: tuple[int, int]
    mode: Mode = "balance"
    crop_share: float = 1.0
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    pad_value: int = 128

    def __post_init__(self) -> None:
        _check(
            _is_tuple(self.size_wh, 2, numbers.Integral) and all(1 <= side <= 8192 for side in self.size_wh),
            f"size_wh as two whole numbers from 1 to 8192, got {self.size_wh!r}",
        )
        _check(self.mode in MODES, f"mode as one of {', '.join(MODES)}, got {self.mode!r}")
        _check(
            _is_number(self.crop_share, numbers.Real) and 0 < self.crop_share <= 1,
            f"crop_share above 0 and at most 1, got {self.crop_share!r}",
        )
        _check(
            _is_tuple(self.mean, 3, numbers.Real) and all(math.isfinite(value) for value in self.mean),
            f"mean as three numbers, got {self.mean!r}",
        )
        _check(
            _is_tuple(self.std, 3, numbers.Real) and all(0 < value < math.inf for value in self.std),
            f"std as three numbers above 0, got {self.std!r}",
        )
        _check(
            _is_number(self.pad_value, numbers.Integral) and 0 <= self.pad_value <= 255,
            f"pad_value as a whole number from 0 to 255, got {self.pad_value!r}",
        )

    def __str__(self) -> str:
        width, height = self.size_wh
        share = f" of {self.crop_share:g}" if self.mode == "crop" else ""
        ground = f" on {self.pad_value}" if self.mode == "pad" else ""
        return f"{self.mode}{share} to {width}×{height}{ground}, mean {_short(self.mean)}, std {_short(self.std)}"

    def to_dict(self) -> dict[str, object]:
        """The fields as values that JSON can hold; `from_dict` is the way back."""
        return {
            "size_wh": [int(side) for side in self.size_wh],
            "mode": self.mode,
            "crop_share": float(self.crop_share),
            "mean": [float(value) for value in self.mean],
            "std": [float(value) for value in self.std],
            "pad_value": int(self.pad_value),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> Preprocess:
        """The object that `to_dict` described.

        Raises:
            FovealError: `bad-preprocess` when a key is unknown, missing, or its value is refused.
        """
        expected = [field.name for field in dataclasses.fields(cls)]
        for problem, keys in (
            ("unknown", [key for key in values if key not in expected]),
            ("missing", [key for key in expected if key not in values]),
        ):
            _check(not keys, f"the keys {', '.join(expected)}; {problem}: {', '.join(map(str, keys))}")
        fields: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
        }
        return cls(**fields)

    def apply(self, image_rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The network's input for one photo.

        Args:
            image_rgb: uint8 [h, w, 3], RGB, any size; it is not changed.

        Returns:
            uint8 [H, W, 3], RGB, C-contiguous, in memory of its own.

        Raises:
            FovealError: `bad-image-array` when the array has another shape or type.
        """
        if image_rgb.dtype != np.uint8 or image_rgb.ndim != 3 or image_rgb.shape[2] != 3 or image_rgb.size == 0:
            raise FovealError(
                "bad-image-array",
                f"expected uint8 [h, w, 3], got {image_rgb.dtype} {list(image_rgb.shape)}",
                hint="pass an RGB photo as foveal.imaging.decode returns it",
            )
        image_wh = (image_rgb.shape[1], image_rgb.shape[0])
        if self.mode == "crop":
            return _resize(centred_window(image_rgb, crop_wh(image_wh, self.size_wh, self.crop_share)), self.size_wh)
        if self.mode == "balance":
            return _resize(centred_window(image_rgb, balance_wh(image_wh, self.size_wh)), self.size_wh)
        if self.mode == "stretch":
            return _resize(image_rgb, self.size_wh)
        return self._pad(image_rgb, image_wh)

    def _pad(self, image_rgb: NDArray[np.uint8], image_wh: tuple[int, int]) -> NDArray[np.uint8]:
        width, height = self.size_wh
        inner_wh = fitted_wh(image_wh, self.size_wh)
        left, top = (width - inner_wh[0]) // 2, (height - inner_wh[1]) // 2
        padded = np.full((height, width, 3), self.pad_value, np.uint8)
        padded[top : top + inner_wh[1], left : left + inner_wh[0]] = _resize(image_rgb, inner_wh)
        return padded


def _check(holds: bool, expectation: str) -> None:
    if not holds:
        raise FovealError(
            "bad-preprocess", f"expected {expectation}", hint="see foveal.imaging.preprocess.Preprocess for the fields"
        )


def _is_number(value: object, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _is_tuple(value: object, length: int, kind: type) -> bool:
    return isinstance(value, tuple) and len(value) == length and all(_is_number(item, kind) for item in value)


def _short(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:g}" for value in (values[:1] if len(set(values)) == 1 else values))
