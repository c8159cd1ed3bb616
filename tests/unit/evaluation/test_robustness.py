from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import foveal
from foveal.backbones.imagenet import imagenet_labels
from foveal.classifier.classifier import Classifier
from foveal.errors import FovealError
from foveal.evaluation import alexnet, corrupted
from foveal.evaluation.corrupted import CLEAN, answers
from foveal.evaluation.judged import judged
from foveal.evaluation.measured import Measured
from foveal.evaluation.robustness import _against_alexnet, _Table, robustness
from foveal.evaluation.robustness_text import robustness_summary
from foveal.features.extract import extract
from foveal.features.settings import Settings, no_progress, open_cache
from foveal.imaging.corruptions import CAMERA_FAULTS, CORRUPTIONS
from foveal.metrics.intervals import wilson
from foveal.trust.trust import Trust

SOME = ["gaussian_noise", "contrast", "mirrored", "rotation"]


@pytest.fixture(scope="module")
def model(photos: Path) -> Classifier:
    return replace(foveal.fit(photos, effort="low"), trust=Trust())


@pytest.fixture(scope="module")
def measured(model: Classifier, photos: Path) -> Measured:
    dataset = foveal.read(photos)
    with open_cache(Settings()) as cache, extract(dataset.photos(), model.views, cache) as found:
        return judged(model, dataset, found, title="labelled photos", protocol="labelled photos")


def doubled(model: Classifier) -> Classifier:
    """With the mirrored view beside each view."""
    return replace(model, views=(*model.views, *(view.mirror() for view in model.views)))


def gated(model: Classifier, says: Callable[[NDArray[np.float16]], NDArray[np.bool_]]) -> Classifier:
    class Gated(Classifier):
        def unknown(self, features: NDArray[np.floating]) -> NDArray[np.bool_]:
            return says(features)

    return Gated(model.class_names, model.views, model.head, model.temperature, engines=model.engines)


@pytest.mark.parametrize("change", [lambda model: model, doubled], ids=["one view", "mirrored too"])
def test_photos_as_they_are_get_the_answers_of_predict(
    model: Classifier, measured: Measured, change: Callable[[Classifier], Classifier]
) -> None:
    asked = change(model)
    photos = [measured.dataset.photo(row) for row in range(0, 36, 5)]
    said = asked.predict(photos)
    found = answers(asked, photos, [CLEAN, ("fog", 3)], progress=no_progress)
    np.testing.assert_array_equal(found.predicted[:, 0], said.probs.argmax(axis=1))
    np.testing.assert_array_equal(found.confidence[:, 0], said.probs.max(axis=1))
    assert not np.array_equal(found.confidence[:, 1], found.confidence[:, 0])


def test_a_mirrored_photo_seen_from_both_sides_gets_the_answer_of_the_photo(
    model: Classifier, measured: Measured
) -> None:
    photos = [measured.dataset.photo(row) for row in (0, 13, 30)]
    found = answers(doubled(model), photos, [CLEAN, ("mirrored", 1)], progress=no_progress)
    np.testing.assert_array_equal(found.confidence[:, 0], found.confidence[:, 1])


def test_figures_follow_from_the_answers(model: Classifier, measured: Measured) -> None:
    told: list[tuple[int, int]] = []
    settings = Settings(progress=lambda done, total: told.append((done, total)))
    found = robustness(model, measured, most=6, corruptions=SOME, settings=settings)
    assert json.loads(json.dumps(found)) == found
    assert found["photos"] == 6
    assert found["of"] == 36
    assert found["photos_per_class"] == [2, 2]
    assert found["runs"] == 6 * (1 + 5 + 5 + 1 + 5) * len(model.views)
    assert told[-1] == (6, 6)
    assert [each["name"] for each in found["corruptions"]] == ["gaussian_noise", "contrast"]
    assert [each["name"] for each in found["camera_faults"]] == ["rotation", "mirrored"]
    for each in [*found["corruptions"], *found["camera_faults"]]:
        errors = [one["error"] for one in each["strengths"]]
        assert each["error"] == pytest.approx(np.mean(errors))
        assert each["accuracy"] == pytest.approx(1 - each["error"])
        assert each["relative_error"] == pytest.approx(each["error"] - found["clean"]["error"])
        for one in each["strengths"]:
            right = round(one["accuracy"] * 6)
            assert one["accuracy_interval"] == wilson(right, 6).to_dict()
            assert one["overconfidence"] == pytest.approx(one["mean_confidence"] - one["accuracy"])
            assert one["turned_away"] is None
    means = [each["error"] for each in found["corruptions"]]
    error, interval = found["mean_corruption_error"], found["mean_corruption_error_interval"]
    assert error == pytest.approx(np.mean(means))
    assert interval is not None
    assert interval["low"] <= error <= interval["high"]
    assert found["relative_mean_corruption_error"] == pytest.approx(error - found["clean"]["error"])
    assert [each["strength"] for each in found["by_strength"]] == [1, 2, 3, 4, 5]
    assert found["by_strength"][4]["accuracy"] == pytest.approx(
        np.mean([each["strengths"][4]["accuracy"] for each in found["corruptions"]])
    )
    assert found["alexnet"] is None
    assert set(found["worst"]) == {"gaussian_noise", "contrast"}


def test_it_is_the_same_again_whatever_the_threads(
    model: Classifier, measured: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = robustness(model, measured, most=6, corruptions=["snow", "crop"])
    monkeypatch.setenv("FOVEAL_THREADS", "1")
    again = robustness(model, measured, most=6, corruptions=["snow", "crop"])
    assert {**first, "seconds": 0} == {**again, "seconds": 0}


def test_everything_is_measured_by_default(model: Classifier, measured: Measured) -> None:
    found = robustness(model, measured, most=1)
    assert [each["name"] for each in found["corruptions"]] == list(CORRUPTIONS)
    assert [each["name"] for each in found["camera_faults"]] == list(CAMERA_FAULTS)
    assert any("frost" in note for note in found["notes"])
    text = robustness_summary(found)
    assert 3 <= len(text.splitlines()) <= 6
    assert "1 of 36 photos" in text


def test_only_camera_faults_have_no_corruption_error(model: Classifier, measured: Measured) -> None:
    found = robustness(model, measured, most=3, corruptions="sideways")
    assert found["mean_corruption_error"] is None
    assert found["by_strength"] == []
    assert found["notes"] == []
    assert "sideways" in robustness_summary(found)


def test_what_the_gate_turns_away_is_counted(model: Classifier, measured: Measured) -> None:
    every_second = gated(model, lambda features: np.arange(len(features)) % 2 == 1)
    object.__setattr__(every_second, "trust", replace(every_second.trust, gate=object()))
    found = robustness(every_second, measured, most=4, corruptions="gaussian_noise")
    strengths = found["corruptions"][0]["strengths"]
    assert [one["turned_away"] for one in strengths] == [1.0, 0.0, 1.0, 0.0, 1.0]
    assert [one["answered_accuracy"] for one in strengths][1] == strengths[1]["accuracy"]
    assert strengths[0]["answered_accuracy"] is None
    assert found["by_strength"][0]["turned_away"] == 1.0
    assert "100% turned away" in robustness_summary(found)


def test_photos_that_have_gone_are_left_out(model: Classifier, measured: Measured, tmp_path: Path) -> None:
    rows = np.arange(3)
    paths = [str(measured.dataset.photo(row)) for row in (0, 1)]
    dataset = replace(measured.dataset.take(rows), paths=(*paths, str(tmp_path / "gone.jpg")))
    some = replace(measured, dataset=dataset, rows=rows, labels=measured.labels[:3], probs=measured.probs[:3])
    assert robustness(model, some, corruptions="fog")["photos"] == 2
    none = replace(some, dataset=replace(dataset, paths=tuple(str(tmp_path / f"{n}.jpg") for n in range(3))))
    with pytest.raises(FovealError) as refused:
        robustness(model, none, corruptions="fog")
    assert refused.value.code == "no-photos"


def test_ctrl_c_ends_it_and_the_threads(model: Classifier, measured: Measured) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        robustness(model, measured, settings=Settings(progress=stop))


def test_an_error_in_a_thread_comes_out(model: Classifier, measured: Measured, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object, **named: object) -> None:
        raise FovealError("network-unreadable", "expected a network", hint="none")

    monkeypatch.setattr(corrupted, "corrupt", broken)
    with pytest.raises(FovealError, match="expected a network"):
        robustness(model, measured, most=4, corruptions="fog")


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ({"corruptions": ["frog"]}, "unknown-name"),
        ({"corruptions": "fogg"}, "unknown-name"),
        ({"most": 0}, "bad-value"),
    ],
)
def test_what_makes_no_sense_is_refused(
    model: Classifier, measured: Measured, named: dict[str, object], code: str
) -> None:
    with pytest.raises(FovealError) as refused:
        robustness(model, measured, **named)  # type: ignore[arg-type]
    assert refused.value.code == code


def test_against_alexnet_is_the_published_mean(model: Classifier) -> None:
    """One photo, always wrong: every corruption's error is 1, so the mean is that of one over AlexNet's errors."""
    assert list(alexnet.ERRORS) == list(CORRUPTIONS)
    conditions = [CLEAN, *((name, each) for name in CORRUPTIONS for each in range(1, 6))]
    wrong = np.ones((2, len(conditions)), np.int32)
    wrong[:, 0] = 0
    found = corrupted.Answers(wrong, np.full(wrong.shape, 0.5, np.float32), None)
    table = _Table(conditions, np.zeros(2, np.int32), found)
    figures = [table.corruption(name) for name in CORRUPTIONS]
    assert _against_alexnet(model, table, figures) is None
    imagenet = replace(model, class_names=imagenet_labels())
    against = _against_alexnet(imagenet, table, figures)
    assert against is not None
    assert against["mean_corruption_error"] == pytest.approx(np.mean([1 / each for each in alexnet.ERRORS.values()]))
    assert against["relative_mean_corruption_error"] == pytest.approx(
        np.mean([1 / (each - alexnet.CLEAN_ERROR) for each in alexnet.ERRORS.values()])
    )
    assert against["corruption_errors"]["fog"] == pytest.approx(1 / alexnet.ERRORS["fog"])
    assert _against_alexnet(imagenet, table, figures[:14]) is None
