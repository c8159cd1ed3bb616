from __future__ import annotations

import json
from dataclasses import replace

import pytest

from foveal.errors import FovealError
from foveal.types.evaluation import Evaluation, ReliabilityBin
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
                "specificity": 0.5,
                "roc_auc": 0.75,
                "pr_auc": None,
                "precision_interval": INTERVAL.to_dict(),
                "specificity_interval": INTERVAL.to_dict(),
                "f1_interval": INTERVAL.to_dict(),
                "roc_auc_interval": None,
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
        "confusion most_confused worst_classes real_top1 real_photos top_k averages intervals kappa mcc adaptive_ece "
        "classwise_ece max_calibration_error ece_expected reliability calibration trust hierarchy slices robustness "
        "speed"
    )
    assert list(example().to_dict()["accuracy_interval"]) == ["low", "high", "method"]


def test_a_later_versions_key_is_passed_over_and_a_missing_one_named() -> None:
    values = example().to_dict()
    assert Evaluation.from_dict({**values, "later": 1}) == example()
    del values["brier"]
    with pytest.raises(FovealError, match="the keys brier"):
        Evaluation.from_dict(values)


NEW = list(example().to_dict())[list(example().to_dict()).index("top_k") :]


def test_files_of_an_earlier_version_load() -> None:
    values = {name: value for name, value in example().to_dict().items() if name not in NEW}
    old = ("name", "photos", "precision", "recall", "recall_interval", "f1")
    values["per_class"] = [{name: score[name] for name in old} for score in values["per_class"]]
    found = Evaluation.from_dict(json.loads(json.dumps(values)))
    assert found.per_class[0]["roc_auc"] is None
    assert found.per_class[0]["f1_interval"] is None
    assert found.kappa is None
    assert found.trust is None
    assert found.top_k == {}
    assert found.summary()
    assert found.detailed().startswith(found.summary())


def full() -> Evaluation:
    ends = INTERVAL.to_dict()
    figures: dict[str, float | None] = dict.fromkeys(("precision", "recall", "specificity", "f1", "roc_auc"), 0.5)
    errors = {"log_loss": 0.6, "brier": 0.4, "ece": 0.2, "adaptive_ece": 0.2}
    each: ReliabilityBin = {
        "low": 0.5,
        "high": 0.75,
        "photos": 4,
        "confidence": 0.6,
        "accuracy": 0.75,
        "accuracy_interval": ends,
    }
    return replace(
        example(),
        top5=0.9,
        real_top1=0.8,
        real_photos=3,
        most_confused=example().most_confused * 5,
        top_k={"1": 0.75, "2": 1.0},
        averages={kind: {**figures, "pr_auc": None} for kind in ("macro", "micro", "weighted")},
        intervals=dict.fromkeys(("balanced_accuracy", "macro_f1", "kappa", "mcc", "macro_roc_auc", "log_loss"), ends),
        kappa=0.5,
        mcc=0.51,
        adaptive_ece=0.12,
        classwise_ece=0.05,
        max_calibration_error=0.3,
        ece_expected={"mean": 0.03, "low": 0.02, "high": 0.05},
        reliability={"equal-mass": [each], "equal-width": [each]},
        calibration={"method": "temperature", "before": errors, "after": errors},
    )


def test_the_summary_is_short_and_says_what_chance_shows() -> None:
    text = full().summary()
    assert len(text.splitlines()) == 12
    assert "calibration error  10.0%  (a perfectly calibrated model would show 2.0% to 5.0% on 4 photos)" in text
    assert "balanced accuracy  75.0%  (50.0% to 90.0%)" in text
    assert Evaluation.from_dict(json.loads(json.dumps(full().to_dict()))) == full()


def test_the_detailed_text_tells_everything_else() -> None:
    text = full().detailed()
    assert text.startswith(full().summary())
    for said in ("1: 75.0%, 2: 100.0%", "Cohen's kappa      0.500  (0.500 to 0.900)", "weighted", "pr-auc"):
        assert said in text
    (cat,) = (line for line in text.splitlines() if line.startswith("cat"))
    ends = "(0.50-0.90)"
    assert cat.split() == ["cat", "2", "0.500", ends, "1.000", ends, "0.500", "1.000", ends, "0.750", "-"]
    assert "before calibration" in text
    assert "60.0%        75.0%  (50.0% to 90.0%)" in text


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
