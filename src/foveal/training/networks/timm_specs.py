"""The networks of timm as specs, from its own pretrained configurations."""

from __future__ import annotations

import functools
from typing import Any

import timm
from timm.models import get_pretrained_cfg, list_pretrained

from foveal.backbones.card import Licence
from foveal.imaging.preprocess import Mode, Preprocess
from foveal.training.networks.families import title_and_paper
from foveal.training.networks.spec import Spec

_SPDX = {
    "apache-2.0": "Apache-2.0",
    "bsd-3-clause": "BSD-3-Clause",
    "cc-by-4.0": "CC-BY-4.0",
    "cc-by-nc-4.0": "CC-BY-NC-4.0",
    "mit": "MIT",
}
_MODES: dict[str, Mode] = {"center": "crop", "squash": "stretch", "border": "pad"}
_TRAINED_ON = {
    "in1k": "ImageNet-1k",
    "in12k": "ImageNet-12k",
    "in21k": "ImageNet-21k",
    "in22k": "ImageNet-22k",
    "jft300m": "JFT-300M",
    "laion2b": "LAION-2B",
    "laion400m": "LAION-400M",
    "lvd142m": "LVD-142M",
    "lvd1689m": "LVD-1689M",
    "openai": "OpenAI's WebImageText",
    "webli": "WebLI",
    "yfcc100m": "YFCC100M",
    "ig1b": "Instagram-1B",
    "inat21": "iNaturalist 2021",
}


@functools.cache
def architectures() -> frozenset[str]:
    """Every architecture of timm."""
    return frozenset(timm.list_models())


@functools.cache
def tagged() -> dict[str, None]:
    """Every `architecture.tag` of timm that has weights, in its order."""
    return dict.fromkeys(list_pretrained())


def default_tag(architecture: str) -> str:
    """The tag that timm itself takes; "" when the architecture has no weights."""
    found = get_pretrained_cfg(architecture)
    return str(found.tag) if found is not None and found.has_weights else ""


def spec_of(architecture: str, tag: str) -> Spec:
    """The spec of an architecture and one of its tags ("": no weights)."""
    given = configuration(architecture, tag)
    title, paper = title_and_paper(architecture)
    labelled = given.num_classes == 1000 and bool(tag)
    return Spec(
        library="timm",
        architecture=architecture,
        tag=tag,
        short_name=architecture if tag == default_tag(architecture) else f"{architecture}.{tag}",
        title=title,
        paper=str(given.paper_ids or "") or paper,
        trained_on=_trained_on(tag),
        licence=_licence(given) if tag else Licence(spdx="NOASSERTION"),
        published_top1=None,
        parameters=0,
        preprocess=_preprocess(given),
        classes="imagenet1k" if labelled else "",
        source=_source(given) if tag else "",
    )


def configuration(architecture: str, tag: str) -> Any:
    """timm's own configuration of an architecture with a tag."""
    return get_pretrained_cfg(f"{architecture}.{tag}" if tag else architecture)


def _preprocess(given: Any) -> Preprocess:
    _, height, width = given.input_size
    return Preprocess(
        size_wh=(width, height),
        mode=_MODES[given.crop_mode],
        crop_share=min(1.0, given.crop_pct),
        mean=tuple(given.mean),
        std=tuple(given.std),
    )


def _licence(given: Any) -> Licence:
    said = given.license
    spdx = _SPDX.get(said) or (f"LicenseRef-{said}" if said and said != "unknown" else "NOASSERTION")
    return Licence(spdx=spdx, source=given.origin_url or _source(given))


def _source(given: Any) -> str:
    return f"https://huggingface.co/{given.hf_hub_id}" if given.hf_hub_id else str(given.url or "")


def _trained_on(tag: str) -> str:
    """Photos that a tag names, in its order: it says first what came first."""
    words = tag.split("_")
    return ", then ".join(dict.fromkeys(_TRAINED_ON[word] for word in words if word in _TRAINED_ON))
