from __future__ import annotations

import json
from dataclasses import replace

import pytest

from foveal.errors import FovealError
from foveal.types.evaluation import Evaluation
from foveal.types.interval import Interval
from foveal.types.multilabel_evaluation import MultiLabelEvaluation, figures_from_dict

INTERVAL = Interval(0.5, 0.9, "bootstrap over photos, 95 %")


def example() -> MultiLabelEvaluation:
    return MultiLabelEvaluation(
        protocol="test folder",
        photos=4,
        labels_per_photo=1.25,
        mean_average_precision=0.75,
        mean_average_precision_interval=INTERVAL,
        micro_f1=0.7,
        macro_f1=0.6,
        subset_accuracy=0.5,
        hamming_loss=0.2,
        coverage_error=1.5,
        log_loss=0.3,
        ece=0.1,
        per_class=[
            {
                "name": name,
                "photos": photos,
                "average_precision": area,
                "threshold": 0.4,
                "precision": 1.0,
                "recall": 0.5,
                "recall_interval": INTERVAL.to_dict(),
                "f1": 0.6,
            }
            for name, photos, area in (("cat", 2, 0.5), ("dog", 3, 1.0), ("eel", 0, None))
        ],
        worst_classes=["cat"],
    )


def test_round_trip_through_json() -> None:
    text = json.dumps(example().to_dict(), allow_nan=False)
    assert MultiLabelEvaluation.from_dict(json.loads(text)) == example()
    assert figures_from_dict(json.loads(text)) == example()


def test_keys_are_stable() -> None:
    assert " ".join(example().to_dict()) == (
        "protocol photos labels_per_photo mean_average_precision mean_average_precision_interval micro_f1 macro_f1 "
        "subset_accuracy hamming_loss coverage_error log_loss ece per_class worst_classes"
    )


def test_a_later_versions_key_is_passed_over_and_a_missing_one_named() -> None:
    values = example().to_dict()
    assert MultiLabelEvaluation.from_dict({**values, "later": 1}) == example()
    del values["ece"]
    with pytest.raises(FovealError, match="the keys ece"):
        figures_from_dict(values)


def test_figures_of_one_class_a_photo_are_told_apart() -> None:
    with pytest.raises(FovealError, match=f"{Evaluation.__name__}.from_dict"):
        figures_from_dict({"accuracy": 1.0})


def test_summary_tells_the_main_figures() -> None:
    text = example().summary()
    assert "0.750  (0.500 to 0.900; bootstrap over photos, 95 %)" in text
    assert "0.700 micro, 0.600 macro" in text
    assert "50.0% of the photos; 20.0% of decisions wrong" in text
    assert "4 photos, 1.25 labels each, 3 classes; test folder" in text
    assert "cat 0.500 AP" in text
    assert "cat       2  0.500     100.0%   50.0%  0.600       40%" in text
    assert "eel       0      -" in text
    assert text.startswith(example().overview())
    assert str(example()) == text
    assert repr(example()) == "MultiLabelEvaluation(4 photos, mAP 0.7500, test folder)"


def test_many_classes_are_not_listed() -> None:
    many = replace(example(), per_class=example().per_class * 7)
    assert many.summary() == many.overview()


@pytest.mark.parametrize(
    ("change", "said"),
    [({"photos": 0}, "1 or more photos"), ({"micro_f1": 1.5}, "micro_f1 in 0..1"), ({"per_class": []}, "0 classes")],
)
def test_refusals(change: dict[str, object], said: str) -> None:
    with pytest.raises(FovealError, match=said) as caught:
        replace(example(), **change)
    assert caught.value.code == "bad-value"
