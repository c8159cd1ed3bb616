from __future__ import annotations

from dataclasses import replace

import pytest
from card_text import GOOD
from hypothesis import given
from hypothesis import strategies as st

from foveal.backbones.card import Licence, is_name, read_card
from foveal.backbones.card_toml import card_toml
from foveal.backbones.catalogue import find


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("cards") / "card.toml"


def again(card, path):
    path.write_text(card_toml(card), encoding="utf-8")
    return read_card(path)


@pytest.mark.parametrize("name", ["lite0", "lite1", "lite2"])
def test_a_card_comes_back_as_it_was(path, name):
    card = replace(find(name), origin=path)
    assert again(card, path) == card


def test_a_card_of_a_file_without_published_accuracy(path):
    path.write_text(GOOD, encoding="utf-8")
    card = replace(read_card(path), published_top1=None, classes="", macs=0)
    assert again(card, path) == card


@given(st.text(st.characters(codec="utf-8"), max_size=20), st.text(st.characters(codec="utf-8"), max_size=20))
def test_any_text_comes_back(path, title, holder):
    card = replace(find("lite0"), origin=path, title=title, licence=Licence(spdx="MIT", holder=holder))
    assert again(card, path) == card


def test_names():
    assert is_name("resnet50.a1_in1k")
    assert not any(is_name(name) for name in ("auto", "", "Resnet", "../x", ".x", "a,b"))
