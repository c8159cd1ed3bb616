from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from foveal.errors import FovealError
from foveal.heads.affine import AffineHead

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from tests.unit.training import tiny_training  # noqa: E402

from foveal.training.export import export_recogniser  # noqa: E402
from foveal.training.prove import check_outputs, prove  # noqa: E402
from foveal.training.stand_ins import stand_in_photos  # noqa: E402

SIZE = (tiny_training.SIDE, tiny_training.SIDE)
PHOTOS = stand_in_photos(SIZE, 8)


@pytest.fixture(scope="module")
def exported():
    made = tiny_training.recogniser()
    made.network.spec = SimpleNamespace(preprocess=tiny_training.PREPROCESS, name="tiny.test")
    return made.eval(), *export_recogniser(made, SIZE)


def test_an_equal_network_is_proved(exported):
    made, network, head = exported
    proof = prove(made.train(), network.content, PHOTOS, head=head)
    assert made.training
    made.eval()
    assert proof.agreement == 1
    assert 0 <= proof.max_probability_difference < 1e-6


def refused(*given, **named):
    with pytest.raises(FovealError) as caught:
        prove(*given, name="tiny", **named)
    assert caught.value.code == "export-differs"
    return caught.value.message


def test_another_class_is_refused(exported):
    made, network, head = exported
    turned = AffineHead(head.weights[:, ::-1].copy(), head.bias[::-1].copy())
    assert "the same class for" in refused(made, network.content, PHOTOS, head=turned)


def test_the_same_class_with_other_probabilities_is_refused(exported):
    made, network, head = exported
    sharper = AffineHead(head.weights * np.float32(2), head.bias * np.float32(2))
    assert "the same class for 100.0% of 8 photos" in refused(made, network.content, PHOTOS, head=sharper)


def test_what_is_not_a_number_is_refused(exported):
    made, network, _ = exported
    refused(lambda images: made(images) * torch.nan, network.content, PHOTOS, head=exported[2])


def test_two_classes_as_probable_may_change_places(exported):
    made, network, head = exported
    same = AffineHead(head.weights[:, [0, 0]].copy(), head.bias[[0, 0]].copy())
    proof = prove(lambda images: made(images)[:, [0, 0]] + torch.tensor([1e-6, 0]), network.content, PHOTOS, head=same)
    assert proof.agreement == 1


def test_a_network_without_classes_is_proved_by_its_embedding(exported):
    made, network, _ = exported
    made.eval()
    assert prove(made.embed, network.content, PHOTOS, outputs=("embedding",)).max_probability_difference < 1e-5
    refused(lambda images: made.embed(images) * 1.01, network.content, PHOTOS, outputs=("embedding",))


def test_outputs_are_compared_with_their_largest_number(exported):
    made, network, _ = exported
    images = np.stack(PHOTOS)
    with torch.no_grad():
        expected = made.eval().embed(torch.from_numpy(images)).numpy()
    assert check_outputs({"embedding": expected}, network.content, images, name="tiny") < 1e-5
    with pytest.raises(FovealError, match="in embedding") as caught:
        check_outputs({"embedding": expected + 0.01 * expected.max()}, network.content, images, name="tiny")
    assert caught.value.code == "export-differs"
    with pytest.raises(FovealError, match="in embedding"):
        check_outputs({"embedding": expected[:, :3]}, network.content, images, name="tiny")
    with pytest.raises(FovealError, match="columns") as caught:
        check_outputs({"embedding": expected[:, 0]}, network.content, images, name="tiny")
    assert caught.value.code == "cannot-export"


def test_stand_ins_have_the_spectrum_of_photos():
    first, second = stand_in_photos((64, 48), 2), stand_in_photos((64, 48), 2)
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first[0], first[1])
    assert first[0].shape == (48, 64, 3)
    assert first[0].dtype == np.uint8
    assert not np.array_equal(first, stand_in_photos((64, 48), 2, seed=1))
    grey = np.stack(stand_in_photos((64, 64), 20)).mean(axis=3)
    power = (np.abs(np.fft.rfft2(grey - grey.mean(axis=(1, 2), keepdims=True))) ** 2).mean(axis=0)
    slow, fast = power[0, 2:4].mean(), power[0, 16:24].mean()
    # Amplitude falls with frequency, so power with its square: (20 / 2.5)² is 64.
    assert 25 < slow / fast < 160
