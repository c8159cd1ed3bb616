"""Find a network of foveal, timm or torchvision by name.

A bare name means the first that has weights for it of foveal (whose weights an offline package brings), timm and
torchvision; where none has weights, the first that has the architecture. "timm/NAME" and "torchvision/NAME" ask for
that library. A name without a tag means the weights that the library itself takes by default. The short names below
stand for names that neither library has.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools

from foveal.backbones import catalogue as built_in
from foveal.backbones.card import Card
from foveal.errors import FovealError, unknown_name
from foveal.training.networks import convnet32, timm_specs, torchvision_specs
from foveal.training.networks.spec import LIBRARIES, Spec

SHORT_NAMES = {
    "convnext": "convnext_tiny",
    "mobilenet_v3": "mobilenet_v3_large",
    "regnet": "regnety_032",
    "swin": "swin_tiny_patch4_window7_224",
    "swin_tiny": "swin_tiny_patch4_window7_224",
    "swin_small": "swin_small_patch4_window7_224",
    "swin_base": "swin_base_patch4_window7_224",
    "vit_tiny": "vit_tiny_patch16_224",
    "vit_small": "vit_small_patch16_224",
    "vit_base": "vit_base_patch16_224",
    "vit_large": "vit_large_patch16_224",
}
"""What people type for networks whose name in the libraries is longer."""

_PACKAGED = ("lite0", "lite1", "lite2")


def find_spec(name: str) -> Spec:
    """Find a network.

    Args:
        name: "auto" (lite0), "resnet50", "resnet50.a1_in1k", "timm/resnet50", "torchvision/alexnet", "lite0", ...

    Raises:
        FovealError: `unknown-name`, listing the near ones.
    """
    wanted = name.strip().lower()
    wanted = built_in.DEFAULT if wanted == "auto" else wanted
    library, _, bare = wanted.rpartition("/")
    if library and library not in LIBRARIES:
        raise unknown_name("library of networks", library, LIBRARIES)
    bare = SHORT_NAMES.get(bare, bare)
    found = [_FINDERS[each](bare) for each in ((library,) if library else LIBRARIES)]
    known = [spec for spec in found if spec is not None]
    if not known:
        raise _unknown(name, library, bare)
    return next((spec for spec in known if spec.tag), known[0])


def search(text: str, *, most: int = 50) -> list[Spec]:
    """Networks with weights whose `library/architecture.tag` has every word of a text.

    No network is built: `parameters` is 0 where the library does not state it.

    Args:
        text: Words such as "resnet50 timm"; "" finds every network.
        most: How many at most; those named exactly so first, then in the order of the libraries.
    """
    return [_spec_named(name) for name in _matching(text)[:most]]


def count(text: str) -> int:
    """How many networks `search` would find with no limit."""
    return len(_matching(text))


def _matching(text: str) -> list[str]:
    """`library/architecture.tag` of what has every word, those whose architecture is one of the words first."""
    words = text.lower().split()
    found = [name for name in _every_name() if all(word in name for word in words)]
    return sorted(found, key=lambda name: name.partition("/")[2].partition(".")[0] not in words)


def _spec_named(name: str) -> Spec:
    library, _, bare = name.partition("/")
    found = _FINDERS[library](bare)
    if found is None:
        raise _unknown(name, library, bare)
    return found


@functools.cache
def _every_name() -> tuple[str, ...]:
    """`library/architecture.tag` of everything with weights."""
    return (
        *(f"foveal/{built_in.find(name).name}" for name in _PACKAGED),
        *(f"timm/{name}" for name in timm_specs.tagged()),
        *(
            f"torchvision/{architecture}.{tag}"
            for architecture in torchvision_specs.architectures()
            for tag in torchvision_specs.tags(architecture)
        ),
    )


def _in_foveal(bare: str) -> Spec | None:
    if bare == convnet32.NAME:
        return convnet32.spec()
    for card in map(built_in.find, _PACKAGED):
        architecture, _, tag = card.name.rpartition(".")
        if bare in (card.short_name, card.name, architecture):
            return _of_card(card, architecture, tag)
    return None


def _of_card(card: Card, architecture: str, tag: str) -> Spec:
    return Spec(
        library="foveal",
        architecture=architecture,
        tag=tag,
        short_name=card.short_name,
        title=card.title,
        paper=card.paper,
        trained_on=card.trained_on,
        licence=card.licence,
        published_top1=card.published_top1,
        parameters=card.parameters,
        preprocess=card.preprocess,
        classes=card.classes,
        source=f"package {card.weights.package}",
    )


def _in_timm(bare: str) -> Spec | None:
    architecture, _, tag = bare.partition(".")
    if architecture not in timm_specs.architectures():
        return None
    if tag and bare not in timm_specs.tagged():
        return None
    found = timm_specs.spec_of(architecture, tag or timm_specs.default_tag(architecture))
    return found if _means(found.short_name, "timm") else dataclasses.replace(found, short_name=found.name)


def _in_torchvision(bare: str) -> Spec | None:
    architecture, _, tag = bare.partition(".")
    if architecture not in torchvision_specs.architectures():
        return None
    known = torchvision_specs.tags(architecture)
    if tag and tag not in known:
        return None
    found = torchvision_specs.spec_of(architecture, tag or known[0])
    bare_is_enough = found.tag == known[0] and _means(architecture, "torchvision")
    return dataclasses.replace(found, short_name=architecture) if bare_is_enough else found


def _means(bare: str, library: str) -> bool:
    """Whether a bare name without a tag is a network of this library, by the rule above."""
    if _in_foveal(bare) is not None:
        return library == "foveal"
    in_timm = bare in timm_specs.architectures()
    in_torchvision = bare in torchvision_specs.architectures()
    if in_timm and (timm_specs.default_tag(bare) or not in_torchvision):
        return library == "timm"
    return library == "torchvision"


_FINDERS = {"foveal": _in_foveal, "timm": _in_timm, "torchvision": _in_torchvision}


def _unknown(name: str, library: str, bare: str) -> FovealError:
    """The error for a name that nothing has, with the near ones."""
    names = [full.partition("/")[2] for full in _every_name() if full.startswith(library)]
    known = dict.fromkeys(
        [convnet32.NAME, *([] if library else SHORT_NAMES), *(each.partition(".")[0] for each in names), *names]
    )
    near = difflib.get_close_matches(bare, known, n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(near)}?" if near else "search with `foveal models --search TEXT`"
    return FovealError("unknown-name", f"expected the name of a network, got {name!r}", hint=hint)
