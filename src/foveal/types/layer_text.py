"""A network description as text: facts, then the layer table by stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, get_args

from foveal.errors import unknown_name
from foveal.types.layers import Field, Layer, LayerTable, Stage, Window
from foveal.types.text import counted, listing, printable, shortened

if TYPE_CHECKING:
    from foveal.types.network_description import NetworkDescription

Detail = Literal["stages", "convolutions", "all"]
DETAILS: tuple[str, ...] = get_args(Detail)

_NAME, _KIND = 22, 17
_HEADER = ("layer", "kind", "k", "s", "p", "groups", "channels", "size", "sees", "step", "weights", "MACs")
# Widths of the columns from k on; with name and kind they fill 100 characters.
_WIDTHS = (3, 1, 3, 6, 8, 7, 4, 4, 7, 6)


def description_text(described: NetworkDescription, detail: str) -> str:
    """Facts and layer table of every network.

    Args:
        described: What is described.
        detail: One of `DETAILS`.

    Raises:
        FovealError: `unknown-name`.
    """
    if detail not in DETAILS:
        raise unknown_name("layer list", detail, DETAILS)
    lines = [printable(described.name), *_facts(described.about)]
    for network in described.networks:
        lines += ["", *_network(network, detail)]
    return "\n".join(lines)


def _facts(about: Mapping[str, Any]) -> Iterator[str]:
    facts = {name.replace("_", " "): _fact(value) for name, value in about.items()}
    width = max((len(name) for name, text in facts.items() if text), default=0)
    for name, text in facts.items():
        if text:
            yield f"  {name:<{width}}  {shortened_end(text, 96 - width)}"


def _fact(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key.replace('_', ' ')} {_fact(each)}" for key, each in value.items() if _fact(each))
    if isinstance(value, list | tuple):
        return listing([_fact(each) for each in value], most=8)
    if isinstance(value, bool) or value is None:
        return "yes" if value else ""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else printable(str(value))


def shortened_end(text: str, width: int) -> str:
    """The text in at most `width` characters; of a longer one the beginning is kept."""
    return text if len(text) <= width else text[: width - 1] + "…"


def _network(network: LayerTable, detail: str) -> Iterator[str]:
    height, width = network.size_hw
    yield (
        f"{network.name}: {width}×{height} photo, {counted(network.convolutions, 'convolution')}, "
        f"{short(network.parameters)} weights, {short(network.macs)} multiply-adds"
    )
    yield (
        f"file {network.file_bytes / 1e6:.1f} MB; values of one photo {network.activation_bytes / 1e6:.1f} MB, "
        f"at most {network.peak_activation_bytes / 1e6:.1f} MB at one time"
    )
    yield ""
    yield _row(_HEADER)
    for stage in network.stages():
        if detail == "all" or stage.macs:
            yield _stage_row(stage)
        if detail != "stages":
            yield from (_layer_row(layer) for layer in stage.layers if detail == "all" or layer.macs)
    yield _row(("total", "", "", "", "", "", "", "", "", "", short(network.parameters), short(network.macs)))
    yield ""
    yield "k kernel, s stride, p padding (before+after where they differ): size = ⌊(h − k + 2p)/s⌋ + 1"
    yield "sees: pixels of the photo that one position can see, step: pixels between two neighbours"
    if any(layer.field is not None and layer.field.gated for layer in network.layers):
        yield "sees +: besides, a summary of the whole photo scales the channels"


def _stage_row(stage: Stage) -> str:
    last = stage.last_map
    cells = ("", "", "") if last is None else (str(last.channels), _size(last.size_hw), "")
    seen = ("", "") if last is None else _seen(last.field)
    name = f"{stage.name} ({counted(stage.convolutions, 'conv')})" if stage.convolutions else stage.name
    return _row((name, "", "", "", "", "", *cells[:2], *seen, short(stage.parameters), short(stage.macs)))


def _layer_row(layer: Layer) -> str:
    window = layer.window
    sliding = ("", "", "") if window is None else (_times(window.kernel), _times(window.stride), padding_text(window))
    groups = str(layer.groups) if layer.groups > 1 else ""
    channels = "" if layer.channels is None else str(layer.channels)
    size, seen = _size(layer.size_hw), _seen(layer.field)
    costs = (short(layer.parameters) if layer.parameters else "", short(layer.macs) if layer.macs else "")
    return _row((f"  {printable(layer.name)}", layer.kind, *sliding, groups, channels, size, *seen, *costs))


def _row(cells: tuple[str, ...]) -> str:
    name, kind, *rest = cells
    # A name's end tells layers apart; a long one may take the place of an empty kind.
    width = _NAME if kind else _NAME + 1 + _KIND
    text = f"{shortened(name, width):<{width}}" + (f" {shortened_end(kind, _KIND):<{_KIND}}" if kind else "")
    return (text + "".join(f" {cell:>{room}}" for cell, room in zip(rest, _WIDTHS, strict=True))).rstrip()


def padding_text(window: Window) -> str:
    """Padding as people write it: "1"; "0+1" where before and after differ; axes with a comma where they do."""
    axes = [str(b) if b == a else f"{b}+{a}" for b, a in zip(window.before, window.after, strict=True)]
    return axes[0] if len(set(axes)) == 1 else ",".join(axes)


def _times(numbers: tuple[int, ...]) -> str:
    return str(numbers[0]) if len(set(numbers)) == 1 else "×".join(map(str, numbers))


def _size(size_hw: tuple[int, ...] | None) -> str:
    """Width before height, as photos are measured."""
    return "" if size_hw is None or max(size_hw) == 1 else "×".join(map(str, reversed(size_hw)))


def _seen(field: Field | None) -> tuple[str, str]:
    if field is None:
        return "—", "—"
    return f"{max(field.size)}{'+' if field.gated else ''}", f"{max(field.jump):g}"


def short(count: float) -> str:
    """A large number in at most six characters: "896", "10.8k", "385M", "1.23G"."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            value = count / size
            return f"{value:.3g}{unit}" if value < 999.5 else f"{value:.0f}{unit}"
    return f"{count:.0f}"
