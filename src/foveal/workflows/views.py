"""Which networks look at the photos: from the names and the effort people choose to views ready to run."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import util

import numpy as np
from numpy.typing import NDArray

from foveal.backbones.card import Card
from foveal.backbones.catalogue import find
from foveal.backbones.network import Network, load_network
from foveal.backbones.quantise import quantise
from foveal.data.photo import AnyPhoto, as_photo
from foveal.errors import FovealError, unknown_name
from foveal.features.settings import Settings
from foveal.features.view import View
from foveal.imaging.preprocess import Preprocess
from foveal.runtimes import PACKAGES, RUNTIMES
from foveal.runtimes.choose import choose
from foveal.runtimes.engine import Choice
from foveal.storage import cache_folder, keep

_SAMPLE_PHOTOS = 32
_FEWEST_TO_CALIBRATE = 16

# With so few photos the embedding alone can beat embedding and taps together, and trying both costs nothing.
_FEW_PHOTOS = 1000

# The mirrored view was worth 0.1 to 0.4 points with up to 1,000 photos of clothes and nothing beside a second network
# with 3,000, where it would cost a third of the time.
_MIRRORED_UP_TO = 2000


@dataclass(frozen=True)
class Effort:
    """How much is spent on a fit.

    Args:
        backbones: Networks that "auto" stands for; they look at every photo and their features stand side by side.
        taps: Whether earlier stages of the network are used besides the embedding.
        mirrored: Whether the first network also sees every photo flipped left to right, with up to 2,000 photos.
    """

    backbones: tuple[str, ...]
    taps: bool
    mirrored: bool


EFFORTS = {
    "low": Effort(("lite0",), taps=False, mirrored=False),
    "default": Effort(("lite0",), taps=True, mirrored=False),
    "high": Effort(("lite0", "lite2"), taps=True, mirrored=True),
}


def effort_named(name: str) -> Effort:
    """Look an effort up; an unknown name is an error that lists the near ones."""
    if name not in EFFORTS:
        raise unknown_name("effort", name, EFFORTS)
    return EFFORTS[name]


def cards_for(backbone: str, effort: Effort) -> list[Card]:
    """Cards of "auto", or of one or several names with commas between."""
    names = effort.backbones if backbone == "auto" else tuple(name.strip() for name in backbone.split(","))
    return [find(name) for name in dict.fromkeys(names)]


def views_for(cards: Sequence[Card], effort: Effort, photos: Sequence[AnyPhoto], settings: Settings) -> list[View]:
    """Every view that a fit extracts, networks in order, a mirrored one after its plain one."""
    views: list[View] = []
    for card in cards:
        outputs = card.features if effort.taps else ("embedding",)
        # Training photos are rarely as centred as ImageNet's: cut half of what a square leaves out, squeeze the rest.
        preprocess = replace(card.preprocess, mode="balance", crop_share=1.0)
        view = make_view(card, load_network(card), preprocess, outputs, photos, settings)
        views.append(view)
        if effort.mirrored and not views[1:] and len(photos) <= _MIRRORED_UP_TO:
            views.append(view.mirror())
    return views


def candidates(views: Sequence[View], photos: int) -> dict[str, tuple[View, ...]]:
    """Feature sets to cross-validate, by name: cheap ones first."""
    plain = tuple(view for view in views if not view.mirrored)
    sets = {" + ".join(view.backbone for view in plain): plain}
    if len(plain) < len(views):
        sets[" + ".join(view.backbone for view in plain) + ", mirrored too"] = tuple(views)
    if photos <= _FEW_PHOTOS and any(len(view.outputs) > 1 for view in plain):
        sets = {f"{plain[0].backbone}, embedding only": (plain[0].only("embedding"),), **sets}
    return sets


def make_view(
    card: Card,
    network: Network,
    preprocess: Preprocess,
    outputs: tuple[str, ...],
    photos: Sequence[AnyPhoto],
    settings: Settings,
    *,
    learns: bool = True,
) -> View:
    """A view with the runtime and precision that this machine runs best.

    Args:
        card: The backbone.
        network: Its network file.
        preprocess: From photo to network input.
        outputs: Outputs that make up a row.
        photos: Photos to be run: their number decides whether int8 pays, and a few of them calibrate it.
        settings: May name runtime and precision.
        learns: Whether a head will be learnt on these features, which absorbs what int8 changes. With the network's
            own head int8 costs one to two points of ImageNet top-1, so it must be asked for.
    """

    def sample() -> list[NDArray[np.uint8]]:
        return _sample(photos, preprocess) or [noise(preprocess)]

    @functools.cache
    def quantised() -> bytes:
        path = cache_folder() / "networks" / f"{card.name}-{network.sha256[:12]}-int8.onnx"
        try:
            return path.read_bytes()
        except OSError:
            content = quantise(network.content, _calibration(photos, preprocess))
        keep(path, content)
        return content

    choice = choose(
        network.content,
        sha256=network.sha256,
        output=outputs[0],
        photos=sample,
        quantise=quantised if learns or settings.precision == "int8" else None,
        ahead=len(photos),
        runtime=settings.runtime,
        precision=settings.precision,
    )
    if choice.precision == "int8":
        network = Network.of(quantised(), network.outputs)
    return View(card.name, network, preprocess, outputs, choice)


def usable_here(view: View, settings: Settings) -> View:
    """A view of a model file on this machine: a runtime or precision that it lacks gives way to one it has.

    int8 is a property of the network file and stays.
    """
    runtime = settings.runtime
    if view.choice.runtime not in RUNTIMES:
        raise unknown_name("runtime", view.choice.runtime, RUNTIMES)
    if runtime == "auto":
        runtime = next((name for name in (view.choice.runtime, *RUNTIMES) if util.find_spec(PACKAGES[name])), "onnx")
    precision = view.choice.precision if settings.precision == "auto" else settings.precision
    if (view.choice.precision == "int8") != (precision == "int8"):
        raise FovealError(
            "bad-option",
            f"--precision: expected {'int8' if view.choice.precision == 'int8' else 'f32 or bf16'}, which the model's "
            f"network is stored in, got {precision}",
            hint="leave it out, or fit the model again with the precision you want",
        )
    if precision == "bf16" and settings.precision == "auto" and not _bf16_here(runtime):
        precision = "f32"
    return replace(view, choice=Choice(runtime, precision))


def _bf16_here(runtime: str) -> bool:
    if runtime != "openvino":
        return False
    from foveal.runtimes.openvino import has_bf16

    return has_bf16()


def _sample(photos: Sequence[AnyPhoto], preprocess: Preprocess) -> list[NDArray[np.uint8]]:
    """Up to 32 readable photos, spread evenly over all, preprocessed."""
    found: list[NDArray[np.uint8]] = []
    step = max(1, len(photos) // _SAMPLE_PHOTOS)
    for photo in itertools.islice(photos, 0, None, step):
        try:
            source = as_photo(photo)
            image = source.decode(source.read(), min_side=240)
            found.append(preprocess.apply(image).copy())
        except FovealError:
            continue
        if len(found) == _SAMPLE_PHOTOS:
            break
    return found


def _calibration(photos: Sequence[AnyPhoto], preprocess: Preprocess) -> list[NDArray[np.uint8]]:
    found = _sample(photos, preprocess)
    if len(found) < _FEWEST_TO_CALIBRATE:
        raise FovealError(
            "needs-photos",
            f"--precision int8: expected at least {_FEWEST_TO_CALIBRATE} readable photos to calibrate the network "
            f"with, got {len(found)}",
            hint="name more photos, or leave --precision on auto",
        )
    return found


def noise(preprocess: Preprocess) -> NDArray[np.uint8]:
    """An input of random pixels, uint8 [H, W, 3]: good for timing, poor for accuracy."""
    width, height = preprocess.size_wh
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
