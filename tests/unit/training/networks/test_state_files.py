from __future__ import annotations

import argparse
import pickle
import zipfile

import numpy as np
import pytest

from foveal.errors import FovealError

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from safetensors.torch import save_file  # noqa: E402

from foveal.training.networks.state_files import read_state  # noqa: E402

STATE = {"conv.weight": torch.arange(6.0).reshape(2, 3), "norm.count": torch.tensor(7)}


class _Touches:
    """A pickle of it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def _same(found):
    assert found.keys() == STATE.keys()
    assert all(torch.equal(found[name], value) for name, value in STATE.items())


def test_safetensors(tmp_path):
    save_file(STATE, tmp_path / "a.safetensors")
    _same(read_state(tmp_path / "a.safetensors"))


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("suffix", [".pth", ".bin"])
def test_both_layouts_of_torch_save(tmp_path, zipped, suffix):
    torch.save(STATE, tmp_path / f"a{suffix}", _use_new_zipfile_serialization=zipped)
    _same(read_state(tmp_path / f"a{suffix}"))


@pytest.mark.parametrize("key", ["state_dict", "model", "state_dict_ema", "model_state_dict", "net"])
def test_the_weights_of_a_checkpoint_are_found(tmp_path, key):
    inner = {f"module.{name}": value for name, value in STATE.items()}
    torch.save({"epoch": 3, key: inner, "optimizer": {"lr": 0.1}}, tmp_path / "a.pth")
    _same(read_state(tmp_path / "a.pth"))


@pytest.mark.parametrize("zipped", [True, False])
def test_a_crafted_file_runs_nothing(tmp_path, zipped):
    victim = tmp_path / "victim"
    torch.save({**STATE, "x": _Touches(victim)}, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    with pytest.raises(FovealError, match="weights-unreadable"):
        read_state(tmp_path / "a.pth")
    assert not victim.exists()


def test_a_bare_pickle_runs_nothing(tmp_path):
    victim = tmp_path / "victim"
    (tmp_path / "a.pth").write_bytes(pickle.dumps(_Touches(victim)))
    with pytest.raises(FovealError, match="weights-unreadable"):
        read_state(tmp_path / "a.pth")
    assert not victim.exists()


@pytest.mark.parametrize("name", ["a.pth", "a.safetensors"])
@pytest.mark.parametrize("content", [b"", b"nothing of the kind", b"PK\x03\x04" + bytes(80)])
def test_anything_else_is_unreadable(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FovealError, match="weights-unreadable") as caught:
        read_state(tmp_path / name)
    assert name in caught.value.message


def test_a_file_that_is_cut_off_is_unreadable(tmp_path):
    for name, write in (("a.pth", torch.save), ("a.safetensors", save_file)):
        write({"w": torch.zeros(1000)}, tmp_path / name)
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-500])
        with pytest.raises(FovealError, match="weights-unreadable"):
            read_state(tmp_path / name)


def test_other_zips_and_other_contents_are_unreadable(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.pth", "w") as archive:
        archive.writestr("x", "y")
    torch.save({"epoch": 3}, tmp_path / "b.pth")
    torch.save([1, 2], tmp_path / "c.pth")
    np.save(tmp_path / "d.npy", np.zeros(3))
    (tmp_path / "d.npy").rename(tmp_path / "d.pth")
    for name in ("a.pth", "b.pth", "c.pth", "d.pth"):
        with pytest.raises(FovealError, match="weights-unreadable"):
            read_state(tmp_path / name)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_checkpoint_with_its_optimiser_is_read(tmp_path, zipped):
    inner = {f"module.{name}": value for name, value in STATE.items()}
    optimiser = {"state": {0: {"step": 4}}, "param_groups": [{"lr": 0.1, "params": [0]}]}
    content = {"epoch": 3, "state_dict": inner, "optimizer": optimiser}
    torch.save(content, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    _same(read_state(tmp_path / "a.pth"))


def test_options_of_a_script_beside_the_weights_are_left_alone(tmp_path):
    torch.save({"state_dict": STATE, "args": argparse.Namespace(lr=0.1, where=tmp_path)}, tmp_path / "a.pth.tar")
    _same(read_state(tmp_path / "a.pth.tar"))


def test_a_whole_module_is_refused_with_what_to_save(tmp_path):
    torch.save(torch.nn.Linear(2, 3), tmp_path / "a.pth")
    with pytest.raises(FovealError, match=r"a whole torch\.nn\.modules\.linear\.Linear; .*state_dict"):
        read_state(tmp_path / "a.pth")


@pytest.mark.parametrize("name", ["a.pth", "a.safetensors"])
def test_a_file_without_tensors_is_refused(tmp_path, name):
    if name == "a.pth":
        torch.save({"epoch": 3}, tmp_path / name)
    else:
        save_file({}, tmp_path / name)
    with pytest.raises(FovealError, match=r"nothing where tensors.*weights-unreadable"):
        read_state(tmp_path / name)


def test_a_zip_that_swells_is_refused_before_it_does(tmp_path):
    torch.save(STATE, tmp_path / "a.pth")
    with (
        zipfile.ZipFile(tmp_path / "a.pth") as plain,
        zipfile.ZipFile(tmp_path / "b.pth", "w", zipfile.ZIP_DEFLATED) as b,
    ):
        for entry in plain.infolist():
            b.writestr(entry.filename, plain.read(entry))
    with pytest.raises(FovealError, match=r"compressed.*weights-unreadable"):
        read_state(tmp_path / "b.pth")


def test_a_tensor_of_one_number_and_no_strides_is_refused(tmp_path):
    torch.save({"conv.weight": torch.zeros(1).expand(10**7, 10**6)}, tmp_path / "a.pth")
    with pytest.raises(FovealError, match=r"40,000,000,000,000 bytes.*weights-unreadable"):
        read_state(tmp_path / "a.pth")
