"""Pictures of what a network is and sees: its drawing, first kernels, feature maps, and the photos that excite it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal.backbones.network import load_network
from foveal.classifier.classifier import none_readable
from foveal.classifier.photos import as_photos
from foveal.data.photo import AnyPhoto, as_photo, photo_name
from foveal.errors import FovealError, unknown_name
from foveal.explainers.channels import Excited, class_channels, draw_excited, most_excited
from foveal.explainers.feature_maps import draw_stage_maps, stage_maps
from foveal.explainers.gallery import file_name
from foveal.explainers.kernels import draw_kernels, first_kernels
from foveal.explainers.network_drawing import draw_network
from foveal.features.extract import Extracted, extract
from foveal.features.settings import Settings, open_cache
from foveal.features.view import View
from foveal.heads.affine import AffineHead
from foveal.heads.linear import LinearHead
from foveal.imaging.thumbnail import reduced
from foveal.workflows.describe import Described
from foveal.workflows.views import make_view, usable_here

_CHANNELS = 6
_PHOTOS = 8
_PICTURE_SIDE = 160
_DECODE_SIDE = 240


def write_drawing(described: Described, path: Path) -> list[Path]:
    """Draw the networks; with several, the name of each stands in its file's name.

    Raises:
        FovealError: `bad-option`, `cannot-write`.
    """
    networks = described.description.networks
    title = described.description.name if len(networks) == 1 else ""
    files = _files(described, path)
    return [draw_network(network, file, title=title) for network, file in zip(networks, files, strict=True)]


def write_kernels(described: Described, path: Path) -> list[Path]:
    """Write the first convolution's kernels as a picture.

    Raises:
        FovealError: `no-kernels`, `bad-option`, `cannot-write`.
    """
    tables, files = described.description.networks, _files(described, path)
    return [
        draw_kernels(first_kernels(content, name=table.name), file, title=f"First kernels of {table.name}")
        for content, table, file in zip(described.networks, tables, files, strict=True)
    ]


def write_feature_maps(described: Described, photo: str | Path, folder: Path) -> list[Path]:
    """Write what every stage makes of a photo, `features.png` in a folder.

    Args:
        described: What is described.
        photo: The photo.
        folder: Where the picture goes.

    Raises:
        FovealError: `bad-option` for a bare network file, or a folder of several photos; `not-found`, `no-photos`,
            `no-kernels`, `cannot-write`.
    """
    if not described.preprocess:
        raise _needs_preprocess(described)
    given = as_photos(photo)
    if len(given) != 1:
        raise FovealError(
            "bad-option",
            f"--features: expected one photo, got {len(given):,} in {photo}",
            hint="name one of them",
        )
    source = as_photo(given[0])
    tables, files = described.description.networks, _files(described, folder / "features.png")
    done = []
    for content, table, preprocess, file in zip(described.networks, tables, described.preprocess, files, strict=True):
        shown = preprocess.apply(source.decode(source.read(), min_side=max(_DECODE_SIDE, *preprocess.size_wh)))
        maps = stage_maps(content, table, shown)
        done.append(draw_stage_maps(shown, maps, file, title=f"What {table.name} sees in {Path(photo).name}"))
    return done


def write_excited(
    described: Described,
    photos: str | Path | Sequence[str | Path],
    folder: Path,
    *,
    channel: str = "",
    class_name: str = "",
    settings: Settings | None = None,
) -> tuple[list[Excited], Path]:
    """Find the photos that most excite a channel, or the channels that count most for a class, and write them.

    Args:
        described: What is described.
        photos: Photos and folders to search.
        folder: Where the picture goes.
        channel: Output and number, such as "tap_7:12"; with several networks "BACKBONE/tap_7:12".
        class_name: A class of the model; its six most weighted channels are meant.
        settings: How to run.

    Returns:
        What was found, and the file written.

    Raises:
        FovealError: `bad-option`, `unknown-name`, `not-found`, `no-photos`, `cannot-write`.
    """
    settings = settings or Settings()
    if bool(channel) == bool(class_name):
        raise FovealError("bad-option", "expected a channel or a class, got both or none", hint="name one of the two")
    given = as_photos(photos)
    views = _views(described, channel, given, settings)
    columns, title = _wanted(described, views, channel, class_name)
    with (
        open_cache(settings) as cache,
        extract(given, views, cache, progress=settings.progress) as features,
    ):
        found = _excited(given, features, views, columns)
    pictures = [[_picture(given[row]) for row in each.rows.tolist()] for each in found]
    name = f"channel-{file_name(channel.replace(':', '-'))}" if channel else f"class-{file_name(class_name)}"
    return found, draw_excited(found, pictures, folder / f"{name}.png", title=title)


def _files(described: Described, path: Path) -> list[Path]:
    """One file a network: the path itself for one, with the network's name in it for several."""
    networks = described.description.networks
    if len(networks) == 1:
        return [path]
    return [path.with_name(f"{path.stem}-{network.name}{path.suffix}") for network in networks]


def _views(described: Described, channel: str, photos: Sequence[AnyPhoto], settings: Settings) -> list[View]:
    """Views whose rows hold the channels: the model's own, or all pooled outputs of the backbone."""
    if described.model is not None:
        return [usable_here(view, settings) for view in described.model.views]
    if described.card is None:
        raise _needs_preprocess(described)
    card = described.card
    # What `fit` keeps in the cache, where that will do.
    output = channel.rpartition(":")[0].rpartition("/")[2]
    outputs = card.features if output in card.features else tuple(card.outputs)
    preprocess = replace(card.preprocess, mode="balance", crop_share=1.0)
    return [make_view(card, load_network(card), preprocess, outputs, photos, settings)]


def _wanted(
    described: Described, views: Sequence[View], channel: str, class_name: str
) -> tuple[list[tuple[int, float | None]], str]:
    """Columns of the features with their weights for the class, and the title of the picture."""
    if channel:
        return [(_column(views, channel), None)], f"The photos that most excite {channel}"
    model = described.model
    if model is None or not isinstance(model.head, LinearHead | AffineHead):
        raise FovealError(
            "bad-option",
            f"--class: expected a fitted model, whose head weighs the channels, got {described.description.name}",
            hint="`foveal fit` makes one; for a channel of a backbone use --channel",
        )
    if class_name not in model.class_names:
        raise unknown_name("class", class_name, model.class_names)
    found = class_channels(model.head, model.class_names.index(class_name), _CHANNELS)
    title = f"The channels that count most for {class_name}, and the photos that excite them"
    return [(column, weight) for column, weight in found], title


def _names(views: Sequence[View]) -> list[tuple[str, str, int]]:
    """Backbone, output and number of each column of the features."""
    plain = [view for view in views if not view.mirrored]
    return [(view.backbone, name, at) for view in plain for name, columns in view.layout for at in range(columns)]


def _column(views: Sequence[View], channel: str) -> int:
    """Which column of the features a channel is."""
    place, _, number = channel.rpartition(":")
    backbone, _, output = place.rpartition("/")
    if not (number.isdecimal() and output):
        raise FovealError(
            "bad-option",
            f"--channel: expected OUTPUT:NUMBER, got {channel!r}",
            hint="as in --channel embedding:12",
        )
    names = _names(views)
    known = dict.fromkeys(name for where, name, _ in names if backbone in ("", where))
    if output not in known:
        raise unknown_name("output", place, known or dict.fromkeys(f"{where}/{name}" for where, name, _ in names))
    columns = [at for at, (where, name, _) in enumerate(names) if name == output and backbone in ("", where)]
    # Several networks have outputs of one name: the first network's is meant unless it is named.
    first = [at for at in columns if names[at][0] == names[columns[0]][0]]
    if int(number) >= len(first):
        raise FovealError(
            "bad-option",
            f"--channel: expected a number from 0 to {len(first) - 1}, got {number}",
            hint=f"{output} has {len(first)} channels, counted from 0",
        )
    return first[int(number)]


def _excited(
    photos: Sequence[AnyPhoto],
    features: Extracted,
    views: Sequence[View],
    columns: Sequence[tuple[int, float | None]],
) -> list[Excited]:
    rows = np.flatnonzero(features.readable)
    if not len(rows):
        reasons = ((photo_name(photos[row], row), reason) for row, reason in features.failures.items())
        raise none_readable("the photos", reasons)
    values, names = features.gather(rows, views), _names(views)
    several = len({backbone for backbone, _, _ in names}) > 1
    found = []
    for column, weight in columns:
        backbone, output, number = names[column]
        own = values[:, column].astype(np.float32)
        best = most_excited(own, _PHOTOS)
        found.append(
            Excited(
                channel=f"{backbone}/{output}:{number}" if several else f"{output}:{number}",
                weight=weight,
                rows=rows[best],
                values=own[best],
                photos=tuple(photo_name(photos[row], row) for row in rows[best].tolist()),
                mean=float(own.mean(dtype=np.float64)),
                deviation=float(own.std(dtype=np.float64)),
            )
        )
    return found


def _picture(photo: AnyPhoto) -> NDArray[np.uint8]:
    """A photo made small, uint8 [h, w, 3]."""
    source = as_photo(photo)
    image = source.decode(source.read(), min_side=_PICTURE_SIDE)
    return reduced(image, _PICTURE_SIDE)


def _needs_preprocess(described: Described) -> FovealError:
    return FovealError(
        "bad-option",
        f"{described.description.name}: expected a backbone or a model, got a network file alone, which does not say "
        "how photos are prepared for it",
        hint="register it with `foveal backbone add`, and describe it by its name",
    )
