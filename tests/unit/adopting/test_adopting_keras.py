from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

h5py = pytest.importorskip("h5py", reason="Keras files need h5py, which the extra keras brings")

from keras_fixtures import (  # noqa: E402  # after the skip
    SIZE,
    arrays,
    functional,
    layer,
    layers,
    said,
    sequential,
    write_h5,
    write_keras,
)

from foveal.adopting.finish import finish  # noqa: E402
from foveal.adopting.foreign import Foreign, Wishes  # noqa: E402
from foveal.adopting.keras_file import read_keras  # noqa: E402
from foveal.errors import FovealError  # noqa: E402

PHOTO = np.random.default_rng(3).uniform(0, 1, (SIZE, SIZE, 3)).astype(np.float32)


def scores(found: Foreign, photo: NDArray[np.float32] = PHOTO) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(found.content)
    return np.asarray(session.run(None, {"photo": photo.transpose(2, 0, 1)[None]})[0][0], np.float32)


@pytest.mark.parametrize("old", [False, True], ids=["keras 3", "keras 2"])
@pytest.mark.parametrize("form", ["sequential", "functional"])
def test_the_network_says_what_numpy_says(form: str, old: bool, tmp_path: Path) -> None:
    config = sequential() if form == "sequential" else functional(old=old)
    found = arrays()
    path = write_h5(tmp_path / "m.h5", config, found) if old else write_keras(tmp_path / "m.keras", config, found)
    foreign = read_keras(path, Wishes())
    np.testing.assert_allclose(scores(foreign), said(found, PHOTO), atol=1e-5)
    assert foreign.library == "Keras"
    assert foreign.preprocess.size_wh == (SIZE, SIZE)
    assert foreign.preprocess.mode == "stretch"
    assert "rescale=1/255" in foreign.notes[0]
    done = finish(foreign)
    assert dict(done.network.outputs) == {"embedding": 128}
    assert done.difference < 1e-3


def test_groups_without_names_are_found_by_class(tmp_path: Path) -> None:
    path = write_keras(tmp_path / "m.keras", sequential(), arrays(), named=False)
    np.testing.assert_allclose(scores(read_keras(path, Wishes())), said(arrays(), PHOTO), atol=1e-5)


def test_a_model_inside_a_model(tmp_path: Path) -> None:
    inner = layers()
    outer = [inner[0], {"class_name": "Sequential", "config": {"name": "base", "layers": inner[:7]}}, *inner[7:]]
    found = arrays()
    path = tmp_path / "m.h5"
    write_h5(path, sequential(outer), {name: found[name] for name in ("stem", "norm", "depth")}, group="base")
    with h5py.File(path, "a") as file:
        place = file["model_weights"].create_group("scores")
        for name, values in found["scores"]:
            place.create_dataset(f"scores/{name}:0", data=values)
        place.attrs["weight_names"] = np.array([b"scores/kernel:0", b"scores/bias:0"])
    np.testing.assert_allclose(scores(read_keras(path, Wishes())), said(found, PHOTO), atol=1e-5)


def test_preprocessing_inside_the_model_is_kept(tmp_path: Path) -> None:
    chain = layers()
    chain.insert(1, layer("Rescaling", "scale", scale=1 / 255, offset=0.0))
    foreign = read_keras(write_keras(tmp_path / "m.keras", sequential(chain), arrays()), Wishes())
    assert not foreign.notes
    assert foreign.preprocess.std == pytest.approx((1 / 255,) * 3)
    np.testing.assert_allclose(scores(foreign, PHOTO * 255), said(arrays(), PHOTO), atol=1e-5)


def _only(tmp_path: Path, *more: dict[str, Any], side: int = 4) -> Foreign:
    """Layers without weights, and their mean over the area as scores."""
    chain = [layer("InputLayer", "photo", batch_shape=[None, side, side, 3]), *more]
    return read_keras(write_keras(tmp_path / "m.keras", sequential(chain), {}), Wishes())


SMALL = np.random.default_rng(0).normal(size=(4, 4, 3)).astype(np.float32)
SHAPES: list[tuple[list[dict[str, Any]], NDArray[Any]]] = [
    ([layer("MaxPooling2D", "p", pool_size=[2, 2])], SMALL.reshape(2, 2, 2, 2, 3).max(axis=(1, 3))),
    ([layer("AveragePooling2D", "p", pool_size=[2, 2])], SMALL.reshape(2, 2, 2, 2, 3).mean(axis=(1, 3))),
    ([layer("ZeroPadding2D", "p", padding=[[1, 0], [2, 1]])], np.pad(SMALL, ((1, 0), (2, 1), (0, 0)))),
    ([layer("Cropping2D", "p", cropping=[[1, 0], [0, 2]])], SMALL[1:, :2]),
    ([layer("UpSampling2D", "p", size=[2, 1])], SMALL.repeat(2, axis=0)),
    ([layer("Reshape", "p", target_shape=[2, -1, 3])], SMALL.reshape(2, 8, 3)),
    ([layer("Permute", "p", dims=[3, 1, 2])], SMALL.transpose(2, 0, 1)),
    ([layer("LeakyReLU", "p", negative_slope=0.1)], np.where(SMALL > 0, SMALL, SMALL * 0.1)),
    ([layer("Activation", "p", activation="swish")], SMALL / (1 + np.exp(-SMALL))),
    ([layer("ReLU", "p", max_value=0.5, negative_slope=0.0)], np.clip(SMALL, 0, 0.5)),
    ([layer("Normalization", "p", mean=[1, 2, 3], variance=[4, 1, 9])], (SMALL - [1, 2, 3]) / [2, 1, 3]),
]


@pytest.mark.parametrize(("more", "wanted"), SHAPES, ids=[more[0]["class_name"] for more, _ in SHAPES])
def test_layers_without_weights(more: list[dict[str, Any]], wanted: NDArray[Any], tmp_path: Path) -> None:
    found = scores(_only(tmp_path, *more, layer("Flatten", "flat")), SMALL)
    np.testing.assert_allclose(found, wanted.ravel(), atol=1e-6)


def _refused(path: Path, code: str, words: str = ".") -> None:
    with pytest.raises(FovealError, match=words) as caught:
        read_keras(path, Wishes())
    assert caught.value.code == code
    assert caught.value.message.startswith(f"{path}: ")


def test_a_lambda_is_refused_and_not_run(tmp_path: Path) -> None:
    code = {"class_name": "__lambda__", "config": {"code": "4wEAAAAAAAA=", "defaults": None, "closure": None}}
    chain = layers()
    chain.insert(1, layer("Lambda", "mine", function=code))
    _refused(write_keras(tmp_path / "m.keras", sequential(chain), arrays()), "layer-unknown", "Lambda, which is code")


@pytest.mark.parametrize(
    "wrong",
    [
        layer("Conv3D", "x"),
        layer("MyOwn>Layer", "x"),
        layer("Activation", "x", activation="my_activation"),
        layer("Activation", "x", activation={"class_name": "function", "config": "f", "registered_name": "my>f"}),
        layer("Conv2D", "x", data_format="channels_first"),
    ],
)
def test_unknown_layers_are_refused(wrong: dict[str, Any], tmp_path: Path) -> None:
    chain = layers()
    chain.insert(1, wrong)
    _refused(write_keras(tmp_path / "m.keras", sequential(chain), arrays()), "layer-unknown", "expected a layer")


def test_weights_alone_are_refused(tmp_path: Path) -> None:
    _refused(write_h5(tmp_path / "m.h5", None, arrays()), "classifier-unreadable", "weights alone")


def test_a_grey_input_is_refused(tmp_path: Path) -> None:
    chain = [layer("InputLayer", "photo", batch_shape=[None, 28, 28, 1]), *layers()[1:]]
    _refused(write_keras(tmp_path / "m.keras", sequential(chain), arrays()), "not-a-classifier")


def test_layers_that_wait_for_each_other_are_refused(tmp_path: Path) -> None:
    config = functional(old=True)
    chain = {each["config"]["name"]: each for each in config["config"]["layers"]}
    chain["stem"]["inbound_nodes"] = [[["relu", 0, 0, {}]]]
    _refused(write_h5(tmp_path / "m.h5", config, arrays()), "classifier-unreadable", "wait for each other")


@pytest.mark.parametrize("content", [b"", b"nothing", b"\x89HDF\r\n\x1a\n", b"PK\x03\x04 and no more"])
def test_what_is_no_model_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "m.keras").write_bytes(content)
    _refused(tmp_path / "m.keras", "classifier-unreadable")


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", json.dumps(sequential()))
        archive.writestr("model.weights.h5", bytes(50_000_000))
    _refused(tmp_path / "m.keras", "classifier-unreadable", "larger than")


def test_arrays_that_claim_more_than_the_file_holds_are_refused(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "m.h5", sequential(), arrays())
    with h5py.File(path, "a") as file:
        del file["model_weights/stem/stem/kernel:0"]
        file["model_weights/stem"].create_dataset("stem/kernel:0", (3, 3, 3, 100_000_000), "f4", chunks=(3, 3, 3, 64))
    _refused(path, "classifier-unreadable", "larger than the file")


def test_links_to_other_files_are_not_followed(tmp_path: Path) -> None:
    other = write_h5(tmp_path / "other.h5", sequential(), arrays())
    path = write_h5(tmp_path / "m.h5", sequential(), arrays())
    with h5py.File(path, "a") as file:
        del file["model_weights/stem"]
        file["model_weights/stem"] = h5py.ExternalLink(str(other), "/model_weights/stem")
    _refused(path, "classifier-unreadable")
    path = write_h5(tmp_path / "n.h5", sequential(), arrays())
    (tmp_path / "raw").write_bytes(bytes(4 * 4))
    with h5py.File(path, "a") as file:
        del file["model_weights/stem/stem/bias:0"]
        kept = [(str(tmp_path / "raw"), 0, 16)]
        file["model_weights/stem"].create_dataset("stem/bias:0", (4,), "f4", external=kept)
    _refused(path, "classifier-unreadable", "in another file")


EXPECTED = {
    "adopted",
    "bad-preprocess",
    "classifier-unreadable",
    "export-differs",
    "layer-unknown",
    "network-mismatch",
    "network-unreadable",
    "not-a-classifier",
    "size-unknown",
}


def _mutated(config: Any, rng: np.random.Generator) -> Any:
    """A configuration with one value, somewhere, that is another."""
    strange = [None, -1, 0, 10**12, "x", [], {}, [1, 2, 3], float("inf"), True, {"class_name": "x"}]
    places = []

    def walk(value: Any) -> None:
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, inner in items:
            places.append((value, key))
            walk(inner)

    walk(config)
    holder, key = places[rng.integers(len(places))]
    holder[key] = strange[rng.integers(len(strange))]
    return config


@pytest.mark.parametrize("seed", range(60))
def test_a_changed_configuration_is_refused_or_read(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    config = functional(old=True) if seed % 2 else sequential()
    path = write_keras(tmp_path / "m.keras", _mutated(config, rng), arrays())
    assert _outcome(path) in EXPECTED


def _outcome(path: Path) -> str:
    try:
        finish(read_keras(path, Wishes()))
    except FovealError as error:
        return error.code
    return "adopted"


def test_json_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("config.json", "[" * 200_000)
    _refused(tmp_path / "m.keras", "classifier-unreadable")
