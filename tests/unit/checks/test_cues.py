from __future__ import annotations

import numpy as np
from tests.unit.checks.made_evidence import plain_pixels

from foveal.checks.cues import NOT_SAID, Cue, cues


def named(pixels) -> dict[str, Cue]:
    return {cue.name: cue for cue in cues(pixels)}


def test_what_all_photos_share_is_no_cue():
    assert set(named(plain_pixels(100))) == {"border", "file-size", "mean-colour"}


def test_each_fact_is_the_cue_of_its_name():
    pixels = plain_pixels(100)
    facts = pixels["facts"]
    facts["format"][:9], facts["quality"][:9] = b"PNG", 0
    facts["camera"][:8], facts["taken"][:7], facts["quality"][10:16] = b"Acme X200", 100, 60
    facts["width"][:5] = 200
    told = named(pixels)
    for name, count in {"format": 9, "camera": 8, "time": 7, "jpeg-quality": 6, "image-size": 5, "aspect": 5}.items():
        column = told[name].codes.sum(1) if name == "image-size" else told[name].codes[:, 0]
        said = column[column != NOT_SAID]
        assert sorted(np.unique(said, return_counts=True)[1].tolist()) == [count, len(said) - count], name
    assert np.flatnonzero(told["jpeg-quality"].codes[:, 0] == NOT_SAID).tolist() == list(range(9))
    assert told["format"].describe(0) == "PNG RGB"
    assert told["camera"].describe(0) == "Acme X200"
    assert told["camera"].describe(50) == "no camera named"
    assert told["time"].describe(0) == "1970-01-01 00:01:40"
    assert told["time"].describe(50) == "no time said"
    assert told["jpeg-quality"].describe(12) == "quality 60"
    assert told["image-size"].describe(0) == "200×300"
    assert told["aspect"].describe(0) == "0.67 : 1"
    assert told["file-size"].describe(0) == "40,000 bytes"
    assert told["mean-colour"].describe(0).startswith("RGB ")


def test_a_border_is_described_by_its_plainest_side():
    pixels = plain_pixels(100)
    pixels["measures"]["border"][5, 2] = [1, 0, 0, 0]
    assert named(pixels)["border"].describe(5) == "bottom edge RGB 255 0 0, deviation 0"


def test_many_values_are_cut_into_bins_of_about_equal_size():
    pixels = plain_pixels(1000)
    pixels["facts"]["file_bytes"] = np.random.default_rng(0).permutation(1000) ** 2 + 100
    codes = named(pixels)["file-size"].codes[:, 0]
    counts = np.bincount(codes)
    assert len(counts) == 32
    assert counts.max() - counts.min() <= 2
    assert (np.diff(codes[np.argsort(pixels["facts"]["file_bytes"])]) >= 0).all()


def test_a_few_values_are_kept_apart_however_rare():
    pixels = plain_pixels(1000)
    pixels["facts"]["file_bytes"] = 5000
    pixels["facts"]["file_bytes"][7] = 5001
    assert np.flatnonzero(named(pixels)["file-size"].codes[:, 0]).tolist() == [7]


def test_of_very_many_names_the_rare_ones_are_one():
    pixels = plain_pixels(1000)
    names = np.char.add("cam ", (np.arange(1000) % 600).astype(str))
    pixels["facts"]["camera"] = np.where(np.arange(1000) < 500, "Acme X200", names).astype("S40")
    codes = named(pixels)["camera"].codes[:, 0]
    assert set(codes[:500]) == {0}
    assert codes.max() == 200
    assert (codes == 200).sum() > 1


def test_no_photos_have_no_cues():
    assert named(plain_pixels(0)) == {}
