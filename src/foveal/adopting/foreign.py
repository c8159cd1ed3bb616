"""What a reader finds in another library's file, and what the user says of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from foveal.errors import FovealError, unknown_name
from foveal.imaging.preprocess import Preprocess

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Normalisation:
    """What is done to a pixel of 0..1 before the network: less a mean, over a divisor.

    Args:
        mean: Of each channel, RGB, on the 0..1 scale.
        std: Of each channel, RGB, on the 0..1 scale.
        bgr: Whether the network takes blue first.
    """

    mean: Triple
    std: Triple
    bgr: bool = False


_ONE: Triple = (1 / 255, 1 / 255, 1 / 255)

NORMALISATIONS = {
    "imagenet": Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "unit": Normalisation((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "signed": Normalisation((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "none": Normalisation((0.0, 0.0, 0.0), _ONE),
    "caffe": Normalisation((123.68 / 255, 116.779 / 255, 103.939 / 255), _ONE, bgr=True),
}
"""By name: ImageNet's mean and deviation; 0..1; −1..1; 0..255 as it is; 0..255 in BGR less ImageNet's mean."""


def normalisation_of(text: str) -> Normalisation:
    """A normalisation by name, or by "mean,mean,mean/std,std,std" on the 0..1 scale.

    Raises:
        FovealError: `unknown-name`, `bad-option`.
    """
    if "/" not in text:
        if text not in NORMALISATIONS:
            raise unknown_name("normalisation", text, NORMALISATIONS)
        return NORMALISATIONS[text]
    try:
        mean, std = (tuple(float(each) for each in part.split(",")) for part in text.split("/"))
    except ValueError:
        mean = std = ()
    numbers_fit = len(mean) == len(std) == 3 and all(map(math.isfinite, (*mean, *std))) and min(std) > 0
    if not numbers_fit:
        raise FovealError(
            "bad-option",
            f"--normalise: expected a name, or three means / three deviations, got {text!r}",
            hint="as in --normalise 0.485,0.456,0.406/0.229,0.224,0.225",
        )
    return Normalisation((mean[0], mean[1], mean[2]), (std[0], std[1], std[2]))


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the user says of a file; what is left out is read from it, or assumed and said.

    Args:
        class_names: In the order of the network's columns.
        size_wh: Width and height of the network's input.
        mode: What happens to a photo of another aspect, of `foveal.imaging.preprocess.MODES`.
        crop_share: Share of the window's sides that "crop" keeps.
        normalise: See `normalisation_of`.
        output: Name of the network's output that holds the class scores.
    """

    class_names: tuple[str, ...] = ()
    size_wh: tuple[int, int] | None = None
    mode: str = ""
    crop_share: float | None = None
    normalise: str = ""
    output: str = ""

    def preprocess(self, guess: Guess) -> tuple[Preprocess, bool, tuple[str, ...]]:
        """How photos are prepared, whether the network takes blue first, and what was assumed.

        Raises:
            FovealError: `bad-preprocess`, `unknown-name`, `bad-option`; `size-unknown`.
        """
        size_wh = self.size_wh or guess.size_wh
        if size_wh is None:
            raise FovealError(
                "size-unknown",
                f"{guess.where}: expected the size of the network's input, got a file that takes any",
                hint="say it: --size 224, or --size 320x240 (width x height)",
            )
        if self.size_wh and guess.size_wh and guess.fixed and self.size_wh != guess.size_wh:
            wanted, fixed = ("x".join(map(str, each)) for each in (self.size_wh, guess.size_wh))
            raise FovealError(
                "bad-option",
                f"--size: expected {fixed}, which {guess.where} is made for, got {wanted}",
                hint="leave it out",
            )
        normalisation = normalisation_of(self.normalise or guess.normalise)
        mode = self.mode or guess.mode
        share = self.crop_share if self.crop_share is not None else guess.crop_share
        made = Preprocess(
            size_wh=size_wh,
            mode=mode,  # type: ignore[arg-type]  # Preprocess refuses what is none
            crop_share=share if mode == "crop" else 1.0,
            mean=normalisation.mean,
            std=normalisation.std,
        )
        assumed = [guess.why] if guess.why and not self.normalise else []
        return made, normalisation.bgr, tuple(assumed)


@dataclass(frozen=True, kw_only=True)
class Guess:
    """What a file says of the photos it wants, or what is usual where it says nothing.

    Args:
        where: The file, for messages.
        size_wh: Width and height; None where the file takes any.
        fixed: Whether no other size can be run.
        normalise: Name of a normalisation.
        mode: See `Preprocess`.
        crop_share: See `Preprocess`.
        why: What is assumed of the normalisation and why, for people; "" where the file says it.
    """

    where: str
    size_wh: tuple[int, int] | None
    fixed: bool = True
    normalise: str
    mode: str
    crop_share: float = 1.0
    why: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Foreign:
    """A classifier as a reader leaves it.

    Args:
        where: The file, for messages.
        library: Where it was trained: "ONNX" where that is not known, "Keras", "Ultralytics", "PyTorch".
        architecture: What the file calls the network, or its own name.
        content: A serialised ONNX model with one image input.
        output: Its output with one column a class.
        layout: "NCHW" or "NHWC".
        bgr: Whether it takes blue first.
        preprocess: How photos are prepared for it.
        class_names: In the order of its columns; () where the file does not say.
        licence: Of the weights, as the file says; "" where it does not.
        notes: What was assumed.
        facts: What else the file says of itself, JSON-able.
    """

    where: str
    library: str
    architecture: str
    content: bytes = field(repr=False)
    output: str
    layout: str = "NCHW"
    bgr: bool = False
    preprocess: Preprocess
    class_names: tuple[str, ...] = ()
    licence: str = ""
    notes: tuple[str, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)


def unreadable(where: object, expected: str, reason: object, *, hint: str) -> FovealError:
    """The error for a file that is damaged, or not what it seems; `hint` is the next step."""
    text = (str(reason).strip() or repr(reason)).splitlines()[0][:200]
    return FovealError("classifier-unreadable", f"{where}: expected {expected}, got: {text}", hint=hint)


@contextmanager
def naming(where: object) -> Iterator[None]:
    """Inside, refusals of what does not know the file it is a part of name that file.

    Args:
        where: The file.

    Raises:
        FovealError: What is raised inside, with the file in front of its message.
    """
    try:
        yield
    except FovealError as error:
        raise FovealError(error.code, f"{where}: {error.message}", hint=error.hint) from error
