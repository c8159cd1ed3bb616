"""Draw the pictures of docs/explain.md: shapes on gradients, a model that knows them, and why it says so.

Command: python docs/images/explain.py
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PIL import Image

import foveal

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "tests"))
from drawn_photos import write_photos  # noqa: E402 - found by the line above

MAPPED, REASONED = "square/08.jpg", "circle/05.jpg"


def main() -> None:
    """Draw, fit, explain, write the pictures."""
    with tempfile.TemporaryDirectory() as folder:
        learnt, new = Path(folder) / "learnt", Path(folder) / "new"
        write_photos(learnt, per_class=30, seed=1)
        write_photos(new, per_class=12, seed=2)
        model = foveal.fit(learnt, evidence=True)
        write("explain.jpg", Image.fromarray(foveal.explain(model, new / MAPPED).picture(0)))
        reasons = (foveal.evidence(model, new / REASONED), foveal.smallest_patch(model, new / REASONED))
        files = [each.save(Path(folder) / "why")[0] for each in reasons]
        write("explain-why.jpg", *map(Image.open, files))


def write(name: str, *pictures: Image.Image) -> None:
    """Pictures side by side, as a JPEG file beside this one."""
    sheet = Image.new("RGB", (sum(each.width for each in pictures), max(each.height for each in pictures)), "white")
    left = 0
    for each in pictures:
        sheet.paste(each, (left, 0))
        left += each.width
    sheet.save(HERE / name, quality=85)


if __name__ == "__main__":
    main()
