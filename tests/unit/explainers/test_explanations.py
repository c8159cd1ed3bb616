from __future__ import annotations

from dataclasses import dataclass

import pytest

from foveal.errors import FovealError
from foveal.explainers.explanations import Explanation, Explanations


@dataclass(frozen=True)
class Said(Explanation):
    words: str
    path: str = "one.jpg"
    unknown: str | None = None

    @property
    def _found(self):
        return self.words

    def to_record(self):
        return {"words": self.said}

    def png(self):
        return b"\x89PNG " + self.said.encode()


def made(n=1):
    paths = tuple(f"folder{number}/a b.jpg" for number in range(n))
    return Explanations(
        (*paths, "bad.jpg"), (*map(Said, map(str, range(n))), None), (*[None] * n, "it <ends>"), "patch"
    )


def test_records_say_what_was_found_or_why_not():
    assert made().to_records() == [
        {"path": "folder0/a b.jpg", "method": "patch", "error": None, "words": "0"},
        {"path": "bad.jpg", "method": "patch", "error": "it <ends>"},
    ]


def test_pictures_get_names_of_their_own(tmp_path):
    written = made(3).save(tmp_path / "out")
    assert [path.name for path in written] == ["a_b.patch.png", "a_b.patch.2.png", "a_b.patch.3.png"]
    assert [path.read_bytes()[-1:] for path in written] == [b"0", b"1", b"2"]


def test_it_shows_itself():
    assert made()[0] == Said("0")
    assert str(made()) == "folder0/a b.jpg  0\nbad.jpg          not read: it <ends>"
    assert repr(made(30)).startswith("Explanations(31 photos by patch, 1 unreadable)")
    assert str(made(30)).endswith("… and 21 more")
    shown = made()._repr_html_()
    assert '<img alt="folder0/a b.jpg: 0"' in shown
    assert "<p>bad.jpg: not read: it &lt;ends&gt;</p>" in shown
    assert made(30)._repr_html_().endswith("<p>… and 7 more</p></div>")


@pytest.mark.parametrize(
    ("paths", "found", "errors"), [(("a",), (None,), (None,)), (("a",), (Said("x"),), ("bad",)), (("a", "b"), (), ())]
)
def test_what_does_not_fit_is_refused(paths, found, errors):
    with pytest.raises(FovealError) as caught:
        Explanations(paths, found, errors, "patch")
    assert caught.value.code == "bad-value"


def test_a_photo_that_predict_turns_away_says_so():
    assert Said("0", unknown="nothing like it").said == "0 (predict answers unknown)"
