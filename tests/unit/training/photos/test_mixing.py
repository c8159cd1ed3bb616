from __future__ import annotations

import numpy as np
import pytest

from foveal.errors import FovealError

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from foveal.training.photos.mixing import Mixing  # noqa: E402


def _batch(n: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    levels = torch.arange(n, dtype=torch.uint8) * 20
    return levels[:, None, None, None].expand(n, 16, 20, 3).contiguous(), torch.arange(n)


def test_nothing_mixed_is_one_hot() -> None:
    images, labels = _batch()
    mixed, targets = Mixing(classes=5)(images, labels, np.random.default_rng(0))
    assert mixed is images
    assert torch.equal(targets, torch.nn.functional.one_hot(labels, 5).float())


def test_smoothing_spreads_a_share_over_all_classes() -> None:
    targets = Mixing(smoothing=0.2, classes=4).targets(torch.tensor([2]))
    assert torch.allclose(targets, torch.tensor([[0.05, 0.05, 0.85, 0.05]]))


def test_mixup_is_the_weighted_mean_of_photos_and_labels() -> None:
    images, labels = _batch()
    before = images.clone()
    for seed in range(10):
        mixed, targets = Mixing(mixup=0.4, classes=4)(images, labels, np.random.default_rng(seed))
        share = targets[0, 0]
        assert torch.allclose(targets[0, 3], 1 - share)
        assert torch.allclose(mixed[0], share * images[0].float() + (1 - share) * images[3].float(), atol=1e-3)
        assert torch.allclose(mixed[1], share * images[1].float() + (1 - share) * images[0].float(), atol=1e-3)
    assert torch.equal(images, before)


def test_cutmix_weighs_labels_by_area() -> None:
    images, labels = _batch()
    before = images.clone()
    shares = []
    for seed in range(30):
        mixed, targets = Mixing(cutmix=1.0, classes=4)(images, labels, np.random.default_rng(seed))
        assert mixed.dtype == torch.uint8
        kept = (mixed[2] == images[2]).all(2)
        assert ((mixed[2] == images[1]).all(2) | kept).all()
        assert float(targets[2, 2]) == pytest.approx(float(kept.float().mean()), abs=1e-6)
        assert torch.allclose(targets.sum(1), torch.ones(4))
        shares.append(float(targets[2, 2]))
    assert max(shares) - min(shares) > 0.5
    assert torch.equal(images, before)


def test_of_both_each_batch_gets_one() -> None:
    images, labels = _batch()
    mixing = Mixing(mixup=1.0, cutmix=1.0, smoothing=0.1, classes=4)
    kinds = [mixing(images, labels, np.random.default_rng(seed))[0].dtype for seed in range(60)]
    assert 15 < kinds.count(torch.uint8) < 45


def test_a_photo_alone_is_not_mixed() -> None:
    images, labels = _batch(1)
    mixed, targets = Mixing(mixup=1.0, classes=2)(images, labels, np.random.default_rng(0))
    assert torch.equal(mixed, images)
    assert targets.tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize("wrong", [{"mixup": -1.0}, {"cutmix": float("inf")}, {"smoothing": 1.0}, {"classes": 0}])
def test_nonsense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(FovealError, match=next(iter(wrong))) as caught:
        Mixing(**{"classes": 3, **wrong})  # type: ignore[arg-type]
    assert caught.value.code == "bad-option"
