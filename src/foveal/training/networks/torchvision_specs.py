"""The classifiers of torchvision as specs, from its own enumerations of weights."""

from __future__ import annotations

import functools
import math
from typing import Any

from torchvision import models

from foveal.backbones.card import Licence
from foveal.imaging.preprocess import Preprocess
from foveal.training.networks.families import title_and_paper
from foveal.training.networks.spec import Spec

_LICENCE = Licence(
    spdx="BSD-3-Clause",
    holder="PyTorch contributors",
    source="https://github.com/pytorch/vision#pre-trained-model-license",
)
# Facebook AI's SWAG weights name terms of their own.
_SWAG_SPDX = "CC-BY-NC-4.0"
_RESIZED = 256


@functools.cache
def architectures() -> dict[str, None]:
    """Every image classifier of torchvision, in its order."""
    return dict.fromkeys(models.list_models(module=models))


def tags(architecture: str) -> list[str]:
    """Tags of its weights, the library's default first."""
    weights = models.get_model_weights(architecture)
    default = weights.DEFAULT
    return [each.name.lower() for each in sorted(weights, key=lambda each: each is not default)]


def spec_of(architecture: str, tag: str) -> Spec:
    """The spec of an architecture and one of its `tags`."""
    weights = weights_of(architecture, tag)
    title, paper = title_and_paper(architecture)
    licence = weights.meta.get("license")
    top1 = float(weights.meta["_metrics"]["ImageNet-1K"]["acc@1"])
    # One set of VGG-16 weights has no classifier, and not-a-number for its accuracy.
    labelled = not math.isnan(top1)
    return Spec(
        library="torchvision",
        architecture=architecture,
        tag=tag,
        short_name=f"{architecture}.{tag}",
        title=title,
        paper=paper,
        trained_on="ImageNet-1k (ILSVRC2012 train)" if "swag" not in tag else "Instagram photos, then ImageNet-1k",
        licence=Licence(spdx=_SWAG_SPDX, holder="Meta Platforms", source=licence) if licence else _LICENCE,
        published_top1=top1 if labelled else None,
        parameters=int(weights.meta["num_params"]),
        preprocess=_preprocess(weights.transforms.keywords),
        classes="imagenet1k" if labelled else "",
        source=weights.url,
    )


def weights_of(architecture: str, tag: str) -> Any:
    """The member of torchvision's enumeration that a tag names."""
    return next(each for each in models.get_model_weights(architecture) if each.name.lower() == tag)


def _preprocess(given: dict[str, Any]) -> Preprocess:
    """Resizing the short side and cutting the middle, in one."""
    side = int(given["crop_size"])
    return Preprocess(
        size_wh=(side, side),
        mode="crop",
        crop_share=min(1.0, side / int(given.get("resize_size", _RESIZED))),
        mean=tuple(given.get("mean", (0.485, 0.456, 0.406))),
        std=tuple(given.get("std", (0.229, 0.224, 0.225))),
    )
