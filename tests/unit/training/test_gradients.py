from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.explainers.looking_models import (
    linear_model,
    logits_model,
    noise_photo,
    preprocess,
    red_model,
    red_photo,
    view,
)

from foveal.backbones.graph import Graph
from foveal.backbones.network import Network
from foveal.errors import FovealError
from foveal.explainers.class_map import class_map
from foveal.explainers.subject import Subject

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
pytest.importorskip("captum", reason="the extra `train` is not installed")

from foveal.training.gradients import gradcam, integrated_gradients  # noqa: E402
from foveal.training.torch_classifier import TorchClassifier, signed_root  # noqa: E402

EXPLAINERS = [gradcam, integrated_gradients]


def images(subject):
    return [torch.from_numpy(each[None].astype(np.float32)) for each in subject.inputs]


@pytest.mark.parametrize(
    "model",
    [
        linear_model(view()),
        linear_model(view(), view().mirror()),
        linear_model(view(), view(seed=1)),
        linear_model(view(), multi_label=True),
        logits_model(),
    ],
    ids=["linear", "mirrored", "two networks", "several labels", "own classes"],
)
def test_the_logits_are_the_classifiers(model):
    subject = Subject.of(model, noise_photo())
    with torch.no_grad():
        found = TorchClassifier(model)(*images(subject))[0].numpy()
    # The classifier keeps features in half precision.
    np.testing.assert_allclose(found, subject.logits(), atol=0.02)


def test_the_signed_root_and_its_slope():
    x = torch.tensor([-4.0, -1e-5, 0.0, 1e-5, 9.0], requires_grad=True)
    found = signed_root(x)
    np.testing.assert_allclose(found.detach(), [-2, -1e-3, 0, 1e-3, 3], atol=1e-6)
    (slope,) = torch.autograd.grad(found.sum(), x)
    np.testing.assert_allclose(slope, [0.25, 100, 100, 100, 1 / 6], rtol=1e-4)


@pytest.mark.parametrize("explainer", EXPLAINERS)
def test_it_points_at_what_counts(explainer):
    subject = Subject.of(red_model(), red_photo())
    values = explainer(subject, 0)
    assert values.shape == subject.canvas_hw
    assert values.dtype == np.float32
    row, column = np.unravel_index(values.argmax(), values.shape)
    height, width = values.shape
    assert 34 / 60 < (row + 0.5) / height < 54 / 60
    assert 58 / 90 < (column + 0.5) / width < 82 / 90


@pytest.mark.parametrize("explainer", EXPLAINERS)
def test_it_takes_several_views_and_is_the_same_again(explainer):
    subject = Subject.of(linear_model(view(), view().mirror()), noise_photo())
    values = explainer(subject, 1)
    assert np.ptp(values) > 0
    assert (values[~subject.seen] == 0).all()
    np.testing.assert_array_equal(values, explainer(subject, 1))


def test_behind_one_matrix_grad_cam_is_close_to_the_class_map():
    """Selvaraju et al. show that Grad-CAM generalises class activation mapping."""
    subject = Subject.of(logits_model(), noise_photo())
    ours, theirs = class_map(subject, 2).ravel(), gradcam(subject, 2).ravel()
    assert np.corrcoef(ours, theirs)[0, 1] > 0.95


def test_integrated_gradients_add_up_to_what_the_photo_adds():
    from captum.attr import IntegratedGradients

    subject = Subject.of(linear_model(view()), noise_photo())
    network = TorchClassifier(subject.model)
    grounds = [torch.from_numpy(each[None].astype(np.float32)) for each in subject.grounds]
    with torch.no_grad():
        gained = float(network(*images(subject))[0, 0] - network(*grounds)[0, 0])
    found = IntegratedGradients(network).attribute(
        tuple(each.requires_grad_() for each in images(subject)), tuple(grounds), target=0, n_steps=64
    )
    assert float(sum(each.detach().sum() for each in found)) == pytest.approx(gained, abs=0.05 * max(1, abs(gained)))


def test_grad_cam_with_more_behind_the_map_than_its_mean():
    # The step between is one that changes nothing.
    plain, stepped = (linear_model(view(("embedding",), spatial=spatial)) for spatial in (True, False))
    found = gradcam(Subject.of(stepped, noise_photo()), 0)
    np.testing.assert_allclose(found, gradcam(Subject.of(plain, noise_photo()), 0), atol=1e-5)
    assert np.ptp(found) > 0


def test_grad_cam_needs_a_map():
    rng = np.random.default_rng(0)
    graph = Graph("mapless", preprocess())
    rows = graph.linear(graph.pool(graph.normalised), rng.normal(size=(16, 3)), np.zeros(16))
    graph.output("embedding", graph.relu6(rows))
    mapless = replace(view(("embedding",)), network=Network.of(graph.serialise(), {"embedding": 16}))
    subject = Subject.of(linear_model(mapless), noise_photo())
    with pytest.raises(FovealError, match="gradcam: expected a network with a map") as caught:
        gradcam(subject, 0)
    assert caught.value.code == "no-feature-map"
    assert np.isfinite(integrated_gradients(subject, 0)).all()
