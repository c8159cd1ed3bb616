from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
pytest.importorskip("timm", reason="the extra `train` is not installed")

from tests.unit.explainers.looking_models import NAMES, SIZE, linear_model, view  # noqa: E402
from tests.unit.training.recipes.tiny_training import (  # noqa: E402
    VIT,
    data,
    network,
    options,
    pictures,
    settings,
)

from foveal.errors import FovealError  # noqa: E402
from foveal.imaging.decode import read_image  # noqa: E402
from foveal.training import distillation  # noqa: E402
from foveal.training.carry_out import carry_out  # noqa: E402
from foveal.training.distillation import ClassifierTeacher, Distillation, check_teacher, open_teacher  # noqa: E402
from foveal.training.photos.eval_feed import EvalFeed  # noqa: E402
from foveal.training.ranks.world import World  # noqa: E402
from foveal.training.recipes import distill, find_recipe  # noqa: E402


@pytest.fixture
def teacher(monkeypatch):
    """A small model that says different things of different photos; any file stands for it."""
    model = linear_model(view())
    monkeypatch.setattr(distillation, "load", lambda path: model)
    return model


def seen(photos, *, side=SIZE):
    """The drawn photos, with the names of the classes that the teacher knows."""
    return replace(data(photos, side=side), class_names=NAMES)


class Fixed(torch.nn.Module):
    def __init__(self, logits):
        super().__init__()
        self.register_buffer("logits", torch.tensor(logits))

    def forward(self, images):
        return self.logits.expand(len(images), -1)


def test_the_loss_is_the_softened_divergence_times_the_square_of_the_temperature():
    teacher, said = Fixed([2.0, 0.0, -1.0]), torch.tensor([[0.5, 1.0, 0.0]])
    taught = np.exp(np.array([2.0, 0.0, -1.0]) / 3)
    taught /= taught.sum()
    own = np.exp(np.array([0.5, 1.0, 0.0]) / 3)
    own /= own.sum()
    expected = 0.5 * 9 * (taught * np.log(taught / own)).sum()
    loss = Distillation(teacher, temperature=3.0, weight=0.5)(pictures(1), said)
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    assert float(Distillation(teacher)(pictures(1), torch.tensor([[2.0, 0.0, -1.0]]))) == pytest.approx(0, abs=1e-6)


def test_only_the_student_gets_a_gradient():
    teacher = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(48, 3))
    images, said = torch.rand(2, 4, 4, 3), torch.zeros(2, 3, requires_grad=True)
    Distillation(teacher)(images, said).backward()
    assert said.grad.abs().max() > 0
    assert all(each.grad is None for each in teacher.parameters())


def test_a_student_comes_near_its_teacher(photos, teacher, tmp_path, monkeypatch):
    losses = []

    class Noted(Distillation):
        def __call__(self, images, logits):
            loss = super().__call__(images, logits)
            losses.append(float(loss.detach()))
            return loss

    monkeypatch.setattr(distill, "Distillation", Noted)
    told = options(
        "distill",
        teacher="teacher.foveal",
        size=SIZE,
        epochs=10,
        rate=1e-2,
        batch=9,
        without=("crop", "flip", "mixup", "ema", "smaller", "layerwise"),
    )
    found = carry_out(find_recipe("distill"), network(), seen(photos), told, settings(tmp_path, micro_batch=9), World())
    assert np.mean(losses[-3:]) < 0.7 * np.mean(losses[:3])
    assert len(losses) == 30
    assert len(found.outcome.history) == 10


def test_a_network_by_name_learns_a_probe_before_it_teaches(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(distillation, "create", lambda spec: network(VIT, seed=1))
    given = data(photos, side=160)
    teacher = open_teacher("timm/test_vit", given, settings(tmp_path)).eval()
    feed = EvalFeed(
        [given.photos[row] for row in given.train_rows],
        given.labels[given.train_rows],
        preprocess=given.preprocess,
        batch=32,
    )
    with torch.no_grad():
        right = torch.cat([teacher(batch.images).argmax(dim=1) == batch.labels for batch in feed])
    assert right.float().mean() > 0.5
    assert teacher(pictures(2, side=64)).shape == (2, 3)


def test_a_model_file_teaches_what_it_predicts(photos, teacher, tmp_path):
    given = replace(seen(photos), class_names=NAMES[::-1])
    taught = open_teacher("teacher.foveal", given, settings(tmp_path)).eval()
    images = np.stack([teacher.views[0].preprocess.apply(read_image(photo)) for photo in given.photos[:4]])
    with torch.no_grad():
        probs = taught(torch.from_numpy(images)).softmax(dim=1).numpy()
    assert np.allclose(probs[:, ::-1], teacher.predict(given.photos[:4]).probs, atol=0.01)


def test_mirrored_views_see_the_mirrored_photo(photos):
    plain = view(("embedding",))
    both = linear_model(plain, plain.mirror())
    taught = ClassifierTeacher(both, NAMES).eval()
    images = pictures(3, side=SIZE)
    with torch.no_grad():
        assert torch.allclose(taught(images), taught(images.flip(2)), atol=1e-3)


def test_a_model_of_other_classes_cannot_teach(teacher):
    with pytest.raises(FovealError, match="triangle") as caught:
        ClassifierTeacher(teacher, ("ant", "triangle"))
    assert caught.value.code == "teacher-classes"


@pytest.mark.parametrize(("name", "code"), [("nowhere.foveal", "not-found"), ("resnet5000", "unknown-name")])
def test_a_teacher_that_is_not_there_is_refused_without_a_photo(name, code):
    with pytest.raises(FovealError) as caught:
        check_teacher(name)
    assert caught.value.code == code
