from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
timm = pytest.importorskip("timm", reason="needs the extra train")
torchvision = pytest.importorskip("torchvision", reason="needs the extra train")

from safetensors.torch import save_file  # noqa: E402  # after the skip

from foveal.errors import FovealError  # noqa: E402
from foveal.workflows.adopt import adopt  # noqa: E402

PHOTO = np.random.default_rng(1).integers(0, 256, (80, 100, 3), dtype=np.uint8)
TIMM = "test_resnet"


def _said(network: object, preprocess: object) -> np.ndarray:
    x = torch.from_numpy(preprocess.apply(PHOTO)).permute(2, 0, 1)[None].float() / 255
    mean, std = (torch.tensor(each)[:, None, None] for each in (preprocess.mean, preprocess.std))
    with torch.no_grad():
        return torch.softmax(network((x - mean) / std), 1)[0].numpy()


def test_weights_of_timm(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = timm.create_model(TIMM, num_classes=4).eval()
    save_file(network.state_dict(), tmp_path / "w.safetensors")
    model = adopt(tmp_path / "w.safetensors", network=f"timm/{TIMM}", classes="a,b,c,d", size=64)
    assert model.head.kind == "affine"
    assert model.views[0].preprocess.size_wh == (64, 64)
    probs = model.predict([PHOTO]).probs[0]
    np.testing.assert_allclose(probs, _said(network, model.views[0].preprocess), atol=2e-3)
    assert model.record["adopted"]["library"] == "timm"
    assert model.record["adopted"]["architecture"] == TIMM


def test_a_training_checkpoint_of_torchvision(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = torchvision.models.squeezenet1_1(num_classes=3).eval()
    state = {f"module.{name}": value for name, value in network.state_dict().items()}
    torch.save({"epoch": 3, "state_dict": state}, tmp_path / "w.pth")
    model = adopt(tmp_path / "w.pth", network="torchvision/squeezenet1_1", classes=["a", "b", "c"], size=64)
    probs = model.predict([PHOTO]).probs[0]
    np.testing.assert_allclose(probs, _said(network, model.views[0].preprocess), atol=2e-3)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    network = timm.create_model(TIMM, num_classes=4)
    save_file({f"strange.{name}": value for name, value in network.state_dict().items()}, tmp_path / "w.safetensors")
    with pytest.raises(FovealError) as caught:
        adopt(tmp_path / "w.safetensors", network=f"timm/{TIMM}", classes="a,b,c,d")
    assert caught.value.code == "weights-mismatch"
    state = network.state_dict()
    state.pop(next(iter(state)))
    save_file(state, tmp_path / "w.safetensors")
    with pytest.raises(FovealError, match="Missing key") as less:
        adopt(tmp_path / "w.safetensors", network=f"timm/{TIMM}", classes="a,b,c,d")
    assert less.value.code == "weights-mismatch"
