from __future__ import annotations

import json

import numpy as np
import pytest
from tiny_network import images, tiny_network

from foveal.backbones.quantise import quantise
from foveal.errors import FovealError
from foveal.runtimes import choose as module
from foveal.runtimes.choose import COSINE_BUDGET, Measured, choose, recall
from foveal.runtimes.engine import Choice

TINY = tiny_network()
OV, ORT, BF16 = Choice("openvino", "f32"), Choice("onnx", "f32"), Choice("openvino", "bf16")
OV8, ORT8 = Choice("openvino", "int8"), Choice("onnx", "int8")


@pytest.fixture(autouse=True)
def machine_file(tmp_path, monkeypatch):
    monkeypatch.setenv("FOVEAL_CACHE", str(tmp_path))
    monkeypatch.setenv("FOVEAL_THREADS", "2")
    return tmp_path / "machine.json"


@pytest.fixture
def bench(monkeypatch):
    """Measurements as a table of (photos a second, cosine distance); what is not in it does not run here."""

    class Bench:
        def __init__(self):
            self.table = {OV: (100, 0.0), ORT: (90, 0.0), BF16: (200, 0.001), OV8: (400, 0.008), ORT8: (350, 0.008)}
            self.calls = []

        def measure(self, network, output, photos, quantise, wanted):
            self.calls += wanted
            found = [Measured(each, *self.table[each]) for each in wanted if each in self.table]
            return found, [str(each) for each in wanted if each not in self.table]

    bench = Bench()
    monkeypatch.setattr(module, "_measure_all", bench.measure)
    return bench


def ask(*, photos=None, int8=True, **options):
    return choose(
        b"network",
        sha256=options.pop("sha256", "aa"),
        output="embedding",
        photos=photos or (lambda: images(1)),
        quantise=(lambda: b"int8") if int8 else None,
        **options,
    )


def test_the_fastest_within_the_budget_wins(bench):
    assert ask() == BF16
    assert bench.calls == [OV, ORT, BF16]


def test_a_little_faster_is_not_enough(bench):
    bench.table[BF16] = (109, 0.001)
    assert ask() == OV
    bench.table[BF16] = (111, 0.001)
    assert ask(sha256="bb") == BF16


def test_beyond_the_budget_speed_does_not_count(bench):
    bench.table[BF16] = (1000, COSINE_BUDGET * 1.01)
    assert ask() == OV
    assert ask(precision="bf16") == BF16
    bench.table[BF16] = (1000, float("nan"))
    assert ask(sha256="bb") == OV


def test_nothing_is_measured_twice(bench):
    ask()
    count = len(bench.calls)
    assert ask() == BF16
    assert ask(runtime="openvino") == BF16
    assert ask(runtime="onnx") == ORT
    assert ask(precision="f32") == OV

    def never():
        raise AssertionError("photos were read although everything is remembered")

    ask(photos=never)
    assert len(bench.calls) == count
    ask(sha256="bb")
    assert len(bench.calls) == 2 * count


def test_what_does_not_run_here_is_remembered_too(bench):
    del bench.table[BF16]
    del bench.table[ORT]
    assert ask() == OV
    assert ask() == OV
    assert bench.calls == [OV, ORT, BF16]
    with pytest.raises(FovealError) as caught:
        ask(precision="bf16")
    assert caught.value.code == "no-engine"
    assert "bf16" in caught.value.message


def test_another_number_of_threads_is_another_machine(bench, monkeypatch):
    ask()
    monkeypatch.setenv("FOVEAL_THREADS", "1")
    ask()
    assert bench.calls == 2 * [OV, ORT, BF16]
    monkeypatch.setenv("FOVEAL_THREADS", "2")
    ask()
    assert len(bench.calls) == 6


@pytest.mark.parametrize("runtime", ["openvino", "onnx"])
@pytest.mark.parametrize("precision", ["f32", "bf16", "int8"])
def test_what_is_asked_for_is_given_without_measuring(bench, runtime, precision):
    assert ask(runtime=runtime, precision=precision) == Choice(runtime, precision)
    assert bench.calls == []


def test_one_of_the_two_is_asked_for(bench):
    assert ask(runtime="onnx") == ORT
    assert bench.calls == [ORT]
    assert ask(precision="int8", sha256="bb") == OV8
    assert bench.calls == [ORT, OV8, ORT8]
    assert ask(precision="f32", sha256="cc") == OV


def test_int8_is_made_only_where_it_pays(bench):
    # At 200 photos a second against an expected 250, 6,000 photos win back the six seconds.
    least = 6 / (1 / 200 - 1 / 250)
    assert ask(ahead=int(least * 0.9)) == BF16
    assert OV8 not in bench.calls
    assert ask(ahead=int(least * 1.1)) == OV8
    assert bench.calls == [OV, ORT, BF16, OV8, ORT8]
    assert ask(ahead=0) == OV8
    assert ask(ahead=10**6) == OV8
    assert len(bench.calls) == 5


def test_int8_that_failed_or_loses_is_not_chosen(bench):
    bench.table[OV8] = (900, 0.5)
    bench.table[ORT8] = (150, 0.008)
    assert ask(ahead=10**6) == BF16
    assert ask(sha256="bb", ahead=10**6, int8=False) == BF16
    assert bench.calls.count(OV8) == 1


@pytest.mark.parametrize(
    ("option", "value", "near"), [("runtime", "openvin", "openvino"), ("precision", "int4", "int8")]
)
def test_unknown_names(bench, option, value, near):
    with pytest.raises(FovealError) as caught:
        ask(**{option: value})
    assert caught.value.code == "unknown-name"
    assert near in caught.value.hint
    assert bench.calls == []


DAMAGED = [
    b"",
    b"not json",
    b"\xff\xfe",
    b"[]",
    b"3",
    b'{"protocol": 2, "machines": {}}',
    b'{"protocol": 1}',
    b'{"protocol": 1, "machines": []}',
    b'{"protocol": 1, "machines": {"x": 1}}',
]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_file_of_measurements_is_replaced(bench, machine_file, content):
    machine_file.write_bytes(content)
    assert recall("aa") == []
    assert ask() == BF16
    assert json.loads(machine_file.read_bytes())["protocol"] == 1
    assert [each.choice for each in recall("aa")] == [OV, ORT, BF16]


@pytest.mark.parametrize(
    "entry", [3, [], {"measured": 3}, {"measured": [{}]}, {"measured": [3], "failed": 3}, {"failed": {"a": 1}}]
)
def test_a_damaged_entry_is_replaced(bench, machine_file, entry):
    ask()
    ask(sha256="bb")
    values = json.loads(machine_file.read_bytes())
    (machine,) = values["machines"].values()
    machine["aa"] = entry
    machine_file.write_text(json.dumps(values), encoding="utf-8")
    assert ask() == BF16
    assert len(bench.calls) == 9
    ask(sha256="bb")
    assert len(bench.calls) == 9


def test_a_cache_that_may_not_be_written(bench, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("FOVEAL_CACHE", str(tmp_path / "file"))
    assert ask() == BF16


def test_real_engines_are_measured(machine_file):
    made = []

    def make():
        made.append(quantise(TINY.content, images(8)))
        return made[-1]

    options = {"sha256": TINY.sha256, "output": "embedding", "photos": lambda: images(4), "quantise": make}
    first = choose(TINY.content, **options)
    found = {each.choice: each for each in recall(TINY.sha256)}
    assert first in found
    assert {OV, ORT} <= found.keys()
    assert all(each.per_second > 0 for each in found.values())
    assert all(found[each].cosine_distance < 1e-6 for each in (OV, ORT))
    assert not made
    eight = choose(TINY.content, precision="int8", **options)
    assert eight.precision == "int8"
    assert len(made) == 1
    assert all(0 < each.cosine_distance < 0.05 for each in recall(TINY.sha256) if each.choice.precision == "int8")
    before = machine_file.read_bytes()
    assert choose(TINY.content, precision="int8", **options) == eight
    assert machine_file.read_bytes() == before
    assert len(made) == 1


def test_a_network_that_gives_no_numbers_is_beyond_any_budget():
    exact = np.ones((3, 4), np.float32)
    assert module._cosine_distance(exact, exact) == 0
    assert module._cosine_distance(-exact, exact) == pytest.approx(2)
    assert module._cosine_distance(np.full((3, 4), np.nan, np.float32), exact) > COSINE_BUDGET
    assert module._cosine_distance(np.zeros((3, 4), np.float32), exact) > COSINE_BUDGET


def test_nothing_runs_here():
    with pytest.raises(FovealError) as caught:
        choose(b"not a network", sha256="dd", output="embedding", photos=lambda: images(1))
    assert caught.value.code == "network-unreadable"
