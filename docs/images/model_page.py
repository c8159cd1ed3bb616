"""Draw the picture of a model's page in README.md: fit on scanned digits with few photos, photograph the page.

Needs Chromium (`chromium` on the path). Command: python docs/images/model_page.py
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from check_page import HERE, photograph

sys.path.insert(0, str(HERE.parents[1] / "examples"))
from demo import write_photos

WIDTH, HEIGHT = 1000, 1215
# Few photos, so that there are mistakes to show.
EACH = 25


def main() -> None:
    """Thin out, fit, photograph."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        _, digits = write_photos(place / "demo")
        for name in digits.iterdir():
            for photo in sorted(name.iterdir())[EACH:]:
                photo.unlink()
        model = place / "digits.foveal"
        subprocess.run([sys.executable, "-m", "foveal", "fit", digits, "--out", model], check=True)
        photograph(place / "digits.report.html", HERE / "model.png", WIDTH, HEIGHT)


if __name__ == "__main__":
    main()
