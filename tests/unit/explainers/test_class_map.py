from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from looking_models import (
    NAMES,
    affine_model,
    linear_model,
    logits_model,
    noise_photo,
    preprocess,
    red_model,
    red_photo,
    view,
)

from foveal.errors import FovealError
from foveal.explainers.class_map import class_map, decompose, has_class_maps, logit_of
from foveal.explainers.subject import Subject


def linear_model_of_one_mirrored():
    plain = linear_model(view())
    return replace(plain, views=(view().mirror(),))


MODELS = {
    "embedding": lambda: linear_model(view(("embedding",))),
    "embedding and tap": lambda: linear_model(view()),
    "features as they are": lambda: affine_model(view()),
    "openvino": lambda: linear_model(view(runtime="openvino")),
    "mirrored too": lambda: linear_model(view(), view().mirror()),
    "mirrored only": linear_model_of_one_mirrored,
    "two networks, one mirrored": lambda: linear_model(view(), view().mirror(), view(seed=1)),
    "any number of labels": lambda: linear_model(view(), multi_label=True),
    "own classes": logits_model,
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("column", range(len(NAMES)))
def test_the_places_add_up_to_the_logit(name, column):
    subject = Subject.of(MODELS[name](), noise_photo())
    parts = decompose(subject, logit_of(subject, column))
    total = sum(layer.values.sum(dtype=np.float64) for layer in parts.layers) + parts.constant
    logit = float(subject.logits()[column])
    assert total == pytest.approx(logit, abs=1e-4)


@pytest.mark.parametrize("name", ["embedding", "mirrored too", "own classes"])
def test_the_constant_is_the_bias_and_the_mean_photo(name):
    """Otherwise anything would add up: the constant takes what is left."""
    model = MODELS[name]()
    subject = Subject.of(model, noise_photo())
    constant = decompose(subject, logit_of(subject, 1)).constant
    if name == "own classes":
        nothing = np.random.default_rng(0)  # the network's bias, drawn after everything else
        for shape in ((8, 3, 3, 3), 8, (16, 8, 3, 3), 16, (3, 16)):
            nothing.normal(size=shape)
        assert constant == pytest.approx(nothing.normal(size=3)[1], abs=2e-3)
    elif name == "embedding":
        head = model.head
        expected = head.bias[1] - (head.centre * head.scale) @ head.weights[:, 1]
        assert constant == pytest.approx(expected, abs=5e-3)
    else:
        head = model.head
        expected = head.bias[1] - (head.centre * head.scale) @ head.weights[:, 1]
        # A tap is signed: where its places cancel out, the root is cut short and the constant takes the rest.
        assert constant == pytest.approx(expected, abs=0.6)


def test_cancelling_places_stay_finite():
    model = linear_model(view(("tap_1",)))
    grey = Subject.of(model, np.full((40, 40, 3), 128, np.uint8))
    parts = decompose(grey, logit_of(grey, 0))
    assert all(np.isfinite(layer.values).all() for layer in parts.layers)
    assert np.abs(parts.layers[0].values).max() < 100


def test_it_points_at_what_counts():
    subject = Subject.of(red_model(), red_photo())
    values = class_map(subject, 0)
    assert values.shape == subject.canvas_hw
    row, column = np.unravel_index(values.argmax(), values.shape)
    height, width = values.shape
    assert 36 / 60 < (row + 0.5) / height < 52 / 60
    assert 60 / 90 < (column + 0.5) / width < 80 / 90
    inside = values[round(38 / 60 * height) : round(50 / 60 * height), round(62 / 90 * width) : round(78 / 90 * width)]
    assert inside.min() > 10 * np.abs(values[: height // 3]).max()


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_mirrored_view_points_at_the_same_place(mirrored):
    model = red_model()
    model = replace(model, views=(replace(model.views[0], mirrored=mirrored),))
    values = class_map(Subject.of(model, red_photo()), 0)
    assert values[:, values.shape[1] // 2 :].sum() > 20 * abs(values[:, : values.shape[1] // 2].sum())


def test_what_is_cut_off_has_no_say():
    model = red_model()
    cut = replace(preprocess("crop"), crop_share=0.5)
    model = replace(model, views=(replace(model.views[0], preprocess=cut),))
    subject = Subject.of(model, red_photo())
    values = class_map(subject, 0)
    assert (values[~subject.seen] == 0).all()
    assert 0 < subject.seen.mean() < 0.3


def test_no_map_where_the_network_holds_none():
    model = linear_model(view(("embedding",), spatial=False))
    assert not has_class_maps(model)
    with pytest.raises(FovealError, match="no-feature-map") as caught:
        class_map(Subject.of(model, noise_photo()), 0)
    assert "occlusion" in caught.value.hint


def test_an_output_without_a_map_goes_to_the_constant():
    model = linear_model(view(spatial=False))
    subject = Subject.of(model, noise_photo())
    parts = decompose(subject, logit_of(subject, 0))
    assert [layer.output for layer in parts.layers] == ["tap_1"]


def test_shuffled_weights_give_another_map():
    """The randomisation check of Adebayo et al. (NeurIPS 2018): a map must depend on what was learnt."""
    from scipy.stats import spearmanr

    correlations = []
    for seed in range(20):
        model = linear_model(view(), seed=seed)
        order = np.random.default_rng(100 + seed).permutation(len(model.head.weights))
        shuffled = replace(model, head=replace(model.head, weights=model.head.weights[order]))
        maps = [class_map(Subject.of(each, noise_photo(seed)), 0) for each in (model, shuffled)]
        correlations.append(spearmanr(maps[0].ravel(), maps[1].ravel()).statistic)
    assert abs(np.mean(correlations)) < 0.3
    same = class_map(Subject.of(linear_model(view()), noise_photo()), 0)
    again = class_map(Subject.of(linear_model(view()), noise_photo()), 0)
    np.testing.assert_array_equal(same, again)
