from __future__ import annotations

import json
from dataclasses import replace

import pytest

from foveal.errors import FovealError
from foveal.types.evaluation import Evaluation
from foveal.types.interval import Interval

INTERVAL = Interval(0.5, 0.9, "Wilson score, 95 %")


def example() -> Evaluation:
    return Evaluation(
        protocol="test folder",
        photos=4,
        accuracy=0.75,
        accuracy_interval=INTERVAL,
        top5=None,
        balanced_accuracy=0.75,
        macro_f1=0.733,
        log_loss=0.5,
        brier=0.3,
        ece=0.1,
        per_class=[
            {
                "name": name,
                "photos": 2,
                "precision": 1.0,
                "recall": recall,
                "recall_interval": INTERVAL.to_dict(),
                "f1": 1.0,
            }
            for name, recall in (("cat", 0.5), ("dog", 1.0))
        ],
        confusion=[[1, 1], [0, 2]],
        most_confused=[{"true": "cat", "predicted": "dog", "photos": 1, "share": 0.5}],
        worst_classes=["cat"],
    )


def test_round_trip_through_json() -> None:
    text = json.dumps(example().to_dict(), allow_nan=False)
    assert Evaluation.from_dict(json.loads(text)) == example()


def test_keys_are_stable() -> None:
    assert " ".join(example().to_dict()) == (
        "protocol photos accuracy accuracy_interval top5 balanced_accuracy macro_f1 log_loss brier ece per_class "
        "confusion most_confused worst_classes real_top1 real_photos"
    )
    assert list(example().to_dict()["accuracy_interval"]) == ["low", "high", "method"]


def test_a_later_versions_key_is_passed_over_and_a_missing_one_named() -> None:
    values = example().to_dict()
    assert Evaluation.from_dict({**values, "later": 1}) == example()
    del values["brier"]
    with pytest.raises(FovealError, match="the keys brier"):
        Evaluation.from_dict(values)


def test_summary_tells_the_main_figures() -> None:
    text = example().summary()
    assert "75.0%  (50.0% to 90.0%; Wilson score, 95 %)" in text
    assert "4 photos, 2 classes; test folder" in text
    assert "cat 50%" in text
    assert "cat taken for dog: 1 (50%)" in text
    assert "top-5" not in text
    assert "top-5 accuracy     90.0%" in replace(example(), top5=0.9).summary()


@pytest.mark.parametrize(
    ("change", "said"),
    [({"photos": 0}, "1 or more photos"), ({"accuracy": 1.5}, "accuracy in 0..1"), ({"confusion": [[1]]}, "confusion")],
)
def test_refusals(change: dict[str, object], said: str) -> None:
    with pytest.raises(FovealError, match=said) as caught:
        replace(example(), **change)
    assert caught.value.code == "bad-value"
