from __future__ import annotations

import numpy as np

from foveal.grouping.bursts import Links, burst_links, frame_links, time_links


def pairs(links: Links) -> set[tuple[int, int]]:
    return {(min(one, other), max(one, other)) for one, other in zip(*(side.tolist() for side in links), strict=True)}


def test_frames_of_one_video() -> None:
    names = ["a/frame_0010.jpg", "a/frame_0001.jpg", "b/frame_0001.jpg", "clip3_002.png", "clip3_900.png", "IMG_1.jpg"]
    assert pairs(frame_links([*names, "IMG_2.jpg"])) == {(0, 1), (3, 4)}


def test_names_that_only_sound_like_frames() -> None:
    assert pairs(frame_links(["framework1.jpg", "framework2.jpg", "photo.jpg", "clip"])) == set()


def test_one_camera_within_three_seconds() -> None:
    taken = np.array([100, 103, 107, 103, 0, 0])
    cameras = np.array([b"A", b"A", b"A", b"B", b"A", b"A"])
    assert pairs(time_links(taken, cameras)) == {(0, 1)}


def burst_photos(step: int) -> tuple[list[str], np.ndarray, np.ndarray]:
    """200 photos of one class numbered through; 10 and 11 look the same."""
    rng = np.random.default_rng(0)
    looks = rng.normal(size=(200, 64)).astype(np.float32) ** 2
    looks[11] = looks[10] + rng.normal(scale=0.01, size=64)
    return [f"cat/IMG_{1000 + step * at:05d}.jpg" for at in range(200)], np.zeros(200, np.int32), looks


def test_a_burst_follows_in_name_and_looks_alike() -> None:
    names, labels, looks = burst_photos(1)
    found = pairs(burst_links(names, labels, looks))
    assert (10, 11) in found
    assert len(found) <= 8  # of 199 that follow each other; 1 % by chance


def test_other_numbers_other_classes_other_folders_are_no_bursts() -> None:
    names, labels, looks = burst_photos(9)
    assert pairs(burst_links(names, labels, looks)) == set()
    names, labels, looks = burst_photos(1)
    labels[11] = 1
    assert (10, 11) not in pairs(burst_links(names, labels, looks))
    names[11] = names[11].replace("cat", "dog")
    assert (10, 11) not in pairs(burst_links(names, np.zeros_like(labels), looks))


def test_few_photos_and_none() -> None:
    looks = np.ones((2, 8), np.float32)
    assert pairs(burst_links(["a.jpg", "b.jpg"], np.zeros(2, np.int32), looks)) == set()
    assert pairs(burst_links([], np.zeros(0, np.int32), looks[:0])) == set()
    assert pairs(burst_links(["a1.jpg", "a2.jpg"], np.zeros(2, np.int32), looks)) <= {(0, 1)}
