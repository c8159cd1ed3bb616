from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.drawn_photos import write_labelled_photos, write_photos
from tests.planted_photos import IN_TWO_CLASSES, LEAK, MOVED, UNREADABLE, write_clips, write_planted

from foveal.checks import CHECKS
from foveal.data.report import DataReport
from foveal.errors import FovealError
from foveal.features.settings import Settings
from foveal.reports.data_html import write_html
from foveal.types.data_finding import DataFinding
from foveal.workflows.check import check, read_for_check
from foveal.workflows.split import split

FAST = Settings(runtime="openvino", precision="f32")


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_planted(tmp_path_factory.mktemp("check") / "photos")


@pytest.fixture(scope="module")
def report(planted: Path) -> DataReport:
    return check(planted, settings=FAST)


def named(report: DataReport, finding: DataFinding | None) -> list[str]:
    assert finding is not None
    return [report.dataset.paths[row] for row in finding.rows.tolist()]


def test_a_leak_is_found_and_comes_first(report: DataReport) -> None:
    leak = report.finding("leak")
    assert LEAK in named(report, leak)
    assert leak is not None
    assert leak.score >= report.findings[0].score - 0.2
    at = named(report, leak).index(LEAK)
    assert report.dataset.paths[int(leak.others[at])] == "train/circle/00.jpg"


def test_a_photo_in_two_classes_is_found(report: DataReport) -> None:
    assert set(IN_TWO_CLASSES) & set(named(report, report.finding("duplicates-across-classes")))


def test_what_cannot_be_read_is_named_once(report: DataReport) -> None:
    bad = [finding for finding in report.findings if UNREADABLE in named(report, finding)]
    assert len(bad) == 1
    assert report.readable == len(report.dataset) - 1


def test_wrong_labels_stand_in_front(report: DataReport) -> None:
    finding = report.finding("wrong-labels")
    assert finding is not None
    truth = {place: shown for shown, places in MOVED.items() for place in places}
    first = named(report, finding)[:8]
    assert len(truth.keys() & set(first)) >= 4
    right = [
        report.dataset.class_names[suggested] == truth[path]
        for path, suggested in zip(named(report, finding), finding.suggested.tolist(), strict=True)
        if path in truth
    ]
    assert sum(right) >= len(right) - 1


def test_findings_are_sorted_and_said_in_words_and_in_json(report: DataReport) -> None:
    scores = [finding.score for finding in report.findings]
    assert scores == sorted(scores, reverse=True)
    lines = report.summary().splitlines()
    assert len(lines) == 1 + len(scores)
    assert f"{len(report.dataset)} photos, 3 classes, {report.readable} readable" in lines[0]
    written = report.to_dict()
    assert json.loads(json.dumps(written, allow_nan=False)) == written
    assert written["parts"] == {"train": 63, "test": 13}
    assert set(written["seconds"]) == {"features", "learning", "total", *CHECKS}
    assert written["split"]["folds"] == 5
    assert all(len(each["photos"]) <= 2 for each in report.to_dict(most=2)["findings"])


def test_the_figure_is_that_of_cross_validation_on_the_photos_to_learn_from(report: DataReport) -> None:
    evaluation = report.evaluation
    assert evaluation is not None
    assert "out of fold" in evaluation.protocol
    counted = sum(evaluation.to_dict()["confusion"][0]) if "confusion" in evaluation.to_dict() else None
    assert counted is None or counted <= 23
    assert evaluation.accuracy > 0.6


def test_the_same_photos_give_the_same_report(planted: Path, report: DataReport) -> None:
    again = check(planted, settings=FAST).to_dict()
    first = report.to_dict()
    again.pop("seconds")
    first.pop("seconds")
    assert again == first


def test_decisions_are_carried_out_and_recorded(report: DataReport, planted: Path, tmp_path: Path) -> None:
    file = report.save_quarantine(tmp_path / "quarantine.csv")
    dataset = read_for_check(planted, exclude=file, relabel=file)
    better = check(dataset, settings=FAST)
    assert better.finding("leak") is None
    assert better.finding("duplicates-across-classes") is None
    assert better.readable == len(better.dataset) < len(report.dataset)
    assert better.to_dict()["edits"]["files"][0]["name"] == "quarantine.csv"


def test_a_kept_split_gives_the_folds(planted: Path, tmp_path: Path) -> None:
    made = split(planted, folds=3, settings=FAST)
    report = check(planted, split=made, settings=FAST)
    assert (report.split["by"], report.split["folds"]) == ("file", 3)
    write_photos(tmp_path / "other", per_class=3, seed=9)
    with pytest.raises(FovealError) as caught:
        check(tmp_path / "other", split=made, settings=FAST)
    assert caught.value.code == "split-mismatch"


def test_photos_without_classes(tmp_path: Path) -> None:
    write_photos(tmp_path / "drawn", per_class=3, seed=0)
    flat = tmp_path / "flat"
    flat.mkdir()
    for photo in sorted((tmp_path / "drawn").rglob("*.jpg")):
        shutil.copy(photo, flat / f"{photo.parent.name}_{photo.name}")
    shutil.copy(flat / "circle_00.jpg", flat / "copy.jpg")
    report = check(flat, settings=FAST)
    assert (report.evaluation, dict(report.split)) == (None, {})
    assert len(report.dataset) == 10
    assert report.to_dict()["classes"] == {}
    assert report.finding("duplicates") is not None
    one_class = tmp_path / "one"
    shutil.copytree(tmp_path / "drawn" / "circle", one_class / "circle")
    assert check(one_class, settings=FAST).readable == 3
    single = check(flat / "copy.jpg", settings=FAST)
    assert (len(single.dataset), single.readable, single.evaluation) == (1, 1, None)


def test_an_archive_says_what_its_folder_says(planted: Path, report: DataReport, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "photos"), "zip", planted)
    packed = check(archive, settings=FAST).to_dict()
    plain = report.to_dict()
    assert [each["code"] for each in packed["findings"]] == [each["code"] for each in plain["findings"]]
    assert packed["evaluation"] == plain["evaluation"]


def test_photos_of_several_labels(tmp_path: Path) -> None:
    write_labelled_photos(tmp_path, photos=12, seed=0)
    report = check(tmp_path / "labels.csv", settings=FAST)
    assert report.dataset.multi_label
    assert report.evaluation is None
    assert report.readable == 12
    assert report.to_dict()["split"] == {}
    shutil.copy(tmp_path / "photos" / "00.jpg", tmp_path / "photos" / "copy.jpg")
    with (tmp_path / "labels.csv").open("a") as table:
        table.write("photos/copy.jpg,circle|square|stripes\n")
    twice = check(tmp_path / "labels.csv", settings=FAST)
    page = write_html(twice, tmp_path / "check.html").read_text(encoding="utf-8")
    assert "<b>circle, square, stripes</b>" in page
    file = twice.save_quarantine(tmp_path / "quarantine.csv")
    assert "circle|square" in file.read_text(encoding="utf-8")


def test_what_is_left_may_be_too_little_to_learn_from(tmp_path: Path) -> None:
    """Two photos, each saved many times over: nothing can be held out, and that is what the report says."""
    write_photos(tmp_path / "photos", per_class=1, seed=0)
    shutil.rmtree(tmp_path / "photos" / "stripes")
    for photo in list((tmp_path / "photos").rglob("*.jpg")):
        for number in range(3):
            shutil.copy(photo, photo.with_name(f"copy_{number}.jpg"))
    report = check(tmp_path / "photos", settings=FAST)
    assert report.evaluation is None
    assert len(named(report, report.finding("duplicates"))) == 6


def test_one_group_for_all_is_not_refused(tmp_path: Path) -> None:
    write_photos(tmp_path / "photos", per_class=2, seed=0)
    rows = ["path,label,group"]
    rows += [
        f"photos/{path.parent.name}/{path.name},{path.parent.name},same"
        for path in (tmp_path / "photos").rglob("*.jpg")
    ]
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    report = check(tmp_path / "labels.csv", settings=FAST)
    assert report.evaluation is None
    assert report.readable == 6


def test_nothing_readable(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(2):
            (tmp_path / name / f"{number}.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    report = check(tmp_path, settings=FAST)
    assert (report.readable, report.evaluation) == (0, None)
    assert sorted(named(report, report.findings[0])) == ["a/0.jpg", "a/1.jpg", "b/0.jpg", "b/1.jpg"]


def test_clips_are_kept_together(tmp_path: Path) -> None:
    report = check(write_clips(tmp_path / "photos", clips=6, each=4, seed=0), settings=FAST)
    assert report.split["grouped_photos"] >= 24
    assert np.isfinite(report.findings[0].score)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"split": "gruop"}, "unknown-name"),
        ({"split": "gone.csv"}, "not-found"),
        ({"backbone": "lite00"}, "unknown-name"),
    ],
)
def test_wrong_options_are_refused_before_any_work(photos: Path, options: dict[str, str], code: str) -> None:
    with pytest.raises(FovealError) as caught:
        check(photos, settings=FAST, **options)  # type: ignore[arg-type]
    assert caught.value.code == code


def test_a_split_that_nothing_would_be_learnt_with_is_refused(tmp_path: Path) -> None:
    write_labelled_photos(tmp_path / "several", photos=4, seed=0)
    write_photos(tmp_path / "drawn", per_class=2, seed=0)
    for place in (tmp_path / "several" / "labels.csv", tmp_path / "drawn" / "circle"):
        with pytest.raises(FovealError, match="expected photos of one class each") as refused:
            check(place, split="none", settings=FAST)
        assert refused.value.code == "bad-option"


def test_classes_that_lie_deeper_are_not_passed_over_in_silence(tmp_path: Path) -> None:
    write_photos(tmp_path / "photos" / "val", per_class=2, seed=0)
    dataset = read_for_check(tmp_path / "photos")
    assert dataset.class_names == ()
    (note,) = (each for each in dataset.findings if each.code == "read-without-classes")
    assert str(tmp_path / "photos" / "val") in note.message
