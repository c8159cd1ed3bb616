"""What holds for each row of `RECIPES`."""

from __future__ import annotations

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
pytest.importorskip("timm", reason="the extra `train` is not installed")

from tests.unit.training.recipes.tiny_training import (  # noqa: E402
    RESNET,
    VIT,
    built,
    network,
    options,
    pictures,
    trained,
)

from foveal.errors import FovealError  # noqa: E402
from foveal.heads.linear import LinearHead  # noqa: E402
from foveal.training.norms import fold_norms  # noqa: E402
from foveal.training.options import PARTS_OF_TRAINING  # noqa: E402
from foveal.training.probe_start import start_outputs  # noqa: E402
from foveal.training.recipes import RECIPES, find_recipe  # noqa: E402
from foveal.training.recipes.making import sizes  # noqa: E402
from foveal.training.rooted import RootedLinear  # noqa: E402
from foveal.training.start import Start  # noqa: E402

HEAD = {"classifier.weights", "classifier.bias"}


def is_norm(recogniser, name):
    owner = recogniser.get_submodule(name.rpartition(".")[0])
    return isinstance(owner, torch.nn.modules.batchnorm._BatchNorm | torch.nn.LayerNorm)


def network_names(recogniser):
    return {name for name, _ in recogniser.named_parameters() if name.startswith("network.body.")}


def expected(recipe, recogniser):
    """The parameters that a recipe says it trains."""
    everything = {name for name, _ in recogniser.named_parameters()}
    inside = network_names(recogniser)
    return {
        "linear-then-full": inside | HEAD,
        "full": inside | {"classifier.weight", "classifier.bias"},
        "distill": inside | {"classifier.weight", "classifier.bias"},
        "from-scratch": inside | {"classifier.weight", "classifier.bias"},
        "head": HEAD,
        "norm-only": {name for name in inside if is_norm(recogniser, name)} | HEAD,
        "bias-only": {name for name in inside if name.endswith("bias")} | HEAD,
        "lora": {name for name in everything if name.endswith((".0.a", ".0.b"))} | HEAD,
        "adapter": {name for name in everything if ".bottleneck." in name} | HEAD,
        "vgg16-classic": {"neck.1.weight", "neck.1.bias", "classifier.weight", "classifier.bias"},
    }[recipe]


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("name", [RESNET, VIT])
def test_it_trains_exactly_what_it_says(recipe, name):
    if (recipe, name) == ("vgg16-classic", VIT):
        pytest.skip("a transformer has no map, which another test is about")
    told = {} if name == RESNET else {"size": 160}
    _, recogniser, phases = built(recipe, name, **told)
    assert trained(recogniser, phases) == expected(recipe, recogniser)
    assert all(group["rate"] > 0 for phase in phases for group in phase.groups(recogniser))


@pytest.mark.parametrize("recipe", RECIPES)
def test_it_begins_knowing_nothing_and_saying_so(recipe):
    chosen, recogniser, _ = built(recipe)
    with torch.no_grad():
        logits = recogniser.eval()(pictures())
    assert logits.shape == (4, 3)
    if recogniser.beginning == "zero":
        assert logits.abs().max() == 0
    else:
        assert recipe in {"from-scratch", "vgg16-classic"}
    assert chosen.rooted == isinstance(recogniser.classifier, RootedLinear)


@pytest.mark.parametrize("recipe", [name for name in RECIPES if find_recipe(name).rooted])
@pytest.mark.parametrize("name", [RESNET, VIT])
def test_a_rooted_one_begins_with_the_answers_of_the_probe(recipe, name):
    plain = network(name).eval()
    side = 160
    outputs = start_outputs(plain)
    columns = sum(plain.output_columns[each] for each in outputs)
    chance = np.random.default_rng(0)
    head = LinearHead(
        *(chance.uniform(0.2, 1, columns).astype(np.float32) for _ in range(2)),
        chance.normal(size=(columns, 3)).astype(np.float32),
        chance.normal(size=3).astype(np.float32),
    )
    _, recogniser, _ = built(recipe, name, start=Start(outputs, head), size=side)
    images = pictures(side=side)
    with torch.no_grad():
        found = recogniser.eval()(images)
        named = plain.outputs(recogniser.normalise(images))
    features = np.concatenate([named[each].numpy() for each in outputs], axis=1)
    assert np.allclose(found.numpy(), head.logits(features), atol=1e-4)
    assert recogniser.beginning == "probe"


# Their norms stand still, so that they stand in the convolutions.
FOLDING = ("linear-then-full", "full")


@pytest.mark.parametrize("recipe", RECIPES)
def test_after_the_end_it_answers_as_before_and_is_a_plain_network(recipe):
    chosen, recogniser, _ = built(recipe)
    chance = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for each in recogniser.parameters():
            each.add_(0.05 * torch.randn(each.shape, generator=chance))
        before = recogniser.eval()(pictures())
        chosen.finish(recogniser)
        assert torch.allclose(recogniser(pictures()), before, atol=1e-5, rtol=1e-4)
    plain = network()
    if recipe in FOLDING:
        fold_norms(plain)
    same = [type(each) for each in plain.modules()]
    assert recipe == "adapter" or [type(each) for each in recogniser.network.modules()] == same


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_word_changes_the_phases_or_is_refused_with_its_reason(recipe):
    chosen, recogniser, phases = built(recipe, with_=(), without=tuple(PARTS_OF_TRAINING))
    bare = told_of(recogniser, phases)
    for word in PARTS_OF_TRAINING:
        others = tuple(each for each in PARTS_OF_TRAINING if each != word)
        told = options(recipe, with_=(word,), without=others, size=160)
        if word in chosen.unfit:
            with pytest.raises(FovealError) as caught:
                chosen.phases(recogniser, told)
            assert caught.value.code == "part-unfit"
            assert chosen.unfit[word] in caught.value.message
        elif word != "wise":
            assert told_of(recogniser, chosen.phases(recogniser, told)) != bare, word


def told_of(recogniser, phases):
    return [
        (
            {key: value for key, value in vars(phase).items() if key not in {"groups", "least_epochs"}},
            [group["rate"] for group in phase.groups(recogniser)],
        )
        for phase in phases
    ]


@pytest.mark.parametrize("recipe", RECIPES)
def test_what_the_user_says_goes_before_the_recipe(recipe):
    _, recogniser, phases = built(recipe, epochs=3.5, batch=7, rate=0.0123)
    assert sum(phase.epochs for phase in phases) == 3.5
    assert all(phase.batch == 7 for phase in phases)
    rates = [group["rate"] for phase in phases for group in phase.groups(recogniser)]
    assert max(rates) == pytest.approx(0.0123)


@pytest.mark.parametrize("recipe", RECIPES)
def test_its_own_parts_are_words_that_suit_it(recipe):
    chosen = find_recipe(recipe)
    assert chosen.name == recipe
    assert set(chosen.parts) <= PARTS_OF_TRAINING.keys() - chosen.unfit.keys()
    assert set(chosen.unfit) <= PARTS_OF_TRAINING.keys()


@pytest.mark.parametrize("recipe", RECIPES)
def test_its_file_states_command_costs_and_what_to_expect(recipe):
    text = __import__(RECIPES[recipe].partition(":")[0], fromlist=["x"]).__doc__
    assert text.startswith(f"`foveal train PHOTOS --recipe {recipe} ")
    for word in ("\nWhat it does: ", "\nWhy: ", "\nCosts: ", "\nExpected"):
        assert word in text
    assert "not run here" in text or "measured" in text


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_copy_has_groups_of_its_own(recipe):
    _, recogniser, phases = built(recipe)
    copied = copy.deepcopy(recogniser)
    assert trained(copied, phases) == trained(recogniser, phases)


@pytest.mark.parametrize("recipe", ["head", "norm-only", "bias-only", "lora", "adapter", "vgg16-classic"])
def test_a_base_that_is_not_trained_as_a_whole_stays_in_evaluation_mode(recipe):
    _, recogniser, _ = built(recipe)
    recogniser.train()
    assert not any(each.training for each in recogniser.network.modules())
    assert recogniser.dropout.training


def test_unknown_recipes_get_the_near_ones():
    with pytest.raises(FovealError, match="lora") as caught:
        find_recipe("lorra")
    assert caught.value.code == "unknown-name"


def test_the_classic_refuses_a_network_without_a_map():
    with pytest.raises(FovealError) as caught:
        built("vgg16-classic", VIT)
    assert caught.value.code == "no-feature-map"


def test_the_classic_is_the_textbooks():
    _, recogniser, (phase,) = built("vgg16-classic")
    flat, dense, relu = recogniser.neck
    assert isinstance(flat, torch.nn.Flatten)
    assert dense.out_features == 256
    assert isinstance(relu, torch.nn.ReLU)
    assert recogniser.dropout.p == 0.5
    assert (phase.epochs, phase.batch, phase.optimiser, phase.shape) == (10, 20, "adam", "constant")
    assert [group["rate"] for group in phase.groups(recogniser)] == [1e-4, 1e-4]
    assert find_recipe("vgg16-classic").backbone == "vgg16"
    assert phase.augment.crop is None
    assert not phase.augment.flip


def test_sizes_are_those_that_the_network_takes():
    of_one_size = network("timm/vit_tiny_patch16_224")
    of_any = network(RESNET)
    words = frozenset({"progressive"})
    assert sizes(words, of_one_size, options(size=None)) == ()
    assert sizes(words, of_any, options(size=224)) == (160, 192, 224)
    assert sizes(frozenset({"smaller"}), of_any, options(size=224)) == (192,)
    assert sizes(frozenset({"ema"}), of_any, options(size=224)) == ()
