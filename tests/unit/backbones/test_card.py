from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path

import pytest
from card_text import GOOD

from foveal.backbones.card import read_card
from foveal.errors import FovealError

BUILT_IN = sorted(Path(str(resources.files("foveal.backbones") / "cards")).glob("*.toml"))


def write(tmp_path, text):
    path = tmp_path / "card.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(path):
    with pytest.raises(FovealError) as caught:
        read_card(path)
    assert caught.value.code == "bad-card"
    assert str(path) in caught.value.message
    return caught.value.message


def test_every_field_arrives(tmp_path):
    path = write(tmp_path, GOOD)
    card = read_card(path)
    assert (card.name, card.short_name, card.title) == ("tiny.test", "tiny", "Tiny")
    assert (card.paper, card.trained_on, card.classes) == ("none", "nothing", "")
    assert (card.parameters, card.macs, card.published_top1) == (12, 34, 5)
    assert (card.licence.spdx, card.licence.holder, card.weights.file, card.weights.depth) == (
        "MIT",
        "",
        "network.onnx",
        1.0,
    )
    assert card.preprocess.size_wh == (32, 16)
    assert dict(card.outputs) == {"tap_1": 31, "tap_2": 32, "embedding": 8, "logits": 1000}
    assert card.origin == path


def test_probes_learn_from_wide_outputs_but_not_from_logits(tmp_path):
    assert read_card(write(tmp_path, GOOD)).features == ("tap_2", "embedding")


def test_what_may_be_left_out(tmp_path):
    text = re.sub(r"(?m)^(macs|published_top1) = .*\n", "", GOOD)
    text = re.sub(r"(?s)\[weights\].*?(?=\[preprocess\])", "", text)
    card = read_card(write(tmp_path, text))
    assert (card.macs, card.published_top1, card.weights.builder, card.weights.sha256) == (0, None, "", "")


def test_the_record_is_json(tmp_path):
    values = read_card(write(tmp_path, GOOD)).to_dict()
    assert json.loads(json.dumps(values)) == values
    assert values["outputs"]["embedding"] == 8
    assert values["licence"]["spdx"] == "MIT"


@pytest.mark.parametrize("field", re.findall(r"(?m)^(\w+) = ", GOOD.partition("[outputs]")[0]))
def test_a_missing_field_is_named(tmp_path, field):
    path = write(tmp_path, re.sub(rf"(?m)^{field} = .*\n", "", GOOD, count=1))
    if field in ("macs", "published_top1"):
        assert read_card(path).name == "tiny.test"
    else:
        assert field in refusal(path)


@pytest.mark.parametrize("table", ["licence", "preprocess", "outputs"])
def test_a_missing_table_is_named(tmp_path, table):
    assert table in refusal(write(tmp_path, re.sub(rf"(?s)\[{table}\].*?(?=\n\[|\Z)", "", GOOD)))


WRONG = {
    "a number for a text": ('title = "Tiny"', "title = 3", "title"),
    "a text for a number": ("parameters = 12", 'parameters = "12"', "parameters"),
    "a fraction for a count": ("macs = 34", "macs = 34.5", "macs"),
    "a truth for a count": ("macs = 34", "macs = true", "macs"),
    "a negative count": ("parameters = 12", "parameters = -1", "parameters"),
    "a text for a score": ("published_top1 = 5", 'published_top1 = "5"', "published_top1"),
    "a name with a slash": ('name = "tiny.test"', 'name = "../tiny"', "name"),
    "a name with a comma": ('short_name = "tiny"', 'short_name = "a,b"', "short_name"),
    "the name auto": ('short_name = "tiny"', 'short_name = "auto"', "short_name"),
    "an empty name": ('short_name = "tiny"', 'short_name = ""', "short_name"),
    "an unknown field": ("macs = 34", "macs = 34\nmagic = 1", "magic"),
    "an unknown licence field": ('spdx = "MIT"', 'spdx = "MIT"\nurl = "x"', "licence.url"),
    "a licence of a number": ('spdx = "MIT"', "spdx = 1", "licence.spdx"),
    "a depth of text": ('sha256 = "00"', 'sha256 = "00"\ndepth = "1"', "weights.depth"),
    "an unknown mode": ('mode = "crop"', 'mode = "cut"', "mode"),
    "a size of fractions": ("size_wh = [32, 16]", "size_wh = [32.5, 16]", "size_wh"),
    "two means": ("mean = [0.5, 0.5, 0.5]", "mean = [0.5, 0.5]", "mean"),
    "a standard deviation of 0": ("std = [0.5, 0.5, 0.5]", "std = [0.5, 0, 0.5]", "std"),
    "no columns": ("embedding = 8", "embedding = 0", "outputs"),
    "columns as text": ("embedding = 8", 'embedding = "8"', "outputs.embedding"),
    "no embedding": ("embedding = 8", "embeddings = 8", "outputs.embedding"),
    "an unknown class list": ("macs = 34", 'macs = 34\nclasses = "coco"', "classes"),
    "classes without logits": ("logits = 1000", 'other = 1000\n[x]\ny = "z"', "x"),
    "a table that is none": ("macs = 34", "macs = 34\n[outputs2]", "outputs2"),
    "not TOML": ('name = "tiny.test"', "name = tiny", "Invalid value"),
}


@pytest.mark.parametrize(("old", "new", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_field_is_named(tmp_path, old, new, said):
    assert GOOD.count(old) == 1 or old in GOOD
    assert said in refusal(write(tmp_path, GOOD.replace(old, new, 1)))


def test_imagenet_classes_need_imagenet_logits(tmp_path):
    text = GOOD.replace("macs = 34", 'macs = 34\nclasses = "imagenet1k"')
    assert read_card(write(tmp_path, text)).classes == "imagenet1k"
    assert "logits" in refusal(write(tmp_path, text.replace("logits = 1000", "logits = 21843")))
    assert "logits" in refusal(write(tmp_path, text.replace("logits = 1000\n", "")))


@pytest.mark.parametrize("name", ["licence", "weights", "preprocess", "outputs"])
def test_a_table_must_be_one(tmp_path, name):
    text = re.sub(rf"(?s)\[{name}\].*?(?=\n\[|\Z)", "", GOOD)
    assert f"{name} = 3" in refusal(write(tmp_path, f"{name} = 3\n{text}"))


def test_files_that_cannot_be_read(tmp_path):
    refusal(tmp_path)
    refusal(tmp_path / "missing.toml")
    path = tmp_path / "latin.toml"
    path.write_bytes(b'name = "\xe9"')
    refusal(path)


@pytest.mark.parametrize("path", BUILT_IN, ids=lambda path: path.stem)
def test_the_cards_that_come_with_foveal(path):
    card = read_card(path)
    assert card.name == f"{path.stem}.in1k"
    assert card.licence.spdx
    assert card.licence.source.startswith("https://")
    assert re.fullmatch("[0-9a-f]{64}", card.weights.sha256)
    assert card.features[0] == "embedding"
    assert 70 < card.published_top1 < 80
