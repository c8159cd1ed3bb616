"""`foveal check`: its time against `foveal embed` and CleanVision, and whether planted faults come first.

Claim: from nothing it takes at most 1.4 times as long as embedding the same photos, from the cache at most 3 s; a
planted leak and planted shortcuts (one class saved as PNG, one with a border of two pixels, one taken with another
camera) are found and come first.
Command: python benchmarks/check.py PHOTOS [--runs 3] [--cleanvision-python PYTHON]
    PHOTOS holds train/ (and validation/) with a folder a class, JPEG. PYTHON is an interpreter with cleanvision;
    without it that rival is left out.
Result: see docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from harness import TUNED_MALLOC, Contender, Place, foveal, machine, race, show


def as_png(path: Path) -> None:
    """Save a photo again, as PNG."""
    from PIL import Image

    with Image.open(path) as image:
        image.convert("RGB").save(path.with_suffix(".png"))
    path.unlink()


def with_border(path: Path) -> None:
    """Draw a dark border of two pixels."""
    from PIL import Image, ImageOps

    with Image.open(path) as image:
        inner = image.convert("RGB").crop((2, 2, image.width - 2, image.height - 2))
    ImageOps.expand(inner, 2, (24, 24, 24)).save(path, quality=90)


def by_camera(path: Path, *, camera: str) -> None:
    """Note a camera in the EXIF block."""
    from PIL import Image

    with Image.open(path) as image:
        exif = Image.Exif()
        exif[0x010F], exif[0x0110] = "Maker", camera
        image.convert("RGB").save(path, quality="keep" if image.format == "JPEG" else 90, exif=exif)


def plant(folder: Path, fault: str) -> None:
    """Put a fault into a copy of the photos."""
    classes = sorted(path for path in (folder / "train").iterdir() if path.is_dir())
    chosen = classes[3]
    changes: dict[str, Callable[[Path], None]] = {"png": as_png, "border": with_border}
    if fault == "leak":
        tests = folder / "test"
        (folder / "validation").rename(tests)
        for number, path in enumerate(sorted(chosen.iterdir())[:12]):
            shutil.copy(path, tests / chosen.name / f"copied-{number}.jpg")
    elif fault == "camera":
        for each in classes:
            for path in list(each.iterdir()):
                by_camera(path, camera="Second" if each == chosen else "First")
    else:
        for path in list(chosen.iterdir()):
            changes[fault](path)


def main() -> None:
    """Race, then plant."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--cleanvision-python", default="")
    chosen = parser.parse_args()
    with Place() as place:
        check = foveal("check", chosen.photos, "-q")
        page = [*check, "--html", str(place.folder / "check.html")]
        contenders = {
            "foveal embed, cold": Contender(
                foveal("embed", chosen.photos, "--out", place.folder / "all.npz", "-q"),
                before=place.forget_features,
                environment=TUNED_MALLOC,
            ),
            "foveal check, cold": Contender(check, before=place.forget_features, environment=TUNED_MALLOC),
            "foveal check, from the cache": Contender(check, environment=TUNED_MALLOC),
            "foveal check --html, from the cache": Contender(page, environment=TUNED_MALLOC),
        }
        if chosen.cleanvision_python:
            rival = Path(__file__).parent / "rivals" / "cleanvision_check.py"
            contenders["CleanVision (no network, no labels)"] = Contender(
                [chosen.cleanvision_python, str(rival), str(chosen.photos)]
            )
        machine()
        race({"machine measured": contenders["foveal embed, cold"]}, runs=1)
        show(race(contenders, runs=chosen.runs), against="foveal embed, cold")
        print("\nplanted fault -> the three worst findings")
        for fault in ("leak", "png", "border", "camera"):
            copy = place.folder / fault
            shutil.copytree(chosen.photos, copy, copy_function=shutil.copyfile)
            plant(copy, fault)
            done = subprocess.run(foveal("check", copy, "--json", "-q"), capture_output=True, text=True, check=True)
            worst = json.loads(done.stdout)["findings"][:3]
            print(f"{fault:8} -> " + "; ".join(f"{each['score']:.2f} {each['title']}" for each in worst))
            shutil.rmtree(copy)


if __name__ == "__main__":
    main()
