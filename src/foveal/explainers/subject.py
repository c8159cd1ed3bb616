"""One photo as one classifier sees it, ready to be shown to it again with parts hidden."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from foveal.classifier.classifier import Classifier
from foveal.data.photo import AnyPhoto, as_photo
from foveal.explainers.geometry import Frame, canvas_hw
from foveal.features.extract import decode_side
from foveal.features.view import side_by_side
from foveal.imaging.opencv import opencv
from foveal.runtimes.engine import threads

# Standard deviation of the blur as a share of the input's side. Half of this leaves enough shape for one ImageNet photo
# in three to be known; twice as much, or one plain colour, grades no better (benchmarks/maps.py).
_BLUR_SHARE = 0.1

# Standard deviation, in pixels, at which the blurring itself is done.
_BLURRED_SIGMA = 3.0


@dataclass(frozen=True, eq=False)
class Subject:
    """A photo and a classifier.

    Args:
        model: The classifier.
        image_rgb: The decoded photo, uint8 [H, W, 3].
        inputs: What each of the classifier's views makes of it, uint8 [h, w, 3] each.
        grounds: The same without content, for what is hidden: blurred beyond recognition.
        frames: Which part of the photo each input shows.
        features: float16 [1, D], what the head gets.
    """

    model: Classifier
    image_rgb: NDArray[np.uint8]
    inputs: tuple[NDArray[np.uint8], ...]
    grounds: tuple[NDArray[np.uint8], ...]
    frames: tuple[Frame, ...]
    features: NDArray[np.float16]

    @classmethod
    def of(cls, model: Classifier, photo: AnyPhoto) -> Subject:
        """Decode a photo and run the classifier's networks on it.

        Raises:
            FovealError: `image-unreadable`, `image-corrupt` and whatever else decoding refuses.
        """
        source = as_photo(photo)
        data = source.read()
        # The very pixels that `predict` sees, which may be decoded at one size for each view.
        decoded = {side: source.decode(data, min_side=side).copy() for side in {decode_side(v) for v in model.views}}
        images = [decoded[decode_side(view)] for view in model.views]
        inputs = tuple(view.prepare(image) for view, image in zip(model.views, images, strict=True))
        frames = tuple(
            Frame.of(view.preprocess, (image.shape[1], image.shape[0]), mirrored=view.mirrored)
            for view, image in zip(model.views, images, strict=True)
        )
        largest = max(images, key=lambda image: image.shape[0] * image.shape[1])
        features = _features(model, inputs)
        return cls(model, largest, inputs, tuple(map(blurred, inputs)), frames, features[None])

    @property
    def canvas_hw(self) -> tuple[int, int]:
        """Height and width of the grid over the photo that maps and masks are on."""
        return canvas_hw((self.image_rgb.shape[1], self.image_rgb.shape[0]))

    @property
    def seen(self) -> NDArray[np.bool_]:
        """bool [H, W] of the canvas: what at least one view sees."""
        seen: NDArray[np.bool_] = np.logical_or.reduce([frame.seen(self.canvas_hw) for frame in self.frames])
        return seen

    @property
    def unknown(self) -> str | None:
        """Why `predict` answers "unknown" instead of naming a class, or None where it names one."""
        trust = self.model.trust
        return trust.unknown(self.features, self.logits()[None])[0] if trust.gated else None

    def logits(self) -> NDArray[np.float32]:
        """float32 [C], before the temperature."""
        row: NDArray[np.float32] = self.model.head.logits(self.features)[0]
        return row

    def probs(self) -> NDArray[np.float32]:
        """float32 [C], the same as `predict` says."""
        row: NDArray[np.float32] = self.probs_of(self.logits()[None])[0]
        return row

    def probs_of(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """float32 [n, C], the probabilities that belong to logits [n, C]."""
        return self.model.probs_of(logits)

    def with_hidden(self, kept: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
        """What the classifier says when only parts of the photo are shown.

        Args:
            kept: Masks float32 [H, W] of the canvas in 0..1: 1 shows the photo, 0 the blurred ground.

        Returns:
            float32 [n, C], probabilities.
        """
        return self.probs_of(self.logits_with_hidden(kept))

    def logits_with_hidden(self, kept: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
        """The same as logits float32 [n, C], before the temperature."""

        def one(mask: NDArray[np.float32]) -> NDArray[np.float16]:
            return _features(self.model, [self._blend(number, mask) for number in range(len(self.inputs))])

        with ThreadPoolExecutor(threads()) as pool:
            return self.model.head.logits(np.stack(list(pool.map(one, kept))))

    def log_odds(self, logits: NDArray[np.float32], column: int) -> NDArray[np.float64]:
        """log(p / (1 − p)) of a class, float64 [n], from logits [n, C]; unlike p itself it never sticks to 0 or 1."""
        scaled = logits.astype(np.float64) / self.model.temperature
        if self.model.multi_label or len(self.model.class_names) == 1:
            return np.asarray(scaled[:, column])
        others = np.delete(scaled, column, axis=1)
        highest = others.max(axis=1)
        odds: NDArray[np.float64] = scaled[:, column] - highest - np.log(np.exp(others - highest[:, None]).sum(axis=1))
        return odds

    def _blend(self, number: int, mask: NDArray[np.float32]) -> NDArray[np.uint8]:
        shown = self.inputs[number]
        share = self.frames[number].onto_input(mask, (shown.shape[1], shown.shape[0]))
        mixed: NDArray[np.uint8] = opencv().blendLinear(shown, self.grounds[number], share, 1 - share)
        return mixed


class Explainer(Protocol):
    """What stands in `foveal.explainers.EXPLAINERS`: a photo and a class to a map over the photo."""

    def __call__(self, subject: Subject, column: int) -> NDArray[np.float32]:
        """How much each place of the photo speaks for a class.

        Args:
            subject: The photo and the classifier.
            column: Which class, its column among the classifier's `class_names`.

        Returns:
            float32 [H, W] on the photo's canvas (`Subject.canvas_hw`): above 0 speaks for the class, below 0 against
            it, 0 is neutral or not seen. Maps over a view's input come there with `Frame.onto_canvas`.
        """
        ...


def blurred(image_rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An image without content, uint8 [h, w, 3]: colours and light stay, shapes go."""
    cv2 = opencv()
    height, width = image_rgb.shape[:2]
    sigma = _BLUR_SHARE * max(height, width)
    # Blurring a reduced image is the same to the eye, and 50 times as quick.
    small_wh = (max(1, round(width * _BLURRED_SIGMA / sigma)), max(1, round(height * _BLURRED_SIGMA / sigma)))
    small = cv2.resize(image_rgb, small_wh, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), _BLURRED_SIGMA)
    out: NDArray[np.uint8] = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return out


def _features(model: Classifier, inputs: Sequence[NDArray[np.uint8]]) -> NDArray[np.float16]:
    rows = [view.row_of(image, model.engines) for view, image in zip(model.views, inputs, strict=True)]
    return side_by_side(model.views, rows)
