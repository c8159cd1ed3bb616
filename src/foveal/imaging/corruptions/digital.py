"""What processing does to a photo: contrast lost, large pixels, strong compression."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foveal.imaging.corruptions.strengths import setting
from foveal.imaging.opencv import opencv


def contrast(image_rgb: NDArray[np.uint8], strength: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """Every channel drawn towards its mean; see `Corruption`. Nothing is left to chance."""
    share = setting("contrast", strength)
    means = np.array(opencv().mean(image_rgb)[:3])
    table = (np.arange(256)[:, None] - means) * share + means
    # A table of what each value becomes; rounding must not put a whole number just below itself.
    becomes = np.clip(table + 1e-9, 0, 255).astype(np.uint8)[None]
    flat: NDArray[np.uint8] = opencv().LUT(image_rgb, becomes)
    return flat


def pixelate(image_rgb: NDArray[np.uint8], strength: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """Fewer, larger pixels; see `Corruption`. Nothing is left to chance."""
    from PIL import Image

    share = setting("pixelate", strength)
    height, width = image_rgb.shape[:2]
    small = Image.fromarray(image_rgb).resize((int(width * share), int(height * share)), Image.Resampling.BOX)
    return np.asarray(small.resize((width, height), Image.Resampling.BOX)).copy()


def jpeg_compression(image_rgb: NDArray[np.uint8], strength: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """Saved as a JPEG of low quality, colours at half the resolution; see `Corruption`. Nothing is left to chance."""
    import simplejpeg

    cv2 = opencv()
    # At low qualities simplejpeg encodes with the fast transform, which nobody else does; OpenCV and Pillow agree.
    quality = [cv2.IMWRITE_JPEG_QUALITY, setting("jpeg_compression", strength)]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR), quality)
    compressed: NDArray[np.uint8] = simplejpeg.decode_jpeg(data.tobytes())
    return compressed
