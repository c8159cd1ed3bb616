from __future__ import annotations

import copy
import dataclasses
import hashlib
from types import SimpleNamespace

import numpy as np
import pytest

from foveal.backbones.inner_values import with_maps
from foveal.backbones.network import Network
from foveal.backbones.onnx_graph import OnnxGraph
from foveal.errors import FovealError
from foveal.heads.affine import AffineHead
from foveal.heads.linear import LinearHead
from foveal.runtimes.engine import Choice, load_engine

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from tests.unit.training import tiny_training  # noqa: E402
from torch import nn  # noqa: E402

from foveal.training import graph_export  # noqa: E402
from foveal.training.export import as_recogniser, export_network, export_recogniser  # noqa: E402
from foveal.training.from_onnx import OnnxModule  # noqa: E402
from foveal.training.networks.catalogue import find_spec  # noqa: E402
from foveal.training.networks.create import create  # noqa: E402
from foveal.training.prove import prove  # noqa: E402
from foveal.training.recogniser import Recogniser  # noqa: E402
from foveal.training.rooted import RootedLinear  # noqa: E402
from foveal.training.stand_ins import stand_in_photos  # noqa: E402

SIZE = (tiny_training.SIDE, tiny_training.SIDE)


def recogniser(**given):
    made = tiny_training.recogniser(**given)
    made.network.spec = SimpleNamespace(preprocess=tiny_training.PREPROCESS, name="tiny.test")
    return made


def network(name):
    torch.manual_seed(0)
    spec = find_spec(name)
    side = 64 if name != "vit_tiny" else 224
    return create(
        dataclasses.replace(spec, preprocess=dataclasses.replace(spec.preprocess, size_wh=(side, side))),
        pretrained=False,
    )


def rooted(columns):
    rng = np.random.default_rng(0)
    arrays = {
        "centre": rng.normal(size=columns),
        "scale": rng.uniform(0.5, 2, columns),
        "weights": rng.normal(size=(columns, 3)),
        "bias": rng.normal(size=3),
    }
    return RootedLinear(LinearHead.from_arrays({name: each.astype(np.float32) for name, each in arrays.items()}))


# With random weights; the embedding's map is one that explainers find where there is a True.
@pytest.mark.parametrize(("name", "mapped"), [("resnet18", True), ("vit_tiny", False)])
def test_a_backbone_has_the_outputs_of_its_network(name, mapped):
    made = network(name)
    exported = export_network(made)
    assert dict(exported.outputs) == made.output_columns
    assert exported.max_difference < 1e-5
    graph = OnnxGraph(exported.content)
    assert graph.input == "images"
    assert graph.all_outputs == [*exported.outputs]
    maps = with_maps(Network.of(exported.content, exported.outputs), ("embedding",)).maps
    assert bool(maps) == mapped
    photos = stand_in_photos(made.spec.preprocess.size_wh, 3, seed=1)
    proof = prove(as_recogniser(made), exported.content, photos)
    assert proof.n == 3
    assert proof.agreement == 1
    assert proof.max_probability_difference < 1e-6
    # Gradients go through every operator it has.
    image = torch.from_numpy(photos[0][None]).float().requires_grad_()
    (logits,) = OnnxModule(exported.content, ("logits",))(image)
    with torch.no_grad():
        np.testing.assert_allclose(logits.detach(), as_recogniser(made)(image), atol=1e-4)
    assert torch.autograd.grad(logits.sum(), image)[0].abs().max() > 0


def test_any_number_of_photos_go_through():
    import onnxruntime

    made = recogniser().eval()
    exported, _ = export_recogniser(made, SIZE)
    images = np.stack(stand_in_photos(SIZE, 5))
    session = onnxruntime.InferenceSession(exported.content, providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].type == "tensor(uint8)"
    with torch.no_grad():
        expected = made.embed(torch.from_numpy(images)).numpy()
    for count in (1, 5):
        (found,) = session.run(["embedding"], {"images": images[:count]})
        np.testing.assert_allclose(found, expected[:count], atol=1e-5)


def test_the_same_weights_are_the_same_bytes_that_say_nothing_of_the_machine():
    first, second = (export_recogniser(recogniser(seed=3), SIZE)[0].content for _ in range(2))
    assert hashlib.sha256(first).digest() == hashlib.sha256(second).digest()
    assert export_recogniser(recogniser(seed=4), SIZE)[0].content != first
    assert b".py" not in first
    assert b"site-packages" not in first


def test_what_is_exported_is_left_as_it_was():
    made = recogniser().train()
    made.network.norm.eval()
    before = copy.deepcopy(made.state_dict())
    export_recogniser(made, SIZE)
    assert made.training
    assert not made.network.norm.training
    assert made.dropout.training
    for name, values in made.state_dict().items():
        torch.testing.assert_close(values, before[name], rtol=0, atol=0)


def test_batch_norms_are_folded():
    exported, _ = export_recogniser(recogniser(), SIZE)
    kinds = [node.op_type for node in OnnxGraph(exported.content).nodes]
    assert "BatchNormalization" not in kinds
    assert kinds.count("Conv") == 2


def test_a_plain_last_layer_becomes_an_affine_head():
    made = recogniser()
    exported, head = export_recogniser(made, SIZE)
    assert isinstance(head, AffineHead)
    assert dict(exported.outputs) == {"embedding": 8}
    assert head.weights.shape == (8, 3)
    proof = prove(made, exported.content, stand_in_photos(SIZE, 6), head=head)
    assert proof.to_dict()["n"] == 6


def test_a_rooted_last_layer_becomes_a_linear_head_on_the_outputs_it_had():
    made = recogniser(classifier=rooted(16), outputs=("tap_1", "embedding"))
    exported, head = export_recogniser(made, SIZE)
    assert isinstance(head, LinearHead)
    assert dict(exported.outputs) == {"tap_1": 8, "embedding": 8}
    prove(made, exported.content, stand_in_photos(SIZE, 6), outputs=tuple(exported.outputs), head=head)


def test_a_neck_is_part_of_the_network():
    neck = nn.Sequential(nn.Flatten(), nn.Linear(8 * 4 * 4, 5), nn.ReLU())
    made = recogniser(neck=neck, columns=5, uses_map=True)
    exported, head = export_recogniser(made, SIZE)
    assert dict(exported.outputs) == {"embedding": 5}
    assert head.weights.shape == (5, 3)
    prove(made, exported.content, stand_in_photos(SIZE, 6), head=head)


def test_half_precision_is_exported_as_float32():
    made = recogniser().to(torch.bfloat16)
    exported, head = export_recogniser(made, SIZE)
    assert made.classifier.weight.dtype == torch.bfloat16
    assert head.weights.dtype == np.float32
    engine = load_engine(Choice("onnx", "f32"), exported.content, ("embedding",), parallel=1)
    assert engine.run(stand_in_photos(SIZE, 1)[0])[0].shape == (8,)


def test_another_last_layer_is_refused():
    with pytest.raises(FovealError, match="got Sequential") as caught:
        export_recogniser(recogniser(classifier=nn.Sequential(nn.Linear(8, 3))), SIZE)
    assert caught.value.code == "cannot-export"


class Peeking(nn.Module):
    def forward(self, rows):
        return rows * 2 if float(rows.sum()) > 0 else rows


class Exploding(nn.Module):
    def forward(self, rows):
        return rows / 0


@pytest.mark.parametrize(("neck", "word"), [(Peeking(), "written as ONNX"), (Exploding(), "finite")])
def test_what_cannot_be_written_is_refused(neck, word):
    with pytest.raises(FovealError, match=word) as caught:
        export_recogniser(recogniser(neck=neck), SIZE)
    assert caught.value.code == "cannot-export"


def test_weights_beyond_what_a_file_holds_are_refused(monkeypatch):
    monkeypatch.setattr(graph_export, "_MOST_BYTES", 1000)
    with pytest.raises(FovealError, match="2 GiB") as caught:
        export_recogniser(recogniser(), SIZE)
    assert caught.value.code == "cannot-export"


def test_nothing_is_printed(capfd):
    export_recogniser(recogniser(), SIZE)
    assert capfd.readouterr() == ("", "")


def test_a_recogniser_of_a_network_without_classes_gives_its_embedding():
    made = tiny_training.TinyNetwork()
    made.imagenet_layer = None
    images = torch.from_numpy(np.stack(stand_in_photos(SIZE, 2)))
    whole = Recogniser(made, 3)
    torch.testing.assert_close(as_recogniser(made)(images), whole.embed(images))
