from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.errors import FovealError
from foveal.types.layer_text import padding_text, short
from foveal.types.layers import Field, Layer, LayerTable, Window
from foveal.types.network_description import NetworkDescription


def _window(before: tuple[int, int], after: tuple[int, int]) -> Window:
    return Window(kernel=(3, 3), stride=(2, 2), dilation=(1, 1), before=before, after=after)


def _layer(name: str, kind: str = "conv", *, macs: int = 1_000_000, stage: str = "one") -> Layer:
    return Layer(
        name=name,
        op="Conv",
        kind=kind,
        stage=stage,
        output=name,
        input_shape=(3, 224, 224),
        output_shape=(32, 112, 112),
        channels=32,
        size_hw=(112, 112),
        window=_window((0, 0), (1, 1)) if macs else None,
        groups=1,
        field=Field(size=(7, 7), jump=(2.0, 2.0), start=(-2.0, -2.0)),
        parameters=864,
        macs=macs,
        activation_bytes=4,
    )


def _described(*layers: Layer) -> NetworkDescription:
    table = LayerTable(name="net", size_hw=(224, 224), layers=layers, peak_activation_bytes=1, file_bytes=2)
    return NetworkDescription(name="net", networks=(table,), about={"licence": "MIT", "classes": 1000, "none": None})


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [((1, 1), (1, 1), "1"), ((0, 0), (1, 1), "0+1"), ((0, 2), (1, 2), "0+1,2"), ((0, 0), (0, 0), "0")],
)
def test_padding_that_differs_is_shown_so(before: tuple[int, int], after: tuple[int, int], text: str) -> None:
    assert padding_text(_window(before, after)) == text


@given(st.integers(0, 10**12))
def test_a_short_number_is_short_and_near(count: int) -> None:
    text = short(count)
    factor = {"G": 1e9, "M": 1e6, "k": 1e3}.get(text[-1], 1.0)
    value = float(text.rstrip("GMk")) * factor
    assert len(text) <= 6 or count >= 10**12
    assert abs(value - count) <= 0.005 * count + 0.5


def test_how_much_is_listed() -> None:
    described = _described(_layer("first"), _layer("relu", "relu", macs=0), _layer("last", stage="two"))
    stages, convolutions, everything = (described.text(each) for each in ("stages", "convolutions", "all"))
    assert str(described) == convolutions
    assert "first" not in stages
    assert "first" in convolutions
    assert "relu" not in convolutions
    assert "relu" in everything
    assert all("one (" in text and "two (" in text and "2M" in text for text in (stages, convolutions, everything))
    with pytest.raises(FovealError) as caught:
        described.text("convolution")  # type: ignore[arg-type]
    assert caught.value.code == "unknown-name"


def test_facts_without_a_value_are_left_out() -> None:
    text = str(_described(_layer("first")))
    assert "licence" in text
    assert "1,000" in text
    assert "none" not in text


def test_no_line_is_wider_than_a_terminal() -> None:
    long = _layer("a/very/long/name/of/a/layer/as/exporters/write/them", "average pool of a long name")
    described = _described(long)
    assert max(map(len, described.text("all").splitlines())) <= 100
    assert "write/them" in described.text("all")


def test_control_characters_in_names_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in _described(_layer("evil\x1b[31m")).text("all")


def test_json_holds_every_number() -> None:
    values = _described(_layer("first"), _layer("last", stage="two")).to_dict()
    assert values["macs"] == 2_000_000
    (network,) = values["networks"]
    assert [stage["name"] for stage in network["stages"]] == ["one", "two"]
    first = network["layers"][0]
    assert first["window"]["padding_before"] == [0, 0]
    assert first["window"]["padding_after"] == [1, 1]
    assert first["receptive_field"] == {"size": [7, 7], "jump": [2.0, 2.0], "start": [-2.0, -2.0], "gated": False}
