from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper
from small_classifiers import CHANNELS, ENDINGS, SIZE, classifier, weights

from foveal.adopting.finish import finish
from foveal.adopting.foreign import NORMALISATIONS, Wishes, normalisation_of
from foveal.adopting.onnx_file import read_onnx
from foveal.errors import FovealError
from foveal.heads.affine import AffineHead
from foveal.metrics.calibration import softmax
from foveal.runtimes.engine import Choice, load_engine

PHOTO = np.random.default_rng(5).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)


def written(folder: Path, content: bytes) -> Path:
    path = folder / "net.onnx"
    path.write_bytes(content)
    return path


def adopted(path: Path, wishes: Wishes | None = None) -> NDArray[np.float32]:
    """Probabilities [C] of the photo by what was made of a file."""
    done = finish(read_onnx(path, wishes or Wishes()))
    name, columns = next(iter(done.network.outputs.items()))
    row = load_engine(Choice("onnx", "f32"), done.network.content, (name,), parallel=1).run(PHOTO)[0]
    assert row.shape == (columns,)
    return np.asarray(softmax(done.head.logits(row[None]))[0], np.float32)


def own(content: bytes, normalise: str = "imagenet") -> NDArray[np.float32]:
    """What the file itself says of the photo."""
    how = NORMALISATIONS[normalise]
    x = (PHOTO.astype(np.float32) / 255 - np.array(how.mean, np.float32)) / np.array(how.std, np.float32)
    x = x[:, :, ::-1] if how.bgr else x
    session = onnxruntime.InferenceSession(content)
    found = session.run(["y"], {"x": np.ascontiguousarray(x.transpose(2, 0, 1)[None], np.float32)})[0][0]
    return np.asarray(found, np.float32)


@pytest.mark.parametrize("ending", ENDINGS)
def test_probabilities_are_those_of_the_file(ending: str, tmp_path: Path) -> None:
    content = classifier(ending)
    said = own(content)
    wanted = said if said.sum() == pytest.approx(1, abs=1e-4) and said.min() >= 0 else softmax(said[None])[0]
    assert np.abs(adopted(written(tmp_path, content)) - wanted).max() < 1e-4


@pytest.mark.parametrize("ending", ["logits", "softmax", "matmul", "conv", "flat-conv", "log-softmax"])
def test_the_last_matrix_becomes_the_head(ending: str, tmp_path: Path) -> None:
    done = finish(read_onnx(written(tmp_path, classifier(ending)), Wishes()))
    assert isinstance(done.head, AffineHead)
    assert dict(done.network.outputs) == {"embedding": CHANNELS}
    np.testing.assert_allclose(done.head.weights, weights()["matrix"], rtol=1e-6)
    np.testing.assert_allclose(done.head.bias, weights()["bias"], rtol=1e-6)
    kept = {node.op_type for node in onnx.load_from_string(done.network.content).graph.node}
    assert not kept & {"Gemm", "MatMul", "Softmax", "LogSoftmax"}


@pytest.mark.parametrize("normalise", sorted(NORMALISATIONS))
def test_normalisations(normalise: str, tmp_path: Path) -> None:
    scale = 0.01 if normalise in ("none", "caffe") else 1.0
    given = weights()
    given["filters"] *= np.float32(scale)
    content = classifier("softmax", given=given)
    found = adopted(written(tmp_path, content), Wishes(normalise=normalise))
    assert np.abs(found - own(content, normalise)).max() < 1e-4


def test_a_network_of_bytes_normalises_by_itself(tmp_path: Path) -> None:
    content = classifier("softmax", kind=TensorProto.UINT8)
    wanted = onnxruntime.InferenceSession(content).run(["y"], {"photo": PHOTO[None]})[0][0]
    assert np.abs(adopted(written(tmp_path, content)) - wanted).max() < 1e-4
    assert not read_onnx(tmp_path / "net.onnx", Wishes()).notes


def test_half_precision(tmp_path: Path) -> None:
    single, half = classifier("softmax"), classifier("softmax", kind=TensorProto.FLOAT16)
    assert np.abs(adopted(written(tmp_path, half)) - own(single)).max() < 5e-3


def test_one_column_with_a_sigmoid_is_two_classes(tmp_path: Path) -> None:
    content = classifier("sigmoid", given=weights(classes=1))
    yes = own(content)[0]
    np.testing.assert_allclose(adopted(written(tmp_path, content)), [1 - yes, yes], atol=1e-4)


def test_any_number_of_labels_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, classifier("sigmoid"))
    with pytest.raises(FovealError, match="sigmoid for each of 3 labels") as caught:
        finish(read_onnx(path, Wishes()))
    assert caught.value.code == "not-a-classifier"
    assert caught.value.message.startswith(f"{path}: ")


def test_a_fixed_batch_and_an_open_size(tmp_path: Path) -> None:
    content = classifier("softmax", side="side", batch=1)
    path = written(tmp_path, content)
    with pytest.raises(FovealError) as caught:
        read_onnx(path, Wishes())
    assert caught.value.code == "size-unknown"
    assert np.abs(adopted(path, Wishes(size_wh=(SIZE, SIZE))) - own(content)).max() < 1e-4


def test_another_size_than_the_network_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FovealError, match="expected 32x32") as caught:
        read_onnx(written(tmp_path, classifier()), Wishes(size_wh=(64, 64)))
    assert caught.value.code == "bad-option"


def test_of_several_outputs_the_user_chooses(tmp_path: Path) -> None:
    path = written(tmp_path, classifier("softmax", more=True))
    with pytest.raises(FovealError, match="y, flat") as caught:
        read_onnx(path, Wishes())
    assert caught.value.code == "not-a-classifier"
    assert read_onnx(path, Wishes(output="y")).output == "y"
    with pytest.raises(FovealError) as wrong:
        read_onnx(path, Wishes(output="z"))
    assert wrong.value.code == "bad-option"


NOTES = {
    "author": "Ultralytics",
    "task": "classify",
    "imgsz": "[32, 32]",
    "names": "{0: 'circle', 1: \"the 'square'\", 2: 'stripes'}",
    "license": "AGPL-3.0 License (https://example.org)",
    "version": "8.3.0",
}


def test_notes_of_ultralytics_are_read(tmp_path: Path) -> None:
    content = classifier("softmax", side="s", notes=NOTES)
    found = read_onnx(written(tmp_path, content), Wishes())
    assert found.library == "Ultralytics"
    assert found.class_names == ("circle", "the 'square'", "stripes")
    assert found.licence == "AGPL-3.0"
    assert found.preprocess.size_wh == (32, 32)
    assert (found.preprocess.mode, found.preprocess.crop_share) == ("crop", 1.0)
    assert not found.notes
    assert np.abs(adopted(tmp_path / "net.onnx") - own(content, "unit")).max() < 1e-4


@pytest.mark.parametrize("names", ["__import__('os').getcwd()", "{0: 'a', 5: 'b'}", "[" * 5000, "{0: 1}", "nothing("])
def test_notes_that_are_no_names_are_refused(names: str, tmp_path: Path) -> None:
    with pytest.raises(FovealError) as caught:
        read_onnx(written(tmp_path, classifier(notes={**NOTES, "names": names})), Wishes())
    assert caught.value.code == "classifier-unreadable"


def test_a_detector_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FovealError, match="detect") as caught:
        read_onnx(written(tmp_path, classifier(notes={**NOTES, "task": "detect"})), Wishes())
    assert caught.value.code == "not-a-classifier"


def test_what_is_no_network_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"nothing", classifier()[:200]):
        with pytest.raises(FovealError) as caught:
            finish(read_onnx(written(tmp_path, content), Wishes(size_wh=(32, 32))))
        assert caught.value.code in ("network-unreadable", "not-a-classifier")


def test_normalisation_in_numbers() -> None:
    found = normalisation_of("0.5,0.4,0.3/0.2,0.2,0.1")
    assert (found.mean, found.std) == ((0.5, 0.4, 0.3), (0.2, 0.2, 0.1))
    for text in ("0.5/0.2", "a,b,c/1,1,1", "0,0,0/1,1,0", "0,0,nan/1,1,1", "1,1,1/1,1,1/1,1,1"):
        with pytest.raises(FovealError) as caught:
            normalisation_of(text)
        assert caught.value.code == "bad-option"
    with pytest.raises(FovealError) as unknown:
        normalisation_of("imagnet")
    assert "imagenet" in unknown.value.hint


def test_a_map_of_scores_is_no_classifier(tmp_path):
    spatial = onnx.load_from_string(classifier("logits"))
    spatial.graph.output.append(helper.make_tensor_value_info("maps", TensorProto.FLOAT, ["N", CHANNELS, 14, 14]))
    onnx.save(spatial, tmp_path / "a.onnx")
    with pytest.raises(FovealError, match=r"\[1, 8, 14, 14\].*not-a-classifier") as caught:
        finish(read_onnx(tmp_path / "a.onnx", Wishes(output="maps")))
    assert caught.value.message.startswith(f"{tmp_path / 'a.onnx'}: ")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused(tmp_path, value):
    given = {**weights(), "bias": np.full(3, value, np.float32)}
    (tmp_path / "a.onnx").write_bytes(classifier("softmax", given=given))
    with pytest.raises(FovealError, match=r"damaged or diverged.*network-unreadable") as caught:
        finish(read_onnx(tmp_path / "a.onnx", Wishes()))
    assert caught.value.message.startswith(f"{tmp_path / 'a.onnx'}: ")
