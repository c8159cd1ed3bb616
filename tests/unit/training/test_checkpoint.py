from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from foveal.errors import FovealError  # noqa: E402
from foveal.training import checkpoint  # noqa: E402

JOB = {"the seed": "1", "the photos": "2"}


def made():
    weight = torch.randn(4, 3, 2, 2).to(memory_format=torch.channels_last)
    tensors = {"model/a": weight, "model/tied": weight, "ema/a": torch.zeros(0), "model/n": torch.tensor(7)}
    return checkpoint.Checkpoint(tensors, {"rate": 0.1 + 0.2}, JOB)


def test_what_was_written_is_read(tmp_path):
    path, given = tmp_path / "run" / checkpoint.LAST, made()
    checkpoint.write(path, given)
    found = checkpoint.read(path, JOB)
    assert found.facts == given.facts
    for name, value in given.tensors.items():
        assert torch.equal(found.tensors[name], value)
    assert found.part("model").keys() == {"a", "tied", "n"}
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("harm", ["short", "changed", "empty", "other"])
def test_damage_is_told(tmp_path, harm):
    path = tmp_path / checkpoint.LAST
    checkpoint.write(path, made())
    checkpoint.keep_as(path, tmp_path / checkpoint.BEST)
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes({"short": content[:-9], "changed": content, "empty": b"", "other": b"PK" * 99}[harm])
    with pytest.raises(FovealError) as caught:
        checkpoint.read(path, JOB)
    assert caught.value.code == "checkpoint-damaged"
    assert checkpoint.BEST in caught.value.hint
    assert checkpoint.read(tmp_path / checkpoint.BEST, JOB).facts == made().facts


def test_another_job_is_refused_by_name(tmp_path):
    checkpoint.write(tmp_path / checkpoint.LAST, made())
    with pytest.raises(FovealError, match="the photos") as caught:
        checkpoint.read(tmp_path / checkpoint.LAST, {**JOB, "the photos": "3"})
    assert caught.value.code == "checkpoint-mismatch"


def test_a_write_that_fails_leaves_the_one_that_was_there(tmp_path, monkeypatch):
    path = tmp_path / checkpoint.LAST
    checkpoint.write(path, made())
    before = path.read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(FovealError) as caught:
        checkpoint.write(path, made())
    assert caught.value.code == "cannot-write"
    assert "--resume" in caught.value.hint
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_the_best_stands_in_for_a_last_that_was_removed(tmp_path):
    assert checkpoint.find(tmp_path) is None
    checkpoint.write(tmp_path / checkpoint.BEST, made())
    assert checkpoint.find(tmp_path) == tmp_path / checkpoint.BEST
