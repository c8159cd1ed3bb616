"""Near-duplicates found among photos: foveal against imagededup, on the same photos and embeddings, in one run.

Claim: of changed copies (half the size, JPEG quality 30, mirrored, a tenth cut off, turned by 5 degrees, a caption, and
these together) among all the photos, at least 97 % are found, at least 97 % of the pairs are right, and every equal
file is found; searching 3,000 photos takes under a second. Neighbours among 1.3 million vectors are found in minutes
and 2 GB of memory.
Command: python benchmarks/near_duplicates.py PHOTOS [--originals 300] [--seed 0] [--imagededup-python PYTHON]
    PHOTOS is any folder; PYTHON an interpreter with imagededup. Pairs of two photos that both come from PHOTOS count
    as wrong unless --known FILE names them, two paths a line, relative to PHOTOS.
         python benchmarks/near_duplicates.py --scale 1300000
    times the search for neighbours alone, among clustered random vectors with planted near pairs.
Result: see docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from harness import Place, machine
from numpy.typing import NDArray
from PIL import Image

from foveal.features.extract import extract
from foveal.features.settings import Settings, open_cache
from foveal.grouping.near_duplicates import Pairs, near_duplicates
from foveal.grouping.neighbours import compress, neighbours
from foveal.grouping.verify import verify
from foveal.imaging.decode import IMAGE_SUFFIXES, decode, read_image
from foveal.imaging.sketch import SKETCH_BYTES, sketch
from foveal.workflows.views import cards_for, effort_named, views_for

Photo = NDArray[np.uint8]
Change = Callable[[Photo, np.random.Generator], tuple[Photo, int]]

QUALITY = 90


def half(image: Photo) -> Photo:
    return cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def cut(image: Photo, rng: np.random.Generator) -> Photo:
    """A tenth of the width and of the height less, from random sides."""
    height, width = image.shape[:2]
    less_h, less_w = round(height / 10), round(width / 10)
    top, left = rng.integers(0, less_h + 1), rng.integers(0, less_w + 1)
    return image[top : top + height - less_h, left : left + width - less_w]


def turned(image: Photo, rng: np.random.Generator, *, corners: bool) -> Photo:
    """By 5 degrees to either side, with black corners or cut so that there are none."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), 5 * rng.choice((-1, 1)), 1)
    whole = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_CUBIC)
    if corners:
        return whole
    sine, cosine = np.sin(np.deg2rad(5)), np.cos(np.deg2rad(5))
    share = 1 / max(cosine + height / width * sine, cosine + width / height * sine)
    inner_h, inner_w = int(height * share), int(width * share)
    top, left = (height - inner_h) // 2, (width - inner_w) // 2
    return whole[top : top + inner_h, left : left + inner_w]


def captioned(image: Photo, rng: np.random.Generator) -> Photo:
    """A strip of 9 % of the height, black or white, along the upper or lower edge, with text."""
    marked = np.ascontiguousarray(image)
    height = marked.shape[0]
    strip = max(8, round(height * 0.09))
    top = 0 if rng.random() < 0.3 else height - strip
    ground = 255 * int(rng.integers(2))
    marked[top : top + strip] = ground
    ink = (255 - ground,) * 3
    place = (5, top + int(strip * 0.75))
    return cv2.putText(marked, "Sale! only 19.99", place, cv2.FONT_HERSHEY_SIMPLEX, strip / 45, ink, 1, cv2.LINE_AA)


CHANGES: dict[str, Change] = {
    "half the size": lambda image, _: (half(image), QUALITY),
    "JPEG quality 30": lambda image, _: (image, 30),
    "mirrored": lambda image, _: (image[:, ::-1], QUALITY),
    "a tenth cut off": lambda image, rng: (cut(image, rng), QUALITY),
    "turned 5°, black corners": lambda image, rng: (turned(image, rng, corners=True), QUALITY),
    "turned 5°, cut": lambda image, rng: (turned(image, rng, corners=False), QUALITY),
    "caption": lambda image, rng: (captioned(image, rng), QUALITY),
    "half, mirrored, quality 30": lambda image, _: (half(image)[:, ::-1], 30),
    "half, cut, mirrored, quality 50": lambda image, rng: (cut(half(image), rng)[:, ::-1], 50),
}
EXACT = "exact copy"


@dataclass(frozen=True)
class Planted:
    """What was put among the photos.

    Args:
        paths: All files: the photos, then the copies, one kind after another.
        photos: Number of photos.
        originals: int [k], which photos were copied.
        kinds: Names of the kinds, in order.
    """

    paths: list[Path]
    photos: int
    originals: NDArray[np.int64]
    kinds: list[str]

    def rows(self, kind: str) -> NDArray[np.int64]:
        """int [k]: the copies of a kind."""
        return self.photos + self.kinds.index(kind) * len(self.originals) + np.arange(len(self.originals))


def main() -> None:
    """Plant, search and print; or search at scale."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, nargs="?")
    parser.add_argument("--originals", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--known", type=Path)
    parser.add_argument("--imagededup-python", default="")
    parser.add_argument("--scale", type=int, default=0)
    chosen = parser.parse_args()
    machine()
    if chosen.scale:
        at_scale(chosen.scale)
    else:
        among_photos(chosen)


def among_photos(chosen: argparse.Namespace) -> None:
    with Place() as place:
        planted = plant(chosen.photos, place.folder / "planted", chosen.originals, chosen.seed)
        keys, embeddings, sketches = features(planted.paths)
        known = known_pairs(chosen, planted)
        print(f"\n{planted.photos} photos, {len(planted.originals)} copies of each kind, seed {chosen.seed}")
        print("each row: the photos with the copies of that kind\n")
        rows = {kind: np.concatenate([np.arange(planted.photos), planted.rows(kind)]) for kind in planted.kinds}
        found = {kind: near_duplicates(sketches[at], embeddings[at], keys[at]) for kind, at in rows.items()}
        report("foveal", planted, {kind: listed(pairs, rows[kind]) for kind, pairs in found.items()}, known)
        stages(sketches[: planted.photos], embeddings[: planted.photos])
        if chosen.imagededup_python:
            rival(chosen.imagededup_python, place.folder, planted, embeddings, known)


def plant(folder: Path, out: Path, number: int, seed: int) -> Planted:
    """Write the changed copies of some photos as JPEG, and link all files into one folder, as imagededup wants them."""
    rng = np.random.default_rng(seed)
    photos = sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
    originals = np.sort(rng.choice(len(photos), min(number, len(photos)), replace=False))
    out.mkdir()
    paths = []
    for index, path in enumerate(photos):
        paths.append(out / f"{index:06d}{path.suffix.lower()}")
        paths[-1].symlink_to(path.resolve())
    for kind, (name, change) in enumerate({**CHANGES, EXACT: None}.items()):
        for index in originals.tolist():
            if change is None:
                target = out / f"{kind}-{index:06d}{photos[index].suffix.lower()}"
                target.write_bytes(photos[index].read_bytes())
            else:
                target = out / f"{kind}-{index:06d}.jpg"
                changed, quality = change(read_image(photos[index]).copy(), rng)
                Image.fromarray(np.ascontiguousarray(changed)).save(target, quality=quality)
            paths.append(target)
        print(f"planted: {name}", flush=True)
    return Planted(paths, len(photos), originals, [*CHANGES, EXACT])


def features(paths: list[Path]) -> tuple[NDArray[np.uint8], NDArray[np.float16], NDArray[np.uint8]]:
    """Content keys, embeddings and sketches of all."""
    settings, effort = Settings(), effort_named("low")
    views = views_for(cards_for("auto", effort), effort, paths, settings)
    with open_cache(settings) as cache, extract(paths, views, cache) as found:
        assert not found.failures, found.failures
        embeddings = found.gather(np.arange(len(paths)), views)
        keys = found.keys
    sketches = np.empty((len(paths), SKETCH_BYTES), np.uint8)
    seconds = 0.0
    for index, path in enumerate(paths):
        image = decode(path.read_bytes(), name=path.name, min_side=240)
        started = time.perf_counter()
        sketches[index] = sketch(image)
        seconds += time.perf_counter() - started
    print(f"sketch: {SKETCH_BYTES} bytes and {1000 * seconds / len(paths):.2f} ms a photo, on one core")
    return keys, embeddings, sketches


def known_pairs(chosen: argparse.Namespace, planted: Planted) -> set[tuple[int, int]]:
    """Pairs of photos that are the same shot before anything is planted."""
    if chosen.known is None:
        return set()
    number = {path.resolve(): index for index, path in enumerate(planted.paths[: planted.photos])}
    pairs = (line.split() for line in chosen.known.read_text().splitlines() if line.strip())
    return {tuple(sorted(number[(chosen.photos / name).resolve()] for name in pair)) for pair in pairs}


def listed(pairs: Pairs, rows: NDArray[np.int64]) -> list[tuple[int, int]]:
    return list(zip(rows[pairs.first].tolist(), rows[pairs.second].tolist(), strict=True))


def report(name: str, planted: Planted, found: dict[str, list[tuple[int, int]]], known: set[tuple[int, int]]) -> None:
    """Recall and precision of each kind: a copy is found when it is paired with its original."""
    source = np.concatenate([np.arange(planted.photos), np.tile(planted.originals, len(planted.kinds))])
    print(f"{name:34} {'recall':>8} {'precision':>10} {'wrong':>6}")
    for kind, pairs in found.items():
        right = {high for low, high in pairs if low < planted.photos <= high and source[high] == low}
        wrong = 0
        for low, high in pairs:
            shots = tuple(sorted((int(source[low]), int(source[high]))))
            wrong += shots[0] != shots[1] and shots not in known
        recall = len(right) / len(planted.originals)
        precision = len(right) / max(len(right) + wrong, 1)
        print(f"  {kind:32} {recall:8.3f} {precision:10.3f} {wrong:6d}")
    print()


def stages(sketches: NDArray[np.uint8], embeddings: NDArray[np.float16]) -> None:
    """Seconds of each step on the photos without the copies: the median of five."""
    seconds = []
    for _ in range(5):
        marks = [time.perf_counter()]
        short = compress(embeddings)
        marks.append(time.perf_counter())
        first, second, product = neighbours(short, most=8, least=0.5)
        marks.append(time.perf_counter())
        verify(sketches, first, second, product)
        marks.append(time.perf_counter())
        seconds.append(np.diff(marks))
    names = ("compress", "neighbours", "verify")
    steps = ", ".join(f"{name} {value:.2f}" for name, value in zip(names, np.median(seconds, 0), strict=True))
    total = np.sum(seconds, 1)
    print(
        f"foveal, {len(sketches)} photos from the cache: {np.median(total):.2f} s ({steps}); {len(first)} pairs looked"
    )
    print(f"at closely; fastest of five {total.min():.2f} s\n")


def rival(
    python: str, folder: Path, planted: Planted, embeddings: NDArray[np.float16], known: set[tuple[int, int]]
) -> None:
    """The same table for each of imagededup's methods, out of one search in everything."""
    names = [path.name for path in planted.paths]
    np.savez(folder / "vectors.npz", names=np.array(names), vectors=embeddings)
    script = Path(__file__).parent / "rivals" / "imagededup_pairs.py"
    words = [python, script, folder / "planted", folder / "vectors.npz", folder / "pairs.json"]
    subprocess.run([str(word) for word in words], check=True, capture_output=True)
    number = {name: index for index, name in enumerate(names)}
    for method, result in json.loads((folder / "pairs.json").read_text()).items():
        pairs = [tuple(sorted((number[one], number[other]))) for one, other in result["pairs"]]
        encoding, searching = result["seconds"]
        print(f"imagededup, among all {len(names)}: encoding {encoding:.1f} s, search {searching:.1f} s")
        report(method, planted, {kind: within(pairs, planted, kind) for kind in planted.kinds}, known)


def within(pairs: list[tuple[int, int]], planted: Planted, kind: str) -> list[tuple[int, int]]:
    allowed = {*range(planted.photos), *planted.rows(kind).tolist()}
    return [pair for pair in pairs if allowed.issuperset(pair)]


def at_scale(number: int) -> None:
    """Neighbours among clustered random vectors, 200 a cluster, with 2,000 planted pairs of cosine 0.65 to 0.98."""
    columns, per_cluster, pairs, block = 128, 200, 2000, 65_536
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((number // per_cluster, columns), dtype=np.float32)
    falling = (np.arange(1, columns + 1) ** -0.35).astype(np.float32)
    vectors = np.empty((number, columns), np.float16)
    for start in range(0, number, block):
        count = min(block, number - start)
        near = centres[rng.integers(0, len(centres), count)]
        part = (near + 0.8 * rng.standard_normal((count, columns), dtype=np.float32)) * falling
        vectors[start : start + count] = part / np.linalg.norm(part, axis=1, keepdims=True)
    one, other = rng.permutation(number)[: 2 * pairs].reshape(2, pairs)
    cosine = rng.uniform(0.65, 0.98, pairs).astype(np.float32)
    base = vectors[one].astype(np.float32)
    away = rng.standard_normal((pairs, columns), dtype=np.float32) * falling
    away -= (away * base).sum(1, keepdims=True) * base / (base * base).sum(1, keepdims=True)
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    vectors[other] = cosine[:, None] * base + np.sqrt(1 - cosine[:, None] ** 2) * away
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    started = time.perf_counter()
    first, second, _ = neighbours(vectors, most=8, least=0.5)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    wanted = np.minimum(one, other) * number + np.maximum(one, other)
    hit = np.isin(wanted, first * number + second)
    print(
        f"{number:,} vectors of {columns} float16, {vectors.nbytes / 1e9:.2f} GB: {seconds:.0f} s, {len(first):,} pairs"
    )
    print(f"peak memory {peak / 1e9:.2f} GB, {before / 1e9:.2f} GB of it before the search")
    for low, high in ((0.65, 0.75), (0.75, 0.85), (0.85, 0.98)):
        within_range = (cosine >= low) & (cosine < high)
        print(f"planted pairs of cosine {low} to {high}: {hit[within_range].mean():.3f} found")


if __name__ == "__main__":
    main()
