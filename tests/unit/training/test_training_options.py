from __future__ import annotations

import itertools

import pytest

from foveal.errors import FovealError
from foveal.training.options import PARTS_OF_TRAINING, RIVALS, Options
from foveal.training.recipes import RECIPES, SENTENCES


def refused(code, **given):
    with pytest.raises(FovealError) as caught:
        Options(**given)
    assert caught.value.code == code
    return str(caught.value)


def test_a_misspelt_recipe_or_part_gets_the_near_ones():
    assert "linear-then-full" in refused("unknown-name", recipe="linear-than-full")
    assert "mixup" in refused("unknown-name", with_=("mixxup",))
    assert "cutmix" in refused("unknown-name", without=("cutmx",))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("epochs", -1.0),
        ("budget_s", 0),
        ("batch", 0),
        ("rate", 0.0),
        ("size", 15),
        ("size", 4096),
        ("rank", 0),
        ("hold_out", 0.0),
        ("hold_out", 0.55),
        ("rate", float("nan")),
        ("seed", -1),
    ],
)
def test_numbers_out_of_range_are_refused(name, value):
    assert name.split("_")[0] in refused("bad-option", **{name: value})


def test_the_range_is_told_in_plain_numbers():
    assert "at most 1,048,576, got -3" in refused("bad-option", batch=-3)


def test_a_part_is_put_in_or_left_out_but_not_both():
    assert "ema" in refused("bad-option", with_=("ema",), without=("ema",))


@pytest.mark.parametrize("rivals", RIVALS)
def test_parts_that_do_the_same_work_exclude_each_other(rivals):
    for named in [*itertools.combinations(rivals, 2), rivals]:
        assert f"one of {', '.join(rivals)}" in refused("bad-option", with_=named)
    for word in rivals:
        assert Options(with_=(word,)).parts(rivals) == {word}


def test_three_parts_help_rare_classes_one_at_a_time():
    assert "got logit-adjust and reweight" in refused("bad-option", with_=("reweight", "logit-adjust"))
    assert Options(with_=("reweight",)).parts(("balanced", "ema")) == {"reweight", "ema"}


def test_parts_are_the_usual_ones_and_what_was_put_in_without_what_was_left_out():
    told = Options(with_=("mixup",), without=("ema", "erasing"))
    assert told.parts(("ema", "warmup")) == {"mixup", "warmup"}


def test_distill_needs_a_teacher_and_nothing_else_takes_one():
    assert "none" in refused("bad-option", recipe="distill")
    assert "lite2" in refused("bad-option", recipe="full", teacher="lite2")
    assert Options(recipe="distill", teacher="lite2").teacher == "lite2"


def test_every_part_says_what_it_does_and_where_it_is_from():
    for word, part in PARTS_OF_TRAINING.items():
        assert part.sentence[0].islower(), word
        assert not part.sentence.endswith("."), word
        assert "arXiv" in part.paper or part.paper[-4:].isdigit(), word


def test_every_recipe_has_its_sentence():
    assert list(SENTENCES) == list(RECIPES)
