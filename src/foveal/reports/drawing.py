"""Drawings of a report: matplotlib draws, and what it draws becomes small SVG text in the page's own colours."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

from foveal.imaging.plotting import quiet_matplotlib
from foveal.types.text import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Drawn in these, which nothing else has, and shown in the colours that the page's style gives to the variables.
INK, SOFT, EDGE, ACCENT, BAD, MILD = (f"#0101{number:02x}" for number in range(1, 7))
_VARIABLES = {INK: "--ink", SOFT: "--soft", EDGE: "--edge", ACCENT: "--accent", BAD: "--bad", MILD: "--mild"}

# One unit of a drawing is one pixel at its full size, where words are as large as in the page's tables.
_DPI = 72
_WORDS = 13.0
_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "foveal",
    # Ships with matplotlib, so that the same words are set at the same place on any machine.
    "font.family": "DejaVu Sans",
    "font.size": _WORDS,
    "text.color": INK,
    "axes.edgecolor": EDGE,
    "axes.labelcolor": SOFT,
    "axes.labelsize": _WORDS,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelcolor": SOFT,
    "ytick.labelcolor": SOFT,
    "xtick.bottom": False,
    "ytick.left": False,
    "grid.color": EDGE,
    "grid.linewidth": 1.0,
    "legend.frameon": False,
    "legend.labelcolor": SOFT,
    "lines.linewidth": 2.0,
    "patch.linewidth": 0.0,
    "text.parse_math": False,
}
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}

_NUMBER = re.compile(r"-?\d+\.\d+")
_REFERENCE = re.compile(r"#([A-Za-z]\w*)")
_KEPT = {
    "path": ("d",),
    "use": ("x", "y"),
    "image": ("x", "y", "width", "height"),
    "rect": ("x", "y", "width", "height"),
    "text": ("x", "y"),
}


def draw(
    paint: Callable[[Axes], None], *, name: str, alt: str, size: tuple[int, int], margins: tuple[int, int, int, int]
) -> str:
    """Draw one chart.

    Args:
        paint: Draws into the axes, in the colours of this module.
        name: What its ids begin with; no other drawing on the page may have it.
        alt: What it shows, in words, for those who do not see it.
        size: Width and height, in pixels of a page at its full size.
        margins: Pixels left, right, above and below the axes, for words.

    Returns:
        An `<svg>` element without anything outside it: no style, no script, no file.
    """
    with quiet_matplotlib():
        import matplotlib
        import matplotlib.style
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure

    width, height = size
    left, right, top, bottom = margins
    text = io.StringIO()
    with matplotlib.style.context(["default", _STYLE]):
        figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI)
        FigureCanvasSVG(figure)
        box = (left / width, bottom / height, (width - left - right) / width, (height - top - bottom) / height)
        paint(figure.add_axes(box))
        with warnings.catch_warnings():
            # The browser has fonts for any script; that this one lacks a letter moves a word by a pixel at most.
            warnings.filterwarnings("ignore", message=".*missing from font", category=UserWarning)
            figure.savefig(text, format="svg", transparent=True, metadata=_NO_METADATA)
    return _small_svg(text.getvalue(), name, alt, size)


def _small_svg(drawn: str, name: str, alt: str, size: tuple[int, int]) -> str:
    """The drawing without what the page has already or nothing needs: a tenth of the text."""
    from xml.etree import ElementTree

    root = ElementTree.fromstring(drawn)  # noqa: S314  (written by matplotlib a moment ago)
    wanted = set(_REFERENCE.findall(drawn))
    body = "".join(_element(child, name, wanted) for child in root)
    label = quoteattr(printable(alt))
    width, height = size
    start = f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-label={label}'
    return f'{start} style="stroke-linejoin:round">{body}</svg>'


def _element(node: Element, name: str, wanted: set[str]) -> str:
    tag = node.tag.rpartition("}")[2]
    style = _style(node.get("style", ""))
    if tag in ("metadata", "style") or (tag == "path" and style == {"fill": "none"}):
        return ""
    attributes = {key: node.get(key, "") for key in _KEPT.get(tag, ()) if node.get(key)}
    if node.get("id") in wanted:
        attributes["id"] = f"{name}-{node.get('id')}"
    if node.get("clip-path"):
        attributes["clip-path"] = _REFERENCE.sub(rf"#{name}-\1", node.get("clip-path", ""))
    link = node.get("{http://www.w3.org/1999/xlink}href")
    if link:
        attributes["href"] = f"#{name}-{link[1:]}" if link.startswith("#") else link.replace("\n", "")
    turned = node.get("transform", "")
    if turned and not turned.startswith("rotate(-0 "):
        attributes["transform"] = turned
    attributes.update(style)
    inside = escape(node.text or "") if tag == "text" else ""
    inside += "".join(_element(child, name, wanted) for child in node)
    if not inside and tag in ("g", "defs", "text"):
        return ""
    if tag == "g" and not attributes:
        return inside
    said = "".join(f" {key}={quoteattr(_shortened(key, value))}" for key, value in attributes.items())
    return f"<{tag}{said}>{inside}</{tag}>" if inside else f"<{tag}{said}/>"


def _shortened(key: str, value: str) -> str:
    if key not in ("d", "x", "y"):
        return value
    return _NUMBER.sub(lambda found: f"{float(found.group()):.1f}".removesuffix(".0"), " ".join(value.split()))


def _style(text: str) -> dict[str, str]:
    """What a style attribute says, as attributes; colours become the page's, words the page's own font."""
    pairs = (each.split(":", 1) for each in text.split(";") if each.strip())
    said = {key.strip(): value.strip() for key, value in pairs}
    for key in ("font", "font-family"):
        said.pop(key, None)
    if said.get("font-size") == f"{_WORDS:g}px":
        del said["font-size"]
    # What the page fills with anyway.
    if said.get("fill") == INK:
        del said["fill"]
    colours = {key: f"var({_VARIABLES[said.pop(key)]})" for key in ("fill", "stroke") if said.get(key) in _VARIABLES}
    if said.get("stroke-dashoffset") == "0":
        del said["stroke-dashoffset"]
    if "image-rendering" in said:
        said["image-rendering"] = "pixelated"
    # A variable has no meaning in an attribute of its own.
    if colours:
        said["style"] = ";".join(f"{key}:{value}" for key, value in colours.items())
    return said
