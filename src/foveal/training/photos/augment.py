"""How a photo is varied each time the network sees it, on uint8 pixels, outside the interpreter lock."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError, unknown_name
from foveal.imaging.opencv import opencv
from foveal.imaging.preprocess import Preprocess
from foveal.imaging.resize import resize
from foveal.training.photos.policies import POLICIES, STRENGTHS

_ASPECT = math.log(4 / 3)
_CROP_TRIES = 10
_ERASED_SHARE = (0.02, 1 / 3)
_ERASED_ASPECT = math.log(10 / 3)
_ERASE_TRIES = 10
GREY = 128
"""Level of what is cut out."""


@dataclass(frozen=True, kw_only=True)
class Augment:
    """Random changes to a photo that leave its class alone.

    The steps, in order: crop (or the whole photo) to the input's size, pad and crop, flip, policy, erasing, cutout.

    Args:
        crop: Share of the photo's area that is kept, least and most, with an aspect from 3/4 to 4/3, resized to the
            input (Szegedy et al., "Going deeper with convolutions", CVPR 2015, arXiv:1409.4842). None takes the whole
            photo as mode "balance" of `foveal.imaging.preprocess.Preprocess` does, so that it is framed as where it is
            evaluated.
        flip: Mirror every other photo, left to right.
        alternate: Mirror each photo in every second epoch, beginning by chance, in place of by chance alone (Jordan,
            "94 % on CIFAR-10 in 3.29 seconds on a single GPU", 2024, arXiv:2404.00498).
        policy: A name in `POLICIES`: "none", "trivial" or "rand".
        magnitude: Strength of "rand", 0 to 30.
        erasing: Probability that a rectangle becomes noise (Zhong et al., "Random erasing data augmentation", AAAI
            2020, arXiv:1708.04896).
        pad_crop: Pixels that are mirrored onto every edge before a random window of the input's size is cut; for
            small pictures.
        cutout: Side in pixels of a square that becomes grey; 0 leaves it out (DeVries & Taylor, "Improved
            regularization of convolutional neural networks with cutout", 2017, arXiv:1708.04552).

    Raises:
        FovealError: `bad-option`: a number out of range; `unknown-name`: an unknown policy.
    """

    crop: tuple[float, float] | None = (0.35, 1.0)
    flip: bool = True
    alternate: bool = False
    policy: str = "none"
    magnitude: int = 9
    erasing: float = 0.0
    pad_crop: int = 0
    cutout: int = 0

    def __post_init__(self) -> None:
        if self.crop is not None and not (len(self.crop) == 2 and 0 < self.crop[0] <= self.crop[1] <= 1):
            raise _bad("crop", "two shares of the area, the smaller first, above 0 and at most 1", self.crop)
        if self.policy not in POLICIES:
            raise unknown_name("augmentation policy", self.policy, POLICIES)
        if not 0 <= self.magnitude < STRENGTHS:
            raise _bad("magnitude", f"a whole number from 0 to {STRENGTHS - 1}", self.magnitude)
        if not 0 <= self.erasing <= 1:
            raise _bad("erasing", "a probability from 0 to 1", self.erasing)
        if self.pad_crop < 0:
            raise _bad("pad_crop", "a number of pixels from 0", self.pad_crop)
        if self.cutout < 0:
            raise _bad("cutout", "a number of pixels from 0", self.cutout)

    def apply(
        self,
        image_rgb: NDArray[np.uint8],
        size_wh: tuple[int, int],
        rng: np.random.Generator,
        *,
        mirrored: bool | None = None,
    ) -> NDArray[np.uint8]:
        """One photo, varied.

        Args:
            image_rgb: uint8 [h, w, 3], RGB, any size; it is not changed.
            size_wh: Width and height to return.
            rng: Decides everything that is left to chance.
            mirrored: Whether it is mirrored, where that is decided elsewhere; None leaves it to `flip` and chance.

        Returns:
            uint8 [H, W, 3], RGB, C-contiguous, in memory of its own.
        """
        chance = rng.random(8).tolist()
        if self.crop is None:
            image = image_rgb if image_rgb.shape[1::-1] == size_wh else whole_photo(size_wh).apply(image_rgb)
        else:
            image = resize(_random_window(image_rgb, size_wh, self.crop, rng), size_wh)
        if self.pad_crop:
            image = _pad_crop(image, self.pad_crop, chance[0], chance[1])
        if mirrored if mirrored is not None else self.flip and chance[2] < 0.5:
            image = opencv().flip(image, 1)
        image = POLICIES[self.policy](image, self.magnitude, rng)
        if chance[3] < self.erasing:
            image = _erase(image, rng)
        if self.cutout:
            image = _cut_out(image, self.cutout, chance[4], chance[5])
        return image.copy() if image is image_rgb else np.ascontiguousarray(image)


def whole_photo(size_wh: tuple[int, int]) -> Preprocess:
    """How a photo is framed that is not cropped by chance."""
    return Preprocess(size_wh=size_wh, mode="balance", mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))


def _random_window(
    image: NDArray[np.uint8], size_wh: tuple[int, int], share: tuple[float, float], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """A window of a random area and aspect, as a view; the centred one of nearly that aspect where none fits."""
    height, width = image.shape[:2]
    area = height * width
    target = math.log(size_wh[0] / size_wh[1])
    draws = rng.random((_CROP_TRIES, 4))
    for part, slant, x, y in draws.tolist():
        wanted = area * (share[0] + part * (share[1] - share[0]))
        aspect = math.exp(target + (2 * slant - 1) * _ASPECT)
        window_w, window_h = round(math.sqrt(wanted * aspect)), round(math.sqrt(wanted / aspect))
        if 0 < window_w <= width and 0 < window_h <= height:
            left, top = int(x * (width - window_w + 1)), int(y * (height - window_h + 1))
            return image[top : top + window_h, left : left + window_w]
    # 4/3 either way of the target's aspect is as far as a random window would have gone
    aspect = min(max(width / height, math.exp(target - _ASPECT)), math.exp(target + _ASPECT))
    window_w = min(width, max(1, round(height * aspect)))
    window_h = min(height, max(1, round(width / aspect)))
    left, top = (width - window_w) // 2, (height - window_h) // 2
    return image[top : top + window_h, left : left + window_w]


def _pad_crop(image: NDArray[np.uint8], pad: int, x: float, y: float) -> NDArray[np.uint8]:
    cv2 = opencv()
    height, width = image.shape[:2]
    padded: NDArray[np.uint8] = cv2.copyMakeBorder(image, pad, pad, pad, pad, cv2.BORDER_REFLECT_101)
    left, top = int(x * (2 * pad + 1)), int(y * (2 * pad + 1))
    return padded[top : top + height, left : left + width]


def _erase(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    low, high = _ERASED_SHARE
    for part, slant, x, y in rng.random((_ERASE_TRIES, 4)).tolist():
        area = height * width * (low + part * (high - low))
        aspect = math.exp((2 * slant - 1) * _ERASED_ASPECT)
        box_h, box_w = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < box_h < height and 0 < box_w < width:
            top, left = int(y * (height - box_h + 1)), int(x * (width - box_w + 1))
            erased = image.copy()
            noise = np.frombuffer(rng.bytes(box_h * box_w * 3), np.uint8)
            erased[top : top + box_h, left : left + box_w] = noise.reshape(box_h, box_w, 3)
            return erased
    return image


def _cut_out(image: NDArray[np.uint8], side: int, x: float, y: float) -> NDArray[np.uint8]:
    """A grey square whose centre lies anywhere in the picture, so that some of it may lie outside."""
    height, width = image.shape[:2]
    top, left = int(y * height) - side // 2, int(x * width) - side // 2
    cut = image.copy()
    cut[max(top, 0) : max(top + side, 0), max(left, 0) : max(left + side, 0)] = GREY
    return cut


def _bad(name: str, expected: str, got: object) -> FovealError:
    return FovealError(
        "bad-option", f"Augment {name}: expected {expected}, got {got!r}", hint="see Augment for what each means"
    )
