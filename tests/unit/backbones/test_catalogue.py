from __future__ import annotations

import pytest
from card_text import GOOD

from foveal.backbones.catalogue import DEFAULT, cards, find, registered_folder
from foveal.errors import FovealError


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FOVEAL_HOME", str(tmp_path))
    return tmp_path / "backbones"


def own(home, name, text=GOOD):
    folder = home / name
    folder.mkdir(parents=True)
    text = text.replace("tiny.test", f"{name}.own").replace('"tiny"', f'"{name}"')
    (folder / "card.toml").write_text(text, encoding="utf-8")


def test_the_built_in_ones_by_size():
    assert [card.short_name for card in cards()] == ["lite0", "lite1", "lite2"]
    assert [card.macs for card in cards()] == sorted(card.macs for card in cards())


def test_by_name_and_short_name():
    for card in cards():
        assert find(card.name) == find(card.short_name) == card
    assert find("auto").short_name == DEFAULT == "lite0"


@pytest.mark.parametrize(("name", "near"), [("lite", "lite0"), ("Lite2", "lite2"), ("efficientnet-lite1", "lite1")])
def test_an_unknown_name_suggests_near_ones(name, near):
    with pytest.raises(FovealError) as caught:
        find(name)
    assert caught.value.code == "unknown-name"
    assert repr(name) in caught.value.message
    assert near in caught.value.hint


def test_a_name_like_none_lists_all():
    with pytest.raises(FovealError) as caught:
        find("xyz")
    assert all(card.short_name in caught.value.hint for card in cards())


def test_registered_ones_come_after(home):
    own(home, "zebra")
    own(home, "ant")
    assert [card.short_name for card in cards()] == ["lite0", "lite1", "lite2", "ant", "zebra"]
    assert find("ant.own").origin == registered_folder() / "ant" / "card.toml"
    with pytest.raises(FovealError) as caught:
        find("zebr")
    assert "zebra" in caught.value.hint


def test_one_whose_names_are_the_same_is_suggested_once(home):
    own(home, "resnet18", GOOD.replace('"tiny"', '"resnet18.own"'))
    with pytest.raises(FovealError) as caught:
        find("resnet18")
    assert caught.value.hint.count("resnet18.own") == 1


def test_a_name_that_is_taken(home):
    own(home, "lite0")
    with pytest.raises(FovealError) as caught:
        cards()
    assert caught.value.code == "name-taken"
    assert "lite0" in caught.value.message


def test_a_broken_card_does_not_stand_in_the_way_of_built_in_ones(home):
    own(home, "broken", "nonsense")
    assert find("lite2").short_name == "lite2"
    for call in (cards, lambda: find("broken")):
        with pytest.raises(FovealError) as caught:
            call()
        assert caught.value.code == "bad-card"
        assert str(home / "broken" / "card.toml") in caught.value.message
