from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from torch import nn  # noqa: E402

from foveal.training.device import Device  # noqa: E402
from foveal.training.trial import bytes_a_photo, images_per_s, untouched  # noqa: E402

CPU = Device(kind="cpu", torch_device=torch.device("cpu"))


class Photos(nn.Module):
    """uint8 [N, H, W, 3] to logits, with everything that a step could change."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.norm = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.dropout, self.last = nn.Dropout(0.5), nn.Linear(8, 4)
        self.calls = 0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        seen = self.norm(self.conv(images.permute(0, 3, 1, 2).float() / 255))
        return self.last(self.dropout(seen.mean(dim=(2, 3))))


def test_a_trial_leaves_no_trace():
    module = Photos()
    module.eval()
    module.norm.train()
    module.last.weight.grad = torch.ones_like(module.last.weight)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    state = torch.get_rng_state()
    assert images_per_s(module, CPU, batch=4, size_wh=(16, 12), seconds=0.05) > 0
    assert module.calls >= 2
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)
    assert (module.training, module.norm.training, module.conv.training) == (False, True, False)
    assert module.last.weight.grad.sum() == module.last.weight.numel()
    assert module.conv.weight.grad is None


def test_an_error_leaves_none_either():
    module = Photos()
    module.last = None
    with pytest.raises(TypeError), untouched(module):
        module(torch.zeros(2, 4, 4, 3, dtype=torch.uint8))
    assert module.norm.num_batches_tracked.item() == 0


def test_what_is_hopeless_is_given_up_after_one_step():
    module = Photos()
    images_per_s(module, CPU, batch=2, size_wh=(8, 8), seconds=60, enough=1e12)
    assert module.calls == 2


def test_memory_of_a_photo_by_hand():
    """The map that goes in and the one that comes out, float32, and a little for the last layers."""
    side, module = 64, Photos()
    expected = 4 * side * side * (3 + 8)
    assert expected <= bytes_a_photo(module, CPU, size_wh=(side, side)) <= 1.1 * expected
