from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
pytest.importorskip("timm", reason="the extra `train` is not installed")

from tests.unit.training.recipes.tiny_training import built  # noqa: E402


def phase_of(name, **changed):
    _, recogniser, (phase,) = built("from-scratch", name, **changed)
    return phase, max(group["rate"] for group in phase.groups(recogniser))


def test_small_pictures_are_shifted_and_mirrored_in_turn():
    phase, rate = phase_of("convnet32", size=None, batch=512)
    assert (phase.augment.crop, phase.augment.pad_crop, phase.augment.alternate) == (None, 2, True)
    assert (phase.epochs, phase.sizes) == (20, ())
    assert rate == pytest.approx(0.4)


def test_photos_are_cropped_and_mirrored_by_chance():
    phase, rate = phase_of("timm/test_resnet", size=224, batch=512)
    assert (phase.augment.crop, phase.augment.pad_crop, phase.augment.alternate) == ((0.08, 1.0), 0, False)
    assert (phase.epochs, phase.sizes) == (90, (192,))
    assert rate == pytest.approx(0.25)


@pytest.mark.parametrize(("size", "small"), [(64, True), (65, False)])
def test_what_is_small_is_the_input_and_not_the_network(size, small):
    phase, _ = phase_of("timm/test_resnet", size=size)
    assert (phase.augment.crop is None) == small


def test_words_take_the_shift_and_the_mirror_out():
    phase, _ = phase_of("convnet32", size=None, without=("crop", "flip"))
    assert (phase.augment.pad_crop, phase.augment.alternate, phase.augment.flip) == (0, False, False)


def test_smaller_inputs_are_for_those_who_ask_for_them():
    assert phase_of("convnet32", size=48)[0].sizes == ()
    assert phase_of("convnet32", size=48, with_=("smaller",))[0].sizes == (32,)
