"""Draw the pictures of docs/data-quality.md: plant faults among scanned digits, check, photograph the page.

Needs Chromium (`chromium` on the path). Command: python docs/images/check_page.py
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageOps

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "examples"))
from demo import write_photos  # noqa: E402 - found by the line above

WIDTH, HEIGHT = 1000, 1500
PHONE = 420


def plant(digits: Path) -> None:
    """Six photos of the test part also in train, twelve wrong labels, three cut files, and a border round every 7."""
    rng = random.Random(0)  # noqa: S311 - the same faults every time, nothing secret
    train, test = digits / "train", digits / "test"
    classes = sorted(path.name for path in digits.iterdir())
    for name in classes:
        photos = sorted((digits / name).iterdir())
        (train / name).mkdir(parents=True)
        (test / name).mkdir(parents=True)
        for number, photo in enumerate(photos):
            photo.rename((test if number % 5 == 0 else train) / name / photo.name)
        (digits / name).rmdir()
    for name in rng.sample(classes, 6):
        photo = sorted((test / name).iterdir())[0]
        shutil.copy(photo, train / name / f"copy-of-{photo.name}")
    for number in range(12):
        right, wrong = rng.sample(classes, 2)
        photo = rng.choice(sorted((train / right).glob("0*.png")))
        photo.rename(train / wrong / f"moved-{number}-{photo.name}")
    for photo in sorted((train / "7").iterdir()):
        with Image.open(photo) as image:
            bordered = ImageOps.expand(image.crop((2, 2, image.width - 2, image.height - 2)), 2, 60)
        bordered.save(photo)
    for photo in sorted((train / "3").iterdir())[:3]:
        photo.write_bytes(photo.read_bytes()[:90])


def photograph(page: Path, picture: Path, width: int, height: int) -> None:
    """A screenshot of the top of a page."""
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
                *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
                *(f"--user-data-dir={profile}", f"--window-size={width},{height}", f"--screenshot={picture}"),
                page.resolve().as_uri(),
            ],
            check=True,
            capture_output=True,
        )
    with Image.open(picture) as image:
        # A page needs few colours, and the file a third of the bytes.
        image.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(picture, optimize=True)


def main() -> None:
    """Plant, check, photograph."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        _, digits = write_photos(place / "demo")
        plant(digits)
        page = place / "check.html"
        subprocess.run([sys.executable, "-m", "foveal", "check", digits, "--html", page], check=True)
        photograph(page, HERE / "check.png", WIDTH, HEIGHT)
        photograph(page, HERE / "check-phone.png", PHONE, 900)


if __name__ == "__main__":
    main()
