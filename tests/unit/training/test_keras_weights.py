from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
h5py = pytest.importorskip("h5py", reason="needs the extra train")

from torch.nn import functional  # noqa: E402  # after the skip

from foveal.errors import FovealError  # noqa: E402
from foveal.training import keras_weights  # noqa: E402
from foveal.training.networks.catalogue import find_spec  # noqa: E402

WIDTHS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))


def _vgg16(path: Path, *, store: bool) -> dict[str, np.ndarray]:
    """The convolutions of VGG16 ("notop") as Keras 2 or 3 keeps them; most are zeros, which compress to nothing."""
    rng = np.random.default_rng(0)
    kept = {}
    with h5py.File(path, "w") as file:
        before = number = 0
        for block, (width, count) in enumerate(WIDTHS, start=1):
            for each in range(1, count + 1):
                name, shape = f"block{block}_conv{each}", (3, 3, before or 3, width)
                kernel = np.zeros(shape, np.float32) if number > 1 else rng.normal(0, 0.1, shape).astype(np.float32)
                bias = np.full(width, number, np.float32)
                if store:
                    place = file.create_group(f"layers/conv2d{f'_{number}' if number else ''}/vars")
                    names = ("0", "1")
                else:
                    place = file.create_group(name)
                    names = (f"{name}_W_1:0", f"{name}_b_1:0")
                    place.attrs["weight_names"] = np.array([each.encode() for each in names])
                for key, values in zip(names, (kernel, bias), strict=True):
                    place.create_dataset(key, data=values)
                kept[name] = kernel
                before, number = width, number + 1
    return kept


@pytest.mark.parametrize("store", [False, True], ids=["keras 2", "keras 3"])
def test_the_first_convolution_takes_photos_as_the_spec_says(store: bool, tmp_path: Path) -> None:
    kept = _vgg16(tmp_path / "vgg16.h5", store=store)
    spec = find_spec("torchvision/vgg16")
    state = keras_weights.read(tmp_path / "vgg16.h5", spec)
    photo = np.random.default_rng(1).integers(0, 256, (1, 3, 16, 16)).astype(np.float32)
    caffe = torch.from_numpy(photo[:, ::-1] - np.array([103.939, 116.779, 123.68], np.float32)[:, None, None])
    wanted = functional.conv2d(caffe, torch.from_numpy(kept["block1_conv1"].transpose(3, 2, 0, 1).copy()))
    mean, std = (np.array(each, np.float32)[:, None, None] for each in (spec.preprocess.mean, spec.preprocess.std))
    given = torch.from_numpy((photo / 255 - mean) / std)
    found = functional.conv2d(given, state["features.0.weight"], state["features.0.bias"])
    np.testing.assert_allclose(found.numpy(), wanted.numpy(), rtol=1e-4, atol=1e-3)


def test_the_state_fits_both_libraries(tmp_path: Path) -> None:
    _vgg16(tmp_path / "vgg16.h5", store=False)
    for name, last in (("torchvision/vgg16", "classifier.6.weight"), ("timm/vgg16", "head.fc.weight")):
        state = keras_weights.read(tmp_path / "vgg16.h5", find_spec(name))
        assert state["features.28.bias"].tolist() == [12.0] * 512
        assert tuple(state["features.2.weight"].shape) == (64, 64, 3, 3)
        assert last not in state


def test_networks_that_keras_builds_otherwise_are_refused(tmp_path: Path) -> None:
    _vgg16(tmp_path / "vgg16.h5", store=False)
    for name in ("torchvision/resnet50", "torchvision/mobilenet_v2"):
        with pytest.raises(FovealError, match="build alike") as caught:
            keras_weights.read(tmp_path / "vgg16.h5", find_spec(name))
        assert caught.value.code == "weights-mismatch"


def test_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    _vgg16(tmp_path / "vgg16.h5", store=False)
    spec = replace(find_spec("torchvision/vgg16"), architecture="vgg19")
    with pytest.raises(FovealError, match="layers of Keras") as caught:
        keras_weights.read(tmp_path / "vgg16.h5", spec)
    assert caught.value.code == "weights-mismatch"
    (tmp_path / "vgg16.h5").write_bytes(b"nothing")
    with pytest.raises(FovealError) as damaged:
        keras_weights.read(tmp_path / "vgg16.h5", spec)
    assert damaged.value.code == "weights-unreadable"
