from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.drawn_photos import write_labelled_photos, write_photos
from tests.planted_photos import IN_TWO_CLASSES, UNREADABLE, write_clips, write_planted

from foveal.data.read import read
from foveal.data.split_file import read_split
from foveal.errors import FovealError
from foveal.features.settings import Settings
from foveal.reports.splitting import told
from foveal.workflows.fit import fit
from foveal.workflows.split import split

FAST = Settings(runtime="openvino", precision="f32")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clips(tmp_path_factory.mktemp("split") / "photos", clips=6, each=5, seed=1)


def test_classes_are_even_and_clips_stay_together(clips: Path) -> None:
    made = split(clips, settings=FAST)
    dataset = read(clips)
    folds, groups = made.of(dataset)
    for label in ("a", "b"):
        for clip in range(6):
            names = {f"{label}/clip{clip}_frame_{shot:02d}.jpg" for shot in range(5)}
            rows = [row for row, path in enumerate(dataset.paths) if path in names]
            assert len(set(folds[rows].tolist())) == 1
            assert len(set(groups[rows].tolist())) == 1
    apart = split(clips, by="none", settings=FAST)
    assert len(np.unique(apart.groups)) == 60


def test_a_fit_says_how_much_higher_the_score_would_have_been(clips: Path) -> None:
    model = fit(clips, settings=FAST)
    said = model.record["split"]
    assert (said["by"], said["grouped_photos"]) == ("auto", 60)
    assert said["accuracy_ungrouped"] > said["accuracy"] + 0.1
    assert told(said).endswith("points higher")
    plain = fit(clips, split="none", settings=FAST).record["split"]
    assert set(plain) == {"by", "folds", "groups", "grouped_photos", "linked", "passed_over"}
    assert plain["grouped_photos"] == 0


def test_a_kept_split_gives_the_same_fit(clips: Path, tmp_path: Path) -> None:
    file = split(clips, settings=FAST).save(tmp_path / "split.csv")
    direct = fit(clips, settings=FAST).record
    kept = fit(clips, split=file, settings=FAST).record
    assert kept["metrics"] == direct["metrics"]
    assert kept["selection"] == direct["selection"]
    assert kept["split"]["by"] == "file"
    assert (kept["split"]["folds"], kept["split"]["groups"]) == (direct["split"]["folds"], direct["split"]["groups"])
    assert kept["split"]["accuracy_ungrouped"] == direct["split"]["accuracy_ungrouped"]
    again = fit(clips, split=read_split(file), settings=FAST).record
    assert again["metrics"] == kept["metrics"]


def test_a_split_of_other_photos_is_refused(clips: Path, tmp_path: Path) -> None:
    made = split(clips, settings=FAST)
    write_photos(tmp_path / "other", per_class=2, seed=5)
    with pytest.raises(FovealError, match=r"00\.jpg") as caught:
        fit(tmp_path / "other", split=made, settings=FAST)
    assert caught.value.code == "split-mismatch"


def test_only_photos_that_can_be_learnt_from(tmp_path: Path) -> None:
    planted = write_planted(tmp_path / "photos")
    said: list[str] = []
    made = split(planted, folds=4, seed=7, settings=replace(FAST, warn=said.append))
    paths = list(made.paths)
    lost = int((read(planted).parts != 2).sum()) - len(made)
    assert [text.partition(" photos that")[0] for text in said] == [f"left out {lost}"]
    assert all(path.startswith("train/") for path in paths)
    assert not {UNREADABLE, *IN_TWO_CLASSES} & set(paths)
    assert np.unique(made.folds).tolist() == [0, 1, 2, 3]
    assert fit(planted, split=made, settings=FAST).record["split"]["folds"] == 4


def test_decisions_reach_the_record(clips: Path, tmp_path: Path) -> None:
    file = tmp_path / "edits.csv"
    file.write_text(
        "path,action,new_label\na/clip0_frame_00.jpg,exclude,\na/clip0_frame_01.jpg,relabel,b\nb/clip0_frame_02.jpg,keep,\n"
    )
    dataset = read(clips, exclude=file, relabel=file)
    record = fit(dataset, settings=FAST).record
    edits = record["data"]["edits"]
    assert (edits["excluded"], edits["relabelled"]) == (1, 1)
    assert [each["name"] for each in edits["files"]] == ["edits.csv"]
    assert len(edits["files"][0]["sha256"]) == 64
    assert record["data"]["photos"] == 59


def test_photos_of_several_labels(tmp_path: Path) -> None:
    write_labelled_photos(tmp_path, photos=16, seed=0)
    shutil.copy(tmp_path / "photos/00.jpg", tmp_path / "photos/copy.jpg")
    table = tmp_path / "labels.csv"
    first = table.read_text().splitlines()[1]
    table.write_text(table.read_text() + first.replace("00.jpg", "copy.jpg") + "\n")
    made = split(table, settings=FAST)
    at = [list(made.paths).index(name) for name in ("photos/00.jpg", "photos/copy.jpg")]
    assert made.folds[at[0]] == made.folds[at[1]]
    assert len(made) == 17


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"folds": 1}, "bad-option"),
        ({"folds": "five"}, "bad-option"),
        ({"by": "gruop"}, "unknown-name"),
        ({"folds": 40}, "too-few-groups"),
        ({"folds": 61}, "too-few-photos"),
        ({"folds": 128}, "bad-option"),
    ],
)
def test_wrong_options(clips: Path, options: dict[str, object], code: str) -> None:
    with pytest.raises(FovealError) as caught:
        split(clips, settings=FAST, **options)  # type: ignore[arg-type]
    assert caught.value.code == code


def test_one_class_is_no_split(tmp_path: Path) -> None:
    write_photos(tmp_path / "photos", per_class=2, seed=0)
    for name in ("circle", "square"):
        shutil.rmtree(tmp_path / "photos" / name)
    with pytest.raises(FovealError) as caught:
        split(tmp_path / "photos", settings=FAST)
    assert caught.value.code == "one-class"
