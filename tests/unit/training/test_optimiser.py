from __future__ import annotations

import json

import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from safetensors.torch import load, save  # noqa: E402
from torch import nn  # noqa: E402

from foveal.errors import FovealError  # noqa: E402
from foveal.training.optimiser import (  # noqa: E402
    OPTIMISERS,
    head_groups,
    layerwise,
    make_optimiser,
    optimiser_state,
    restore_optimiser,
    set_rates,
    train_only,
)


class Body(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 4))
        self.stem = nn.Linear(3, 4)
        self.norm = nn.LayerNorm(4)
        self.last = nn.Linear(4, 4)

    def no_weight_decay(self) -> set[str]:
        return {"token"}

    def stages(self) -> list[list[nn.Parameter]]:
        return [[self.token, *self.stem.parameters(), *self.norm.parameters()], [*self.last.parameters()]]


class Small(nn.Module):
    """What a recogniser looks like to the groups."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.network, self.neck, self.classifier = Body(), nn.Linear(4, 4), nn.Linear(4, 2)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        seen = self.network.norm(self.network.stem(rows) + self.network.token)
        return self.classifier(self.neck(torch.relu(self.network.last(seen))))


def rates(module: nn.Module, groups: list[dict]) -> dict[str, tuple[float, float]]:
    """Name of a parameter to its rate and its decay."""
    names = {id(each): name for name, each in module.named_parameters()}
    return {names[id(each)]: (group["rate"], group["weight_decay"]) for group in groups for each in group["params"]}


def step(module: nn.Module, optimiser: torch.optim.Optimizer, seed: int) -> None:
    rows = torch.randn(6, 3, generator=torch.Generator().manual_seed(seed))
    nn.functional.cross_entropy(module(rows), torch.arange(6) % 2).backward()
    optimiser.step()
    optimiser.zero_grad()


def test_earlier_stages_learn_slower_and_only_matrices_decay():
    module = Small()
    found = rates(module, layerwise(module, rate=0.8, decay=0.5, weight_decay=0.1))
    assert found == {
        "network.token": (0.2, 0.0),
        "network.stem.weight": (0.2, 0.1),
        "network.stem.bias": (0.2, 0.0),
        "network.norm.weight": (0.2, 0.0),
        "network.norm.bias": (0.2, 0.0),
        "network.last.weight": (0.4, 0.1),
        "network.last.bias": (0.4, 0.0),
        "neck.weight": (0.8, 0.1),
        "neck.bias": (0.8, 0.0),
        "classifier.weight": (0.8, 0.1),
        "classifier.bias": (0.8, 0.0),
    }


def test_only_what_is_in_the_groups_is_trained():
    module = Small()
    groups = head_groups(module, rate=0.1, weight_decay=0.0)
    assert train_only(module, groups) == 4 * 4 + 4 + 4 * 2 + 2
    before = {name: value.clone() for name, value in module.state_dict().items()}
    step(module, make_optimiser("adamw", groups), 0)
    moved = {name for name, value in module.state_dict().items() if not torch.equal(value, before[name])}
    assert moved == {name for name in before if name.startswith(("neck", "classifier"))}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_the_loss_falls(name):
    module = Small()
    optimiser = make_optimiser(name, layerwise(module, rate=0.05, decay=0.9, weight_decay=0.01))
    assert optimiser.defaults["fused"]
    rows = torch.randn(6, 3)
    losses = []
    for _ in range(30):
        value = nn.functional.cross_entropy(module(rows), torch.arange(6) % 2)
        value.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(value.item())
    assert losses[-1] < 0.7 * losses[0]


def test_nesterov_by_hand():
    """Gradient 1 all the time, momentum 0.9: 1 + 0.9 · 1 in the first step, 1 + 0.9 · 1.9 in the second."""
    weight = nn.Parameter(torch.zeros(1))
    optimiser = make_optimiser("sgd", [{"params": [weight], "rate": 0.1, "weight_decay": 0.0}])
    moved = []
    for _ in range(2):
        weight.grad = torch.ones(1)
        before = weight.item()
        optimiser.step()
        moved.append(before - weight.item())
    assert moved == pytest.approx([0.19, 0.271])


def test_rates_follow_the_schedule():
    module = Small()
    optimiser = make_optimiser("adam", layerwise(module, rate=0.8, decay=0.5, weight_decay=0))
    set_rates(optimiser, 0.5)
    set_rates(optimiser, 0.25)
    assert sorted({group["lr"] for group in optimiser.param_groups}) == [0.05, 0.1, 0.2]


@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("steps", [0, 3])
def test_restored_from_a_file_it_goes_on_bit_for_bit(name, steps):
    module, again = Small(), Small()
    ours, theirs = (
        make_optimiser(name, layerwise(each, rate=0.1, decay=0.7, weight_decay=0.05)) for each in (module, again)
    )
    for seed in range(steps):
        step(module, ours, seed)
    set_rates(ours, 1 / 3)
    tensors, rest = optimiser_state(ours)
    assert json.loads(rest)["groups"][0]["lr"] == ours.param_groups[0]["lr"]
    again.load_state_dict(module.state_dict())
    restore_optimiser(theirs, load(save(tensors)), rest)
    for seed in range(steps, steps + 3):
        step(module, ours, seed)
        step(again, theirs, seed)
    assert all(torch.equal(value, again.state_dict()[key]) for key, value in module.state_dict().items())


def test_a_state_of_other_groups_is_refused():
    module = Small()
    everything = make_optimiser("adamw", layerwise(module, rate=0.1, decay=1, weight_decay=0))
    head = make_optimiser("adamw", head_groups(module, rate=0.1, weight_decay=0))
    with pytest.raises(FovealError, match=r"expected groups of \[2, 2\] parameters, got \[1, 4, 1, 1, 2, 2\]"):
        restore_optimiser(head, *optimiser_state(everything))


def test_nonsense_is_refused():
    module = Small()
    for call, said in (
        (lambda: layerwise(module, rate=0.1, decay=0, weight_decay=0), "decay above 0 to 1"),
        (lambda: layerwise(module, rate=0, decay=1, weight_decay=0), "a rate above 0"),
        (lambda: make_optimiser("adamw", []), "groups with parameters to train"),
    ):
        with pytest.raises(FovealError, match=said) as caught:
            call()
        assert caught.value.code == "bad-value"
    with pytest.raises(FovealError) as caught:
        make_optimiser("adamx", head_groups(module, rate=0.1, weight_decay=0))
    assert caught.value.code == "unknown-name"
