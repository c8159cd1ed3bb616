from __future__ import annotations

import contextlib
import pickle
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch_writer import (
    SYSTEM,
    Call,
    Name,
    Storage,
    Tensor,
    contiguous,
    pickled,
    state_of,
    torch_bytes,
    with_state_pickle,
)

from foveal.backbones.torch_file import read_state_dict
from foveal.errors import FovealError

KINDS = {
    "DoubleStorage": np.float64,
    "FloatStorage": np.float32,
    "HalfStorage": np.float16,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
    "ShortStorage": np.int16,
    "CharStorage": np.int8,
    "ByteStorage": np.uint8,
    "BoolStorage": np.bool_,
}


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("torch") / "weights.pth"


def read(scratch, data):
    scratch.write_bytes(data)
    return read_state_dict(scratch)


def refused(scratch, data):
    with pytest.raises(FovealError) as caught:
        read(scratch, data)
    assert caught.value.code == "weights-unreadable"
    assert str(scratch) in caught.value.message
    return caught.value.message


def arrays_or_refusal(scratch, data):
    scratch.write_bytes(data)
    with contextlib.suppress(FovealError):
        return read_state_dict(scratch)
    return {}


def floats(count, key="0"):
    return Storage("FloatStorage", key, np.arange(count, dtype=np.float32))


@pytest.mark.parametrize(("kind", "dtype"), KINDS.items())
def test_every_type_of_element(scratch, kind, dtype):
    values = np.array([0, 1, 5, 100, 0, 7]).astype(dtype)
    storage = Storage(kind, "7", values)
    found = read(scratch, torch_bytes(state_of(x=contiguous(storage, 2, 3)), [storage]))
    assert list(found) == ["x"]
    assert found["x"].dtype == dtype
    np.testing.assert_array_equal(found["x"], values.reshape(2, 3))


def test_views_of_one_storage(scratch):
    storage = floats(24)
    state = state_of(
        whole=contiguous(storage, 2, 3, 4),
        transposed=Tensor(storage, 0, (4, 6), (1, 4)),
        column=Tensor(storage, 1, (6,), (4,)),
        tail=Tensor(storage, 20, (4,), (1,)),
        scalar=Tensor(storage, 5, (), ()),
        empty=Tensor(storage, 0, (0, 3), (3, 1)),
    )
    found = read(scratch, torch_bytes(state, [storage]))
    values = np.arange(24, dtype=np.float32)
    np.testing.assert_array_equal(found["whole"], values.reshape(2, 3, 4))
    np.testing.assert_array_equal(found["transposed"], values.reshape(6, 4).T)
    np.testing.assert_array_equal(found["column"], values[1::4])
    np.testing.assert_array_equal(found["tail"], values[20:])
    assert found["scalar"] == 5
    assert found["scalar"].shape == ()
    assert found["empty"].shape == (0, 3)
    assert list(found) == ["whole", "transposed", "column", "tail", "scalar", "empty"]
    for array in found.values():
        assert array.flags.c_contiguous
        assert array.flags.owndata
        assert array.flags.writeable


def test_several_storages_and_what_is_no_tensor(scratch):
    first, second = floats(3, "a"), Storage("LongStorage", "b", np.array([9]))
    state = {"x": contiguous(second), "note": "text", "epoch": 3, "y": contiguous(first, 3)}
    found = read(scratch, torch_bytes(state, [first, second]))
    assert list(found) == ["x", "y"]
    assert found["x"] == 9
    np.testing.assert_array_equal(found["y"], [0, 1, 2])


def test_a_storage_without_elements(scratch):
    storage = floats(0)
    assert read(scratch, torch_bytes({"x": contiguous(storage, 0)}, [storage]))["x"].shape == (0,)
    assert "outside" in refused(scratch, torch_bytes({"x": contiguous(storage)}, [storage]))


@pytest.mark.parametrize(
    ("module", "name"), [("os", "system"), ("builtins", "eval"), ("torch", "load"), ("foveal.backbones", "BUILDERS")]
)
def test_nothing_is_called_that_weights_do_not_need(scratch, tmp_path, monkeypatch, module, name):
    monkeypatch.chdir(tmp_path)
    command = "open('ran', 'w')" if name == "eval" else "touch ran"
    message = refused(scratch, torch_bytes({"x": Call(Name(module, name), (command,))}, []))
    assert f"{module}.{name}" in message
    assert list(tmp_path.iterdir()) == []


def test_pickles_own_way_of_calling_is_refused(scratch, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    class Bomb:
        def __reduce__(self):
            return (exec, ("open('ran', 'w')",))

    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        refused(scratch, with_state_pickle(pickle.dumps({"x": Bomb()}, protocol)))
        refused(scratch, pickle.dumps(Bomb(), protocol))
    assert list(tmp_path.iterdir()) == []


FOUR = floats(4)
INTS = Storage("IntStorage", "0", FOUR.values)
CRAFTED = {
    "too many elements named": ({"x": contiguous(Storage("FloatStorage", "0", FOUR.values, 2**40), 4)}, [FOUR]),
    "as many as there are but more": ({"x": contiguous(FOUR, 5)}, [FOUR]),
    "a reach beyond": ({"x": Tensor(FOUR, 1, (2, 2), (2, 1))}, [FOUR]),
    "a negative offset": ({"x": Tensor(FOUR, -1, (2,), (1,))}, [FOUR]),
    "a negative stride": ({"x": Tensor(FOUR, 3, (4,), (-1,))}, [FOUR]),
    "a negative size": ({"x": Tensor(FOUR, 0, (-4,), (1,))}, [FOUR]),
    "a small file of 4 TB": ({"x": Tensor(FOUR, 0, (2**40,), (0,))}, [FOUR]),
    "a stride beyond 64 bits": ({"x": Tensor(FOUR, 0, (1,), (2**70,))}, [FOUR]),
    "a stride beyond 64 bits in bytes": ({"x": Tensor(FOUR, 0, (1,), (2**62,))}, [FOUR]),
    "65 axes": ({"x": Tensor(FOUR, 0, (1,) * 65, (1,) * 65)}, [FOUR]),
    "more strides than axes": ({"x": Tensor(FOUR, 0, (4,), (1, 1))}, [FOUR]),
    "a shape of text": ({"x": Tensor(FOUR, 0, "4", "1")}, [FOUR]),
    "a shape of fractions": ({"x": Tensor(FOUR, 0, (4.0,), (1,))}, [FOUR]),
    "an offset of True": ({"x": Tensor(FOUR, True, (1,), (1,))}, [FOUR]),
    "a tensor without storage": ({"x": Tensor(None, 0, (4,), (1,))}, [FOUR]),
    "a storage that is not there": ({"x": contiguous(FOUR, 4)}, []),
    "raw memory that nothing names": ({"x": 1}, [FOUR]),
    "one storage twice": (
        {"x": contiguous(FOUR, 4), "y": contiguous(Storage("IntStorage", "0", FOUR.values), 4)},
        [FOUR],
    ),
    "elements of infinity": ({"x": contiguous(Storage("FloatStorage", "0", FOUR.values, float("inf")), 4)}, [FOUR]),
    "an OrderedDict of something": ({"x": Call(Name("collections", "OrderedDict"), ([["a", 1]],))}, []),
    "a storage type called": ({"x": Call(Name("torch", "FloatStorage"), (9,))}, []),
    "a list instead of a dict": ([contiguous(FOUR, 4)], [FOUR]),
    "keys that are no text": ({1: contiguous(FOUR, 4)}, [FOUR]),
}


@pytest.mark.parametrize(("state", "storages"), CRAFTED.values(), ids=CRAFTED)
def test_crafted_tensors_are_refused(scratch, state, storages):
    refused(scratch, torch_bytes(state, storages))


def test_sharing_does_not_multiply_memory(scratch):
    storage = floats(4096)
    state = {str(number): contiguous(storage, 4096) for number in range(1000)}
    data = torch_bytes(state, [storage])
    tracemalloc.start()
    refused(scratch, data)
    assert tracemalloc.get_traced_memory()[1] < 20 * len(data)
    tracemalloc.stop()


HUGE = (2**62).to_bytes(8, "little")
PROGRAMS = {
    "a text of 4 EB": b"\x80\x02\x8d" + HUGE + b".",
    "bytes of 2 GB": b"\x80\x02T\xff\xff\xff\x7f.",
    "nested 200,000 deep, as a key": b"\x80\x02}" + b")" + b"\x85" * 200_000 + b"K\x01s.",
    "nested 200,000 deep, as an id": b"\x80\x02)" + b"\x85" * 200_000 + b"Q.",
    "a stack that runs empty": b"\x80\x020.",
    "a mark instead of a value": b"\x80\x02(.",
    "no mark": b"\x80\x02}K\x01t.",
    "odd items": b"\x80\x02}(X\x01\x00\x00\x00au.",
    "an append to a number": b"\x80\x02K\x01K\x02a.",
    "an item of a list": b"\x80\x02]X\x01\x00\x00\x00aK\x02s.",
    "a call of a number": b"\x80\x02K\x01)R.",
    "a call without a tuple": b"\x80\x02ccollections\nOrderedDict\nK\x01R.",
    "a text that is no UTF-8": b"\x80\x02X\x02\x00\x00\x00\xff\xfe.",
    "a name without a line end": b"\x80\x02cos",
    "what was never kept": b"\x80\x02h\x07.",
    "another protocol": b"\x80\x04}.",
    "no end": b"\x80\x02}",
    "nothing": b"",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_crafted_pickles_are_refused(scratch, program):
    refused(scratch, with_state_pickle(program))


def test_a_place_in_the_memo_takes_no_memory(scratch):
    assert read(scratch, with_state_pickle(b"\x80\x02}r\xff\xff\xff\xff.")) == {}


@pytest.mark.parametrize("system", [{"little_endian": False}, {}, [1], {"little_endian": 1}])
def test_only_little_endian(scratch, system):
    assert "endian" in refused(scratch, torch_bytes({}, [], system=system))


def test_other_files_are_refused(scratch, tmp_path):
    assert "magic" in refused(scratch, pickled(7))
    assert "protocol" in refused(scratch, torch_bytes({}, []).replace(pickled(1001), pickled(1002)))
    refused(scratch, b"PK\x03\x04 a zip file")
    for missing in (tmp_path / "none.pth", tmp_path):
        with pytest.raises(FovealError) as caught:
            read_state_dict(missing)
        assert caught.value.code == "weights-unreadable"


def _small_file():
    first, second = floats(6, "0"), Storage("LongStorage", "1", np.array([3]))
    return torch_bytes(state_of(w=Tensor(first, 0, (3, 2), (1, 3)), n=contiguous(second)), [first, second])


VALID = _small_file()


def test_every_truncation_is_refused(scratch):
    assert len(read(scratch, VALID)) == 2
    for length in range(len(VALID)):
        refused(scratch, VALID[:length])


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, len(VALID) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_any_damage_gives_arrays_or_a_refusal(scratch, changes):
    data = bytearray(VALID)
    for place, value in changes:
        data[place] = value
    found = arrays_or_refusal(scratch, bytes(data))
    assert all(isinstance(array, np.ndarray) for array in found.values())


OPCODES = b"(.0K\x01J\x8aX\x85\x86\x87)]}tasueRQbcqrhj\x88\x89NGMB\x80\x02"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(program=st.lists(st.one_of(st.sampled_from(sorted(OPCODES)), st.integers(0, 255)), max_size=60))
def test_any_program_gives_arrays_or_a_refusal(scratch, program):
    assert arrays_or_refusal(scratch, with_state_pickle(b"\x80\x02}" + bytes(program) + b".")) == {}


def test_system_information_is_as_pytorch_writes_it(scratch):
    assert SYSTEM["little_endian"] is True
    assert read(scratch, torch_bytes(state_of(), [])) == {}
