from __future__ import annotations

import cv2
import numpy as np
import pytest
from tests.unit.checks.made_evidence import evidence, plain_pixels

from foveal.checks.pixel_quality import check
from foveal.imaging.measures import measure

M = 40


def photo(seed: int = 0) -> np.ndarray:
    """Shapes of several colours before a gradient, as sharp as drawn."""
    random = np.random.default_rng(seed)
    image = np.repeat(np.tile(np.linspace(40, 200, 200, dtype=np.uint8), (300, 1))[:, :, None], 3, 2)
    for _ in range(30):
        x, y, radius = random.random(3) * (200, 300, 25)
        cv2.circle(image, (int(x), int(y)), int(radius) + 2, random.integers(0, 255, 3).tolist(), -1)
    return image


def found(**changed: np.ndarray):
    """The findings on 40 photos of which number 3 was changed."""
    pixels = plain_pixels(M)
    for seed in range(M):
        pixels["measures"][seed] = measure(photo(seed))[0]
    for image in changed.values():
        pixels["measures"][3] = measure(np.ascontiguousarray(image))[0]
    return list(check(evidence([0, 1] * 20, pixels=pixels)))


def test_good_photos_give_no_finding():
    assert found() == []


@pytest.mark.parametrize(
    ("code", "image"),
    [
        ("low-information", np.full((300, 200, 3), 90, np.uint8)),
        ("low-information", np.zeros((300, 200, 3), np.uint8)),
        ("dark", photo(3) // 5),
        ("bright", 200 + photo(3) // 5),
        ("low-contrast", 110 + photo(3) // 12),
        ("blurred", cv2.GaussianBlur(photo(3), (0, 0), 3)),
        ("blurred", cv2.blur(photo(3), (15, 1))),
        ("blurred", cv2.blur(photo(3), (1, 15))),
    ],
)
def test_a_bad_photo_is_named_once_for_its_worst_fault(code, image):
    (finding,) = found(image=image)
    assert finding.code == code
    assert finding.rows.tolist() == [3]
    assert finding.scores[0] > 0
    assert len(finding.notes) == 1
    assert finding.score < 0.3


def test_worse_photos_come_first():
    pixels = plain_pixels(M)
    pixels["measures"]["sharpness"][[4, 9, 6]] = [0.1, 0.02, 0.14]
    (finding,) = check(evidence([0, 1] * 20, pixels=pixels))
    assert finding.rows.tolist() == [9, 4, 6]
    assert (np.diff(finding.scores) < 0).all()


def test_what_is_usual_in_a_set_is_said_in_one_line():
    pixels = plain_pixels(M)
    pixels["measures"]["light"][: M // 2] = 0.2
    (finding,) = check(evidence([0, 1] * 20, pixels=pixels))
    assert finding.code == "dark"
    assert "20 photos (50 %)" in finding.title
    assert len(finding.rows) == 0
    assert finding.score == 0.1


def test_no_readable_photo_gives_no_finding():
    assert list(check(evidence([0], failures={0: "x: the file is empty"}))) == []
