"""A page taken apart, for tests: pictures, links, headings and text, and whether it is well formed."""

from __future__ import annotations

from html.parser import HTMLParser

_VOID = ("img", "meta", "br", "link")
_MAY_STAY_OPEN = ("p", "li", "td", "tr")


class Page(HTMLParser):
    """Every element that is opened must be closed, every id is there once, and nothing runs or is loaded."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.pictures: list[dict[str, str]] = []
        self.links: list[str] = []
        self.headings: list[tuple[int, str]] = []
        self.ids: list[str] = []
        self.drawings: list[str] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)
        assert not self.open
        assert len(set(self.ids)) == len(self.ids)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attrs}
        assert tag not in ("script", "iframe", "object")
        assert not any(key.startswith("on") for key in values)
        if tag == "link":
            assert values["href"].startswith("data:")
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "img":
            self.pictures.append(values)
        if tag == "svg":
            self.drawings.append(values["aria-label"])
            assert values["role"] == "img"
        if tag == "a":
            self.links.append(values["href"])
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append((int(tag[1]), ""))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value or "" for key, value in attrs if key == "id"]

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            opened = self.open.pop()
            while opened in _MAY_STAY_OPEN and opened != tag:
                opened = self.open.pop()
            assert opened == tag

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        self.text += data
        if self.open and self.open[-1] in ("h1", "h2", "h3", "h4"):
            level, said = self.headings[-1]
            self.headings[-1] = level, said + data
