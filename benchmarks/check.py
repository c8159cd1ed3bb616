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
from pathlib import Path

from harness import TUNED_MALLOC, Contender, Place, foveal, machine, race, show


def saved_again(path: Path, *, png: bool = False, border: bool = False, camera: str = "") -> None:
    """Save a photo again: as it is, as PNG, with a dark border of two pixels, or with a camera in its EXIF block."""
    from PIL import Image, ImageOps

    with Image.open(path) as image:
        photo = image.convert("RGB")
    path.unlink()
    if border:
        photo = ImageOps.expand(photo.crop((2, 2, photo.width - 2, photo.height - 2)), 2, (24, 24, 24))
    exif = Image.Exif()
    if camera:
        exif[0x010F], exif[0x0110] = "Maker", camera
    if png:
        photo.save(path.with_suffix(".png"))
    else:
        photo.save(path, quality=90, exif=exif)


def plant(folder: Path, fault: str) -> None:
    """Put a fault into a copy of the photos; all photos are saved again, so that this gives nothing away."""
    classes = sorted(path for path in (folder / "train").iterdir() if path.is_dir())
    chosen = classes[3]
    if fault == "leak":
        tests = folder / "test"
        (folder / "validation").rename(tests)
        for number, path in enumerate(sorted(chosen.iterdir())[:12]):
            shutil.copy(path, tests / chosen.name / f"copied-{number}.jpg")
        return
    for each in classes:
        for path in list(each.iterdir()):
            here = each == chosen
            camera = ("Second" if here else "First") if fault == "camera" else ""
            saved_again(path, png=fault == "png" and here, border=fault == "border" and here, camera=camera)


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
