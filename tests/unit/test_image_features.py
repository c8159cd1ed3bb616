from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks

import foveal
from foveal.errors import FovealError
from foveal.imaging.decode import read_image
from foveal.sklearn import ImageFeatures

# scikit-learn's own checks that feed no data; the others make tables of numbers and skip what takes photos.
CHECKS = (
    estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
    estimator_checks.check_estimator_cloneable,
    estimator_checks.check_estimator_repr,
    estimator_checks.check_estimator_tags_renamed,
    estimator_checks.check_get_feature_names_out_error,
    estimator_checks.check_get_params_invariance,
    estimator_checks.check_mixin_order,
    estimator_checks.check_no_attributes_set_in_init,
    estimator_checks.check_parameters_default_constructible,
    estimator_checks.check_set_params,
    estimator_checks.check_valid_tag_types,
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_scikit_learns_checks(check):
    check("ImageFeatures", ImageFeatures())


def test_scikit_learn_is_told_that_numbers_are_not_taken():
    with pytest.warns(SkipTestWarning, match="Can't test estimator ImageFeatures"):
        estimator_checks.check_estimator(ImageFeatures())


@pytest.fixture(scope="module")
def paths(photos):
    return sorted(photos.rglob("*.jpg"))


@pytest.fixture(scope="module")
def labels(paths):
    return [path.parent.name for path in paths]


@pytest.fixture(scope="module")
def fitted(paths):
    return ImageFeatures().fit(paths)


def test_rows_are_those_of_embed(paths, fitted):
    rows = fitted.transform(paths[:7])
    assert rows.dtype == np.float32
    assert rows.shape == (7, fitted.n_features_out_) == (7, 1280)
    np.testing.assert_array_equal(rows, foveal.embed(paths[:7]).vectors.astype(np.float32))


def test_every_entry_is_a_row(paths, fitted):
    twice = [paths[3], paths[0], paths[3]]
    rows = fitted.transform(twice)
    assert len(rows) == 3
    np.testing.assert_array_equal(rows[0], rows[2])
    assert np.abs(rows[0] - rows[1]).max() > 0


def test_every_form_of_paths(paths, fitted):
    some = [str(path) for path in paths[:3]]
    wanted = fitted.transform(paths[:3])
    objects = np.array(some, dtype=object)
    for form in (some, tuple(some), iter(some), np.array(some), objects, objects[:, None], np.array(some)[:, None]):
        np.testing.assert_array_equal(fitted.transform(form), wanted)


def test_images(paths, fitted):
    images = [read_image(path).copy() for path in paths[:3]]
    np.testing.assert_allclose(fitted.transform(images), fitted.transform(paths[:3]), atol=0.05)
    square = np.stack([image[:150, :150] for image in images])
    np.testing.assert_array_equal(fitted.transform(square), fitted.transform(list(square)))


@pytest.mark.parametrize("options", [{"taps": True}, {"backbone": "lite2"}, {"backbone": "lite0,lite2", "taps": True}])
def test_options_widen_the_rows(paths, options):
    features = ImageFeatures(**options, precision="f32")
    rows = features.fit_transform(paths[:2])
    names = features.get_feature_names_out()
    assert rows.shape == (2, len(names)) == (2, features.n_features_out_)
    assert len(set(names)) == len(names)
    if "," in options.get("backbone", ""):
        assert {name.partition("/")[0] for name in names} == {"efficientnet_lite0.in1k", "efficientnet_lite2.in1k"}
    if options.get("taps"):
        assert any("/tap_3/" in name for name in names)


def test_how_it_runs_is_respected(paths):
    features = ImageFeatures(runtime="onnx", precision="f32", cache=False).fit(paths[:2])
    assert str(features.views_[0].choice) == "onnx/f32"
    exact = features.transform(paths[:2])
    other = ImageFeatures(runtime="openvino", precision="f32", cache=False).fit_transform(paths[:2])
    np.testing.assert_allclose(other, exact, atol=5e-3)


def test_names_of_the_columns(fitted):
    names = fitted.get_feature_names_out()
    assert names.dtype == object
    assert names.shape == (1280,)
    assert names[0] == "efficientnet_lite0.in1k/embedding/0"
    np.testing.assert_array_equal(fitted.get_feature_names_out(["ignored"]), names)


def copy_of(estimator):
    return pickle.loads(pickle.dumps(estimator))  # noqa: S301 - joblib sends estimators to its workers in this way


def test_clone_parameters_and_pickle(paths, fitted):
    features = ImageFeatures(backbone="lite2", taps=True)
    assert features.get_params() == {
        "backbone": "lite2",
        "taps": True,
        "runtime": "auto",
        "precision": "auto",
        "cache": True,
    }
    assert clone(features).get_params() == features.get_params()
    assert clone(fitted).set_params(taps=True).taps
    assert not hasattr(clone(fitted), "views_")
    assert copy_of(features).get_params() == features.get_params()
    again = copy_of(fitted)
    np.testing.assert_array_equal(again.transform(paths[:3]), fitted.transform(paths[:3]))


def test_not_fitted():
    for call in (lambda: ImageFeatures().transform(["a.jpg"]), ImageFeatures().get_feature_names_out):
        with pytest.raises(NotFittedError):
            call()


def test_an_unreadable_photo_is_named(tmp_path, paths, fitted):
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"not a photo")
    with pytest.raises(FovealError) as caught:
        fitted.transform([paths[0], bad, tmp_path / "missing.jpg"])
    assert caught.value.code == "image-unreadable"
    assert str(bad) in caught.value.message


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ([], "no-photos"),
        (np.zeros((0, 4, 4, 3), np.uint8), "no-photos"),
        ("photo.jpg", "bad-image"),
        (3, "bad-image"),
        ([3], "bad-image"),
        (np.zeros((4, 5)), "bad-image"),
        (np.zeros((4, 5, 3), np.uint8), "bad-image"),
        (np.zeros((2, 4, 5, 3), np.float32), "bad-image"),
        (np.zeros((2, 4, 5, 1), np.uint8), "bad-image"),
    ],
)
def test_what_is_no_photos(fitted, given, code):
    for call in (ImageFeatures().fit, fitted.transform):
        with pytest.raises(FovealError) as caught:
            call(given)
        assert caught.value.code == code


def test_unknown_names(paths):
    for options in ({"backbone": "lite9"}, {"runtime": "tensorrt"}, {"precision": "f8"}):
        with pytest.raises(FovealError) as caught:
            ImageFeatures(**options).fit(paths[:1])
        assert caught.value.code == "unknown-name"


def test_a_pipeline(paths, labels):
    pipeline = make_pipeline(ImageFeatures(), StandardScaler(), LogisticRegression(C=0.1))
    scores = cross_val_score(pipeline, paths, labels, cv=3)
    assert scores.mean() > 0.8
    pipeline.set_output(transform="default").fit(np.array(list(map(str, paths))), labels)
    assert set(pipeline.predict(paths)) == set(labels)


def test_a_search_over_its_parameters(paths, labels):
    pipeline = make_pipeline(ImageFeatures(), LogisticRegression(C=0.01, max_iter=500))
    search = GridSearchCV(pipeline, {"imagefeatures__taps": [False, True]}, cv=2).fit(paths, labels)
    assert search.best_score_ > 0.6


def test_only_this_module_needs_scikit_learn():
    code = """
import sys
import foveal
from foveal.workflows import fit, predict, embed
assert "sklearn" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
