"""The peer's corruptions of some photos, and how long each takes. Its last release predates today's numpy and scipy.

Usage: imagecorruptions_all.py PHOTOS.npy OUT.npz      PHOTOS: uint8 [n, 224, 224, 3]
OUT holds, for every name, `NAME`: uint8 [n, 5, 224, 224, 3], and `seconds NAME`: float [5], the best of n.
"""

from __future__ import annotations

import sys
import time
import types

import numpy as np


def mend() -> None:
    """Put back the names that the peer imports and that have gone since, and the argument that has a new one."""
    import importlib.util
    from pathlib import Path

    import scipy.ndimage
    import skimage.filters

    def resource_filename(package: str, name: str) -> str:
        spec = importlib.util.find_spec(package.partition(".")[0])
        return str(Path(spec.origin).parent / name)  # type: ignore[union-attr,arg-type]

    packages = types.ModuleType("pkg_resources")
    packages.resource_filename = resource_filename  # type: ignore[attr-defined]
    sys.modules["pkg_resources"] = packages
    interpolation = types.ModuleType("scipy.ndimage.interpolation")
    interpolation.map_coordinates = scipy.ndimage.map_coordinates  # type: ignore[attr-defined]
    sys.modules["scipy.ndimage.interpolation"] = interpolation
    np.float_ = np.float64  # type: ignore[attr-defined]
    smooth = skimage.filters.gaussian

    def gaussian(image: object, sigma: object = 1, *, multichannel: bool = False, **rest: object) -> object:
        return smooth(image, sigma, channel_axis=-1 if multichannel else None, **rest)

    skimage.filters.gaussian = gaussian


def main() -> None:
    """Corrupt every photo at every strength."""
    mend()
    from imagecorruptions import corrupt, get_corruption_names

    photos = np.load(sys.argv[1])
    np.random.seed(0)
    found = {}
    for name in get_corruption_names():
        images = np.empty((len(photos), 5, *photos.shape[1:]), np.uint8)
        seconds = np.full(5, np.inf)
        for strength in range(1, 6):
            for number, photo in enumerate(photos):
                started = time.perf_counter()
                images[number, strength - 1] = corrupt(photo, severity=strength, corruption_name=name)
                seconds[strength - 1] = min(seconds[strength - 1], time.perf_counter() - started)
        found |= {name: images, f"seconds {name}": seconds}
    np.savez(sys.argv[2], **found)


if __name__ == "__main__":
    main()
