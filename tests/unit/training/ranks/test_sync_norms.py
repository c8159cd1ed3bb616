"""In a job of one process a synced batch norm is a batch norm; with several see `test_two_ranks.py`."""

from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
timm_layers = pytest.importorskip("timm.layers", reason="the extra `train` is not installed")

from torch import distributed, nn  # noqa: E402

from foveal.training.norms import batch_norms  # noqa: E402
from foveal.training.ranks.sync_norms import SyncNorm, sync_norms, unsync_norms  # noqa: E402

pytestmark = pytest.mark.skipif(not distributed.is_gloo_available(), reason="this PyTorch has no gloo")

NORMS = {
    "plain": (lambda: nn.BatchNorm2d(4), (6, 4, 3, 5)),
    "momentum": (lambda: nn.BatchNorm2d(4, momentum=0.3, eps=0.1), (6, 4, 3, 5)),
    "mean of all": (lambda: nn.BatchNorm2d(4, momentum=None), (6, 4, 3, 5)),
    "no scale": (lambda: nn.BatchNorm2d(4, affine=False), (6, 4, 3, 5)),
    "no statistics": (lambda: nn.BatchNorm2d(4, track_running_stats=False), (6, 4, 3, 5)),
    "rows": (lambda: nn.BatchNorm1d(4), (6, 4)),
    "volumes": (lambda: nn.BatchNorm3d(4), (6, 4, 2, 3, 2)),
    "timm's": (lambda: timm_layers.BatchNormAct2d(4), (6, 4, 3, 5)),
}


@pytest.fixture(autouse=True)
def job(tmp_path):
    distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


def drawn(shape, seed=0, dtype=torch.float32):
    # Far from 0 against its spread, where sums of squares would cancel.
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype) + 100


@pytest.mark.parametrize("kind", NORMS)
def test_it_says_and_learns_what_the_layer_does(kind):
    make, shape = NORMS[kind]
    whole = nn.Sequential(make())
    if whole[0].affine:
        nn.init.uniform_(whole[0].weight)
        nn.init.uniform_(whole[0].bias)
    synced = copy.deepcopy(whole)
    assert sync_norms(synced) == 1
    assert isinstance(synced[0], SyncNorm)
    assert synced.state_dict().keys() == whole.state_dict().keys()
    for seed in range(3):
        ours, theirs = drawn(shape, seed).requires_grad_(), drawn(shape, seed).requires_grad_()
        said, expected = synced(ours), whole(theirs)
        assert torch.allclose(said, expected, atol=1e-4)
        said.pow(3).sum().backward()
        expected.pow(3).sum().backward()
        assert torch.allclose(ours.grad, theirs.grad, rtol=1e-3, atol=1e-3)
    for name, value in whole.named_parameters():
        assert torch.allclose(synced.get_parameter(name).grad, value.grad, rtol=1e-4, atol=1e-3)
    for name, value in whole.named_buffers():
        assert torch.allclose(synced.get_buffer(name), value, rtol=1e-5)
    whole.eval()
    synced.eval()
    assert torch.allclose(synced(drawn(shape)), whole(drawn(shape)), atol=1e-4)
    unsync_norms(synced)
    assert type(synced[0]) is type(whole[0])
    assert torch.allclose(synced(drawn(shape)), whole(drawn(shape)), atol=1e-4)


def test_gradients_against_differences():
    norm = SyncNorm(nn.BatchNorm2d(2).double())
    images = torch.randn(3, 2, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(norm, (images,))


def test_short_numbers_are_summed_in_long_ones():
    whole, images = nn.BatchNorm2d(4), drawn((6, 4, 3, 5)).bfloat16().requires_grad_()
    synced = SyncNorm(copy.deepcopy(whole))
    said = synced(images)
    said.sum().backward()
    assert said.dtype == images.grad.dtype == torch.bfloat16
    assert torch.allclose(said.float(), whole(images.float()), atol=0.02)
    assert torch.allclose(synced.running_var, whole.running_var)


def test_frozen_norms_stay_and_the_optimiser_keeps_its_hold():
    module = nn.Sequential(nn.BatchNorm2d(4), nn.BatchNorm2d(4))
    module[0].eval()
    weight = module[1].weight
    assert sync_norms(module) == 1
    assert [name for name, _ in batch_norms(module)] == ["0"]
    assert module[1].weight is weight
    unsync_norms(module)
    assert module[1].weight is weight
