"""Show the main job on photos that come with a package: `make demo`.

1. Fit a recogniser on scikit-learn's 1,797 scanned digits, written out as PNG files, one folder a class.
2. Recognise some digits with it.
3. Recognise scikit-learn's two sample photos among the 1,000 ImageNet classes.

Everything lands in `demo/`. Nothing is fetched from anywhere.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits, load_sample_images

FOLDER = Path("demo")
PIXELS_A_DOT = 8


def main() -> None:
    """Run the three steps, printing every command as a person would type it."""
    started = time.perf_counter()
    photos, digits = write_photos(FOLDER)
    model = FOLDER / "digits.foveal"
    run("fit", digits, "--out", model)
    run("predict", model, *sorted(digits.glob("*/0000*.png"))[:5], "--top", "2")
    run("predict", "imagenet", photos, "--top", "3")
    print(f"\nEverything above took {time.perf_counter() - started:.0f} s. Look at {FOLDER}/digits.report.html")


def write_photos(folder: Path) -> tuple[Path, Path]:
    """Write the sample photos and the digits; returns their folders."""
    shutil.rmtree(folder, ignore_errors=True)
    photos, digits = folder / "photos", folder / "digits"
    photos.mkdir(parents=True)
    samples = load_sample_images()
    for name, image in zip(samples.filenames, samples.images, strict=True):
        Image.fromarray(image).save(photos / Path(name).name, quality=95)
    data = load_digits()
    for number, (dots, label) in enumerate(zip(data.images, data.target, strict=True)):
        place = digits / str(label)
        place.mkdir(parents=True, exist_ok=True)
        pixels = np.kron(255 - (dots * (255 / 16)).astype(np.uint8), np.ones((PIXELS_A_DOT, PIXELS_A_DOT), np.uint8))
        Image.fromarray(pixels).save(place / f"{number:05d}.png")
    return photos, digits


def run(*arguments: object) -> None:
    """Run one foveal command, showing it first."""
    words = [str(argument) for argument in arguments]
    print("\n$ foveal " + " ".join(words), flush=True)
    subprocess.run([sys.executable, "-m", "foveal", *words], check=True)


if __name__ == "__main__":
    main()
