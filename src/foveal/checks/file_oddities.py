"""Files that are not what they seem, or not like the others: names, modes, frames, orientation, size, shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from foveal.checks.evidence import Evidence
from foveal.checks.wording import percent
from foveal.types.data_finding import DataFinding
from foveal.types.text import counted

_FORMATS = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png", ".apng"),
    "GIF": (".gif",),
    "BMP": (".bmp", ".dib"),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm", ".pfm"),
    "AVIF": (".avif",),
    "HEIF": (".heic", ".heif", ".hif"),
}
_FORMAT_OF = {suffix: name for name, suffixes in _FORMATS.items() for suffix in suffixes}
_MODES = {
    "CMYK": "CMYK, colours for print",
    "YCCK": "CMYK, colours for print",
    "LAB": "Lab colours",
    "HSV": "HSV colours",
    "I": "32-bit grey",
    "F": "floating-point grey",
    "1": "1 bit, black and white only",
    "P": "a palette",
    "PA": "a palette with transparency",
    "LA": "grey with transparency",
    "La": "grey with transparency",
    "RGBA": "transparency",
    "RGBa": "transparency",
}
_HUGE_PIXELS, _HUGE_BYTES = 50_000_000, 25 * 2**20
_TINY, _NETWORK = 32, 224
_ODD_RATIO = 3.0
# how many times wider or taller than the usual photo of the set
_ODD_AGAINST_USUAL = 2.0
# Above this share it is said in one line, without a list.
_HABIT = 0.5

Facts = NDArray[np.void]


def check(evidence: Evidence) -> Iterator[DataFinding]:
    """Wrong extensions, several frames, odd colour modes, EXIF rotation, huge, tiny and small photos, odd aspects."""
    facts = evidence.pixels["facts"]
    if not len(facts):
        return
    yield from _wrong_extensions(evidence, facts)
    yield from _animated(evidence, facts)
    yield from _modes(evidence, facts)
    yield from _rotated(evidence, facts)
    yield from _huge(evidence, facts)
    yield from _small(evidence, facts)
    yield from _aspects(evidence, facts)


def _wrong_extensions(evidence: Evidence, facts: Facts) -> Iterator[DataFinding]:
    paths = evidence.dataset.paths
    suffixes = [PurePosixPath(paths[int(row)]).suffix.lower() for row in evidence.rows]
    formats = facts["format"].tolist()
    wrong = [
        at
        for at, (suffix, stored) in enumerate(zip(suffixes, formats, strict=True))
        if stored and suffix in _FORMAT_OF and _FORMAT_OF[suffix] != stored.decode("ascii")
    ]
    yield from _listed(
        evidence,
        np.array(wrong, np.intp),
        code="wrong-extension",
        words=("photo is not in the format its name says", "photos are not in the format their names say"),
        score=0.2,
        why="foveal looks at the content; other programs trust the name and refuse such files, or skip them.",
        advice="Rename them, or save them again in the format of their name.",
        note=lambda at: f"{formats[at].decode('ascii')} under the name {suffixes[at]}",
    )


def _animated(evidence: Evidence, facts: Facts) -> Iterator[DataFinding]:
    frames = facts["frames"]
    yield from _listed(
        evidence,
        np.flatnonzero(frames > 1),
        code="several-frames",
        words=("file holds several pictures", "files hold several pictures"),
        score=0.15,
        why="foveal and most programs take the first picture alone, which may be a title or a blank page.",
        advice="Save the picture that shows the class as a file of its own.",
        note=lambda at: f"{frames[at]:,} pictures",
    )


def _modes(evidence: Evidence, facts: Facts) -> Iterator[DataFinding]:
    modes = facts["mode"].tolist()
    words = {mode: _mode_words(mode.decode("ascii")) for mode in set(modes)}
    yield from _listed(
        evidence,
        np.array([at for at, mode in enumerate(modes) if words[mode]], np.intp),
        code="odd-mode",
        words=("photo is not plain 8-bit colour or grey", "photos are not plain 8-bit colour or grey"),
        score=0.1,
        why="foveal turns all modes into 8-bit RGB, transparency over white; other programs may clip 16 bits, invert "
        "CMYK or show what transparency hides.",
        advice="Nothing for foveal; for other programs save them as RGB.",
        note=lambda at: words[modes[at]],
    )


def _mode_words(mode: str) -> str:
    return "16 bits a colour" if ";16" in mode else _MODES.get(mode, "")


def _rotated(evidence: Evidence, facts: Facts) -> Iterator[DataFinding]:
    orientations = facts["orientation"]
    yield from _listed(
        evidence,
        np.flatnonzero(orientations > 1),
        code="exif-rotated",
        words=("photo is stored turned or mirrored", "photos are stored turned or mirrored"),
        score=0.05,
        why="foveal turns them upright by their EXIF orientation; programs that do not will see them lying.",
        advice="Nothing for foveal; for other programs store them upright.",
        note=lambda at: f"EXIF orientation {orientations[at]}",
    )


def _huge(evidence: Evidence, facts: Facts) -> Iterator[DataFinding]:
    pixels = facts["width"].astype(np.int64) * facts["height"]
    file_bytes = facts["file_bytes"].astype(np.int64)
    yield from _listed(
        evidence,
        np.flatnonzero((pixels > _HUGE_PIXELS) | (file_bytes > _HUGE_BYTES)),
        code="huge-photos",
        words=("photo is huge", "photos are huge"),
        score=0.1,
        why="They take long to read, and the network sees them at a few hundred pixels all the same.",
        advice="Store them smaller if what matters fills the photo; otherwise cut out what matters.",
        note=lambda at: f"{_size(facts[at])}, {file_bytes[at] / 2**20:.1f} MB",
    )


def _small(evidence: Evidence, facts: Facts) -> Iterator[DataFinding]:
    side = np.minimum(facts["width"], facts["height"])
    yield from _listed(
        evidence,
        np.flatnonzero(side < _TINY),
        code="tiny-photos",
        words=(f"photo is under {_TINY} pixels wide or tall", f"photos are under {_TINY} pixels wide or tall"),
        score=0.35,
        why="Hardly anything can be recognised at this size; such files are often icons or thumbnails.",
        advice="Replace them by larger photos, or leave them out.",
        note=lambda at: _size(facts[at]),
    )
    yield from _listed(
        evidence,
        np.flatnonzero((side >= _TINY) & (side < _NETWORK)),
        code="small-photos",
        words=(f"photo is under {_NETWORK} pixels wide or tall", f"photos are under {_NETWORK} pixels wide or tall"),
        score=0.05,
        why=f"Networks usually look at {_NETWORK} pixels or more, so these are enlarged and show less detail.",
        advice="Use larger photos where there are any; mixing sizes matters most where one class has the small ones.",
        note=lambda at: _size(facts[at]),
    )


def _aspects(evidence: Evidence, facts: Facts) -> Iterator[DataFinding]:
    aspect = np.log(np.maximum(facts["width"], 1) / np.maximum(facts["height"], 1))
    odd = (np.abs(aspect) > np.log(_ODD_RATIO)) & (np.abs(aspect - np.median(aspect)) > np.log(_ODD_AGAINST_USUAL))
    found = np.flatnonzero(odd)
    yield from _listed(
        evidence,
        found[np.argsort(-np.abs(aspect[found]), kind="stable")],
        code="odd-aspect",
        words=("photo is unusually wide or tall", "photos are unusually wide or tall"),
        score=0.15,
        why="Networks look at squares: much of such a photo is cut off or squeezed.",
        advice="Cut out the part that shows the class.",
        note=lambda at: _size(facts[at]),
    )


def _size(facts: np.void) -> str:
    return f"{facts['width']}×{facts['height']}"


def _listed(
    evidence: Evidence,
    at: NDArray[np.intp],
    *,
    code: str,
    words: tuple[str, str],
    score: float,
    why: str,
    advice: str,
    note: Callable[[int], str],
) -> Iterator[DataFinding]:
    """One finding about the photos at these positions, without a list where most photos are so; none for no photo."""
    m, share = len(at), len(at) / len(evidence.rows)
    if not m:
        return
    habit = share > _HABIT and m > 1
    yield DataFinding(
        code=code,
        title=f"{counted(m, *words)} ({percent(share)})",
        score=score,
        why=why,
        advice=f"{advice} They are too many to be listed." if habit else advice,
        rows=np.empty(0, np.int64) if habit else evidence.rows[at].astype(np.int64),
        notes=() if habit else tuple(note(int(photo)) for photo in at),
        values={"share": share, "listed": not habit},
    )
