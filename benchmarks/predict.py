"""`foveal predict`: one photo from a cold start, and a folder end to end.

Claim: one photo in at most 0.6 s, whole process; a folder at 420 photos/s or more, and at 0.85 or more of what decoding
and the network allow together when nothing else is done.
Command: python benchmarks/predict.py PHOTOS [--runs 5]      PHOTOS: a folder per class of JPEG files
Result: see docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness import Contender, Place, foveal, machine, race, show


def ceiling(model: Path, photos: list[Path]) -> float:
    """Photos a second with decoding, preprocessing and the network alone, on all threads."""
    import foveal
    from foveal.features.extract import decode_side
    from foveal.imaging.decode import read_image
    from foveal.runtimes.engine import threads

    loaded = foveal.load(model)
    (view,) = loaded.views
    engine = loaded.engines.get(view.choice, view.network.content, view.network.sha256, view.outputs)

    def one(path: Path) -> None:
        engine.run(view.prepare(read_image(path, min_side=decode_side(view))))

    with ThreadPoolExecutor(threads()) as pool:
        list(pool.map(one, photos[:50]))
        started = time.perf_counter()
        list(pool.map(one, photos))
        return len(photos) / (time.perf_counter() - started)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args()
    photos = sorted(chosen.photos.glob("*/*.jpg"))
    with Place() as place:
        model = place.folder / "m.foveal"
        race({"fit": Contender(foveal("fit", chosen.photos, "--out", model, "-q"))}, runs=1)
        machine()
        one = {
            "predict, 1 photo": Contender(foveal("predict", model, photos[0], "--csv")),
            "predict imagenet, 1 photo": Contender(foveal("predict", "imagenet", photos[0], "--csv")),
        }
        results = race(one, runs=chosen.runs)
        for runs in results.values():
            runs.said = ""
        show(results, against="predict, 1 photo")
        folder = Contender(foveal("predict", model, chosen.photos, "--csv", "--no-cache"))
        name = f"predict, {len(photos):,} photos"
        results = race({name: folder}, runs=max(1, chosen.runs // 2))
        results[name].said = ""
        show(results, against=name, photos=len(photos))
        best = ceiling(model, photos)
        share = len(photos) / results[name].median / best
        print(f"decode + network alone: {best:.0f} photos/s; share reached: {share:.2f}")


if __name__ == "__main__":
    main()
