from __future__ import annotations

import cv2
import numpy as np
import pytest
from tests.unit.grouping.changed_photos import CHANGES, HEIGHT, WIDTH, photo, sketches_of

from foveal.grouping import tries as tries_module
from foveal.grouping import verify as module
from foveal.grouping.near_duplicates import LEAST_SCORE

_FIRST = np.arange(6)

_MIRRORED = {"mirrored", "half the size, JPEG quality 30, mirrored", "cut and mirrored"}


def verify(sketches, first, second, closeness=1.0):
    return module.verify(sketches, first, second, np.full(len(first), closeness, np.float32))


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_photo_is_the_same_picture_both_ways_round(change):
    originals = [photo(seed) for seed in range(6)]
    sketches = sketches_of(originals + [CHANGES[change](each) for each in originals])
    for first, second in ((_FIRST, _FIRST + 6), (_FIRST + 6, _FIRST)):
        score, mirrored = verify(sketches, first, second)
        assert (score >= LEAST_SCORE).all(), score
        assert (mirrored == (change in _MIRRORED)).all()


def test_an_unchanged_photo_is_surest():
    sketches = sketches_of([photo(1)] * 2)
    score, mirrored = verify(sketches, np.array([0]), np.array([1]))
    assert score[0] > 0.999
    assert not mirrored[0]


def test_different_photos_are_not():
    sketches = sketches_of([photo(seed) for seed in range(40)])
    first, second = np.triu_indices(40, 1)
    score, _ = verify(sketches, first, second)
    assert (score < 0.5).all()


def test_recoloured_goods_are_different_photos():
    image = photo(3)
    sketches = sketches_of([image, np.ascontiguousarray(image[:, :, ::-1])])
    assert verify(sketches, np.array([0]), np.array([1]))[0][0] == 0


def test_stretched_photos_are_not_taken_for_cut_ones():
    image = photo(4)
    middle = cv2.resize(image[:, WIDTH // 4 : -WIDTH // 4], (WIDTH, HEIGHT))
    assert verify(sketches_of([image, middle]), np.array([0]), np.array([1]))[0][0] < LEAST_SCORE


def _plain() -> list[np.ndarray]:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] / WIDTH
    grounds = [np.full((HEIGHT, WIDTH), level, float) for level in (0, 4, 128, 250, 255)]
    slopes = [255 * (x * np.cos(angle) + y * np.sin(angle)).clip(0, 1) for angle in np.linspace(0, 1.5, 6)]
    noisy = [200 + np.random.default_rng(seed).normal(0, 2, (HEIGHT, WIDTH)) for seed in range(3)]
    return [np.repeat(each[..., None], 3, 2).clip(0, 255).astype(np.uint8) for each in (*grounds, *slopes, *noisy)]


def test_flat_photos_slopes_and_noise_are_evidence_of_nothing():
    sketches = sketches_of(_plain())
    first, second = np.triu_indices(len(sketches), 1)
    score, _ = verify(sketches, first, second)
    assert (score < LEAST_SCORE).all()


def _page(seed: int) -> np.ndarray:
    """A form that is the same for all, filled in differently."""
    rng = np.random.default_rng(seed)
    page = np.full((880, 680, 3), 255, np.uint8)
    cv2.rectangle(page, (50, 40), (630, 90), (30, 60, 140), -1)
    for row in range(150, 820, 40):
        cv2.line(page, (200, row), (630, row), (0, 0, 0), 1)
        cv2.putText(page, "Field", (50, row), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 1)
        text = "".join(rng.choice(list("abcdefghij klmno"), rng.integers(5, 30)))
        cv2.putText(page, text, (210, row - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (120, 20, 20), 2)
    return page


def test_pages_of_one_form_are_different_and_a_scan_at_half_the_size_is_not():
    pages = [_page(seed) for seed in range(8)]
    sketches = sketches_of([*pages, cv2.resize(pages[0], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)])
    first, second = np.triu_indices(8, 1)
    assert (verify(sketches, first, second)[0] < LEAST_SCORE).all()
    assert verify(sketches, np.array([0]), np.array([8]))[0][0] >= LEAST_SCORE


def test_the_same_in_any_blocks(monkeypatch):
    sketches = sketches_of(
        [photo(seed) for seed in range(4)] + [CHANGES["a tenth cut off"](photo(s)) for s in range(4)]
    )
    first, second = np.triu_indices(8, 1)
    whole, _ = verify(sketches, first, second)
    monkeypatch.setattr(tries_module, "_BLOCK", 3)
    np.testing.assert_allclose(verify(sketches, first, second)[0], whole, atol=1e-4)


def test_what_the_network_finds_less_alike_must_look_more_alike():
    originals = [photo(seed) for seed in range(6)]
    sketches = sketches_of([*originals, *(CHANGES["a tenth cut off"](each) for each in originals)])
    near, far = (verify(sketches, _FIRST, _FIRST + 6, closeness)[0] for closeness in (0.9, 0.1))
    assert (near >= LEAST_SCORE).all()
    assert (far == 0).any()


def test_no_pairs():
    score, mirrored = verify(sketches_of([photo(0)]), np.empty(0, np.int64), np.empty(0, np.int64))
    assert score.shape == mirrored.shape == (0,)
