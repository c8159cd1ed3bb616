"""Ways of training a network, one script each, to be read and copied. `RECIPES` maps the name to its class."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from foveal.errors import unknown_name

if TYPE_CHECKING:
    from foveal.training.recipes.recipe import Recipe

RECIPES = {
    "linear-then-full": "foveal.training.recipes.linear_then_full:LinearThenFull",
    "full": "foveal.training.recipes.full:Full",
    "head": "foveal.training.recipes.head:Head",
    "norm-only": "foveal.training.recipes.norm_only:NormOnly",
    "bias-only": "foveal.training.recipes.bias_only:BiasOnly",
    "lora": "foveal.training.recipes.lora:Lora",
    "adapter": "foveal.training.recipes.adapter:Adapter",
    "distill": "foveal.training.recipes.distill:Distill",
    "from-scratch": "foveal.training.recipes.from_scratch:FromScratch",
    "vgg16-classic": "foveal.training.recipes.vgg16_classic:VggClassic",
}

SENTENCES = {
    "linear-then-full": "the last layer as a probe first, then all layers at rates that fall towards the pixels",
    "full": "all layers at once, the last from zeros",
    "head": "only the last layer; the network stands still",
    "norm-only": "the normalisation layers and the last layer",
    "bias-only": "the biases and the last layer",
    "lora": "low-rank changes of every layer, added to the weights at the end",
    "adapter": "small bottlenecks behind each stage, which stay in the network",
    "distill": "a small network learns what a large one, --teacher, says of the photos",
    "from-scratch": "random weights, many photos, many epochs",
    "vgg16-classic": "the textbook: VGG16 stands still, dense 256, dropout, softmax",
}
"""What each recipe does, in the order of the table, for lists; needs no torch."""


def find_recipe(name: str) -> Recipe:
    """A recipe by name. Needs torch.

    Raises:
        FovealError: `unknown-name`.
    """
    if name not in RECIPES:
        raise unknown_name("recipe", name, RECIPES)
    module, _, attribute = RECIPES[name].partition(":")
    made: Recipe = getattr(import_module(module), attribute)()
    return made
