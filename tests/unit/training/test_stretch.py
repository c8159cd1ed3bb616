from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from tests.unit.training import tiny_training as tiny  # noqa: E402

from foveal.errors import FovealError  # noqa: E402
from foveal.training import loop  # noqa: E402
from foveal.training.device import Device  # noqa: E402
from foveal.training.losses import balanced_weights, each_loss  # noqa: E402
from foveal.training.photos.batch import Batch  # noqa: E402
from foveal.training.ranks.world import World  # noqa: E402
from foveal.training.stretch import Stretch  # noqa: E402

COUNTS = np.array([80, 80, 8])


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    monkeypatch.setenv("FOVEAL_THREADS", "1")


def stretch_of(module, *, micro_batch=0, **given):
    device = Device(kind="cpu", torch_device=torch.device("cpu"))
    phase = tiny.phase(norms="frozen", **given)
    return Stretch(phase, module, device, World(), counts=COUNTS, seed=0, micro_batch=micro_batch)


def batch_of(labels):
    images, drawn = tiny.photos(30)
    rows = [int(np.flatnonzero(drawn == label)[at]) for at, label in enumerate(labels)]
    return Batch(
        torch.from_numpy(np.stack([images[row] for row in rows])), torch.tensor(labels), torch.arange(len(rows))
    )


def test_rare_classes_weigh_more_in_the_loss():
    module = tiny.recogniser(dropout=0.0)
    batch = batch_of([0, 1, 2, 2])
    stretch = stretch_of(module, class_weight_beta=0.999)
    with torch.no_grad():
        logits = module(batch.images)
    plain = each_loss(logits, batch.labels)
    weights = balanced_weights(COUNTS, beta=0.999)
    assert float(weights[2] / weights[0]) == pytest.approx((1 - 0.999**80) / (1 - 0.999**8))
    stretch.step(batch, at=0, factor=1.0)
    assert stretch.sums[0].item() == pytest.approx(float((plain * weights[batch.labels]).sum()), rel=1e-5)
    loss, blind, _ = stretch.first
    assert loss == pytest.approx(float(plain.mean()), rel=1e-5)
    assert blind == pytest.approx(math.log(3))


def test_without_the_part_all_photos_weigh_the_same():
    module = tiny.recogniser(dropout=0.0)
    batch = batch_of([0, 1, 2, 2])
    stretch = stretch_of(module)
    with torch.no_grad():
        plain = each_loss(module(batch.images), batch.labels)
    stretch.step(batch, at=0, factor=1.0)
    assert stretch.sums[0].item() == pytest.approx(float(plain.sum()), rel=1e-5)


def test_parts_of_a_batch_teach_what_the_whole_batch_does():
    whole, parts = tiny.recogniser(dropout=0.0), tiny.recogniser(dropout=0.0)
    for module, micro_batch in ((whole, 0), (parts, 2)):
        stretch_of(module, class_weight_beta=0.999, optimiser="sgd", micro_batch=micro_batch).step(
            batch_of([0, 2, 1, 2, 0, 0]), at=0, factor=1.0
        )
    for name, value in whole.state_dict().items():
        assert torch.allclose(value, parts.state_dict()[name], atol=1e-6), name


def unbalanced():
    """80 photos of two classes each and 8 of the third; held out, all three are equally common."""
    found = tiny.data(train=240, held=90)
    rare = np.flatnonzero(found.labels[found.train_rows] == 2)
    return replace(found, train_rows=np.delete(found.train_rows, rare[8:]))


def test_a_rare_class_is_found_more_often(tmp_path):
    data = unbalanced()
    assert data.counts.tolist() == COUNTS.tolist()
    truth = data.labels[data.held_rows]
    recalls = {}
    for beta in (0.0, 0.999):
        phase = tiny.phase(epochs=8, class_weight_beta=beta)
        outcome = loop.run(tiny.recogniser(), (phase,), data, tiny.settings(tmp_path / str(beta)), World())
        right = outcome.held_logits.argmax(axis=1) == truth
        recalls[beta] = [right[truth == label].mean() for label in range(3)]
        assert outcome.notes == ()
    assert recalls[0.999][2] > recalls[0.0][2] + 0.5, recalls
    assert min(recalls[0.999][:2]) > 0.8, recalls


@pytest.mark.parametrize("beta", [-0.1, 1.0])
def test_a_beta_out_of_range_is_refused(beta):
    with pytest.raises(FovealError, match="class_weight_beta from 0, below 1") as caught:
        tiny.phase(class_weight_beta=beta)
    assert caught.value.code == "bad-value"
