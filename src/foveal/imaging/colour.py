"""From every pixel type that Pillow opens to 8-bit RGB."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError

if TYPE_CHECKING:
    from PIL import Image

BACKGROUND_RGB = (255, 255, 255)
"""What shows through transparent pixels: white, as on a page."""

_WITH_ALPHA = {"LA", "La", "PA", "RGBA", "RGBa"}


def to_rgb(image: Image.Image, *, name: str) -> NDArray[np.uint8]:
    """The pixels as 8-bit RGB: transparency over white, 16-bit grey scaled and not clipped.

    Embedded colour profiles are not applied: the backbones were trained on photos read without them. Of 16-bit
    colour, Pillow hands over the high bytes.

    Args:
        image: A loaded Pillow image.
        name: File name for error messages.

    Returns:
        uint8 [H, W, 3], C-contiguous, in memory of its own.

    Raises:
        FovealError: `image-format` when the values have no known scale.
    """
    if image.mode.startswith("I"):
        return _grey_to_rgb(_eight_bits_of_integers(image, name))
    if image.mode == "F":
        return _grey_to_rgb(_eight_bits_of_floats(image, name))
    if image.mode == "LAB":
        return _lab_to_rgb(image)
    if image.mode in _WITH_ALPHA or "transparency" in image.info:
        return _over_background(image.convert("RGBA"))
    return np.array(image.convert("RGB"))


def _grey_to_rgb(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(grey[:, :, None], 3, axis=2)


def _eight_bits_of_integers(image: Image.Image, name: str) -> NDArray[np.uint8]:
    values = np.asarray(image)
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > 65535:
        raise FovealError(
            "image-format",
            f"{name}: expected grey values from 0 to 65535, got {low} to {high}",
            hint="save the photo with 8 or 16 bits per channel",
        )
    # a table, because arithmetic on the pixels would take four times their memory
    eight_bits = ((np.arange(65536) + 128) // 257).astype(np.uint8)
    see_through = image.info.get("transparency")
    if isinstance(see_through, int):
        eight_bits[see_through] = BACKGROUND_RGB[0]
    grey: NDArray[np.uint8] = eight_bits[values]
    return grey


def _eight_bits_of_floats(image: Image.Image, name: str) -> NDArray[np.uint8]:
    values = np.asarray(image)
    # written so that NaN fails it
    if not (values.min() >= 0 and values.max() <= 1):
        raise FovealError(
            "image-format",
            f"{name}: expected floating-point values from 0 to 1, got {values.min():g} to {values.max():g}",
            hint="scale the values to 0..1, or save the photo with 8 or 16 bits per channel",
        )
    grey: NDArray[np.uint8] = np.rint(values * 255).astype(np.uint8)
    return grey


def _lab_to_rgb(image: Image.Image) -> NDArray[np.uint8]:
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    to_srgb = ImageCms.buildTransform(lab, srgb, "LAB", "RGB")
    return np.array(to_srgb.apply(image))


def _over_background(image_rgba: Image.Image) -> NDArray[np.uint8]:
    from PIL import Image

    page = Image.new("RGB", image_rgba.size, BACKGROUND_RGB)
    page.paste(image_rgba, mask=image_rgba.getchannel("A"))
    return np.array(page)
