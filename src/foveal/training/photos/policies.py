"""Which operations a photo goes through, and how strong: RandAugment and TrivialAugment.

Both choose from the same fourteen operations at one of 31 strengths. RandAugment (Cubuk et al., CVPR Workshops 2020,
arXiv:1909.13719) applies two at one strength that is chosen for the training; TrivialAugment (Müller & Hutter, ICCV
2021, arXiv:2103.10158) applies one at a random strength of a wider range, and so has nothing to tune.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.training.photos import operations

Image = NDArray[np.uint8]
Policy = Callable[[Image, int, np.random.Generator], Image]

STRENGTHS = 31
"""Strengths are counted from 0 to 30."""

_RAND_OPERATIONS = 2
# RandAugment moves by at most this share of a side: 150 of the 331 pixels of the paper it took its ranges from.
_MOVED_SHARE = 150 / 331


@dataclass(frozen=True)
class Operation:
    """An operation with the range of its argument.

    Args:
        run: Takes the pixels and the argument.
        weakest: Argument at strength 0.
        strongest: Argument at strength 30.
        signed: Whether the argument is as often negative.
        whole: Whether the argument is rounded to a whole number.
        of_side: 0 where the argument is what it is; 1 or 2 where it is a share of the width or the height.
    """

    run: Callable[[Image, float], Image]
    weakest: float = 0.0
    strongest: float = 0.0
    signed: bool = False
    whole: bool = False
    of_side: int = 0

    def apply(self, image: Image, strength: int, *, negative: bool) -> Image:
        """The photo after the operation.

        Args:
            image: uint8 [H, W, 3], not changed.
            strength: 0 to 30.
            negative: Turns a signed argument around.
        """
        argument = self.weakest + (self.strongest - self.weakest) * strength / (STRENGTHS - 1)
        if self.whole:
            argument = round(argument)
        if self.of_side:
            argument *= image.shape[2 - self.of_side]
        return self.run(image, -argument if self.signed and negative else argument)


def _operations(
    *, shear: float, move: float, of_side: bool, turn: float, change: float, bits: int
) -> Mapping[str, Operation]:
    return {
        "identity": Operation(operations.identity),
        "shear-x": Operation(operations.shear_x, 0, shear, signed=True),
        "shear-y": Operation(operations.shear_y, 0, shear, signed=True),
        "translate-x": Operation(operations.translate_x, 0, move, signed=True, of_side=1 if of_side else 0),
        "translate-y": Operation(operations.translate_y, 0, move, signed=True, of_side=2 if of_side else 0),
        "rotate": Operation(operations.rotate, 0, turn, signed=True),
        "brightness": Operation(operations.brightness, 0, change, signed=True),
        "colour": Operation(operations.colour, 0, change, signed=True),
        "contrast": Operation(operations.contrast, 0, change, signed=True),
        "sharpness": Operation(operations.sharpness, 0, change, signed=True),
        "posterize": Operation(operations.posterize, 8, bits, whole=True),
        "solarize": Operation(operations.solarize, 255, 0),
        "autocontrast": Operation(operations.autocontrast),
        "equalize": Operation(operations.equalize),
    }


RAND = _operations(shear=0.3, move=_MOVED_SHARE, of_side=True, turn=30, change=0.9, bits=4)
"""Operations of RandAugment."""

TRIVIAL = _operations(shear=0.99, move=32, of_side=False, turn=135, change=0.99, bits=2)
"""Operations of TrivialAugment, in the wide ranges that its authors recommend."""

_RAND, _TRIVIAL = tuple(RAND.values()), tuple(TRIVIAL.values())


def _none(image: Image, magnitude: int, rng: np.random.Generator) -> Image:
    return image


def _rand(image: Image, magnitude: int, rng: np.random.Generator) -> Image:
    for which, sign in rng.random((_RAND_OPERATIONS, 2)).tolist():
        image = _RAND[int(which * len(_RAND))].apply(image, magnitude, negative=sign < 0.5)
    return image


def _trivial(image: Image, magnitude: int, rng: np.random.Generator) -> Image:
    which, strength, sign = rng.random(3).tolist()
    return _TRIVIAL[int(which * len(_TRIVIAL))].apply(image, int(strength * STRENGTHS), negative=sign < 0.5)


POLICIES: Mapping[str, Policy] = {"none": _none, "trivial": _trivial, "rand": _rand}
"""Policies by name: each takes the pixels, the strength (which only "rand" heeds) and what decides by chance."""
