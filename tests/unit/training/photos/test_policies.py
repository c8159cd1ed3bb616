from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from foveal.training.photos.policies import POLICIES, RAND, STRENGTHS, TRIVIAL, Image, Operation

PHOTO = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_keeps_shape_and_input(name: str) -> None:
    before = PHOTO.copy()
    for seed in range(60):
        changed = POLICIES[name](PHOTO, 9, np.random.default_rng(seed))
        assert changed.shape == PHOTO.shape
        assert changed.dtype == np.uint8
    assert (before == PHOTO).all()


@pytest.mark.parametrize(("name", "least"), [("trivial", 40), ("rand", 60)])
def test_policies_change_most_photos_each_in_its_own_way(name: str, least: int) -> None:
    changed = {POLICIES[name](PHOTO, 9, np.random.default_rng(seed)).tobytes() for seed in range(100)}
    assert len(changed) > least


def test_rand_is_weaker_at_weaker_strength() -> None:
    def change(strength: int) -> float:
        each = [POLICIES["rand"](PHOTO, strength, np.random.default_rng(seed)) for seed in range(120)]
        return float(np.mean([np.abs(one.astype(int) - PHOTO.astype(int)).mean() for one in each]))

    assert change(2) < change(15) < change(30)


def _noting(got: list[float]) -> Callable[[Image, float], Image]:
    def run(image: Image, argument: float) -> Image:
        got.append(argument)
        return image

    return run


def _torchvision_space(policy: str) -> dict[str, tuple[object, bool]]:
    transforms = pytest.importorskip("torchvision.transforms.v2", reason="the extra `train` is not installed")
    made = transforms.RandAugment() if policy == "rand" else transforms.TrivialAugmentWide()
    return dict(made._AUGMENTATION_SPACE)


@pytest.mark.parametrize(("policy", "table"), [("rand", RAND), ("trivial", TRIVIAL)])
def test_the_ranges_are_those_of_torchvision(policy: str, table: Mapping[str, Operation]) -> None:
    space = _torchvision_space(policy)
    ours = {name.replace("-", "").replace("colour", "color"): each for name, each in table.items()}
    assert set(ours) == {name.lower() for name in space}
    for name, (magnitudes, signed) in space.items():
        operation = ours[name.lower()]
        assert operation.signed == signed
        expected = magnitudes(STRENGTHS, 48, 64)  # type: ignore[operator]
        if expected is None:
            continue
        levels = 255 if name == "Solarize" else 1  # torchvision's is a share of the highest level
        for strength in (0, 7, 15, 22, 30):
            got: list[float] = []
            replace(operation, run=_noting(got)).apply(PHOTO, strength, negative=False)
            assert abs(got[0] - levels * float(expected[strength])) <= (1.0 if operation.whole else 1e-3)
