from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from made_archives import write_tar

from foveal.data.options import ReadOptions
from foveal.data.read import read, read_many
from foveal.data.sources.shards import expand, part_of_shard
from foveal.data.sources.webdataset import WebDatasetSource
from foveal.errors import FovealError

JPEG, PNG = b"jpeg", b"png"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOVEAL_CACHE", str(tmp_path / "cache"))


def samples(labels: str, *, first: int = 0, ending: str = "cls") -> dict[str, bytes]:
    files = {}
    for number, label in enumerate(labels.split(), first):
        files[f"{number:04d}.jpg"] = f"{label} {number}".encode()
        files[f"{number:04d}.{ending}"] = label.encode()
    return files


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    root = tmp_path / "shards"
    write_tar(root / "train-000000.tar", samples("2 0 10"))
    write_tar(root / "train-000001.tar", samples("0 2"))
    write_tar(root / "val-000000.tar", samples("10"))
    return root


def test_a_folder_of_shards(shards: Path) -> None:
    assert WebDatasetSource().detect(shards)
    dataset = read(shards)
    assert dataset.class_names == ("0", "2", "10")
    assert dataset.labels.tolist() == [1, 0, 2, 0, 1, 2]
    assert dataset.parts.tolist() == [0, 0, 0, 0, 0, 1]
    assert dataset.paths[3] == "train-000001.tar/0000.jpg"
    assert dataset.groups is None
    photo = dataset.photo(3)
    assert not isinstance(photo, Path)
    assert photo.read() == b"0 0"
    assert photo.label == f"{shards}/train-000001.tar/0000.jpg"
    assert dataset.findings == ()


def test_shards_in_folders_named_like_parts(shards: Path) -> None:
    write_tar(shards.parent / "more/test/0.tar", samples("a b"))
    write_tar(shards.parent / "more/train/0.tar", samples("a b"))
    write_tar(shards.parent / "more/train/10.tar", samples("b b"))
    write_tar(shards.parent / "more/train/9.tar", samples("a a"))
    dataset = read(shards.parent / "more")
    assert dataset.parts.tolist() == [2, 2, 0, 0, 0, 0, 0, 0]
    assert dataset.labels.tolist() == [0, 1, 0, 1, 0, 0, 1, 1]


def test_one_tar_and_a_pattern(shards: Path) -> None:
    one = read(shards / "train-000000.tar")
    assert one.paths == ("0000.jpg", "0001.jpg", "0002.jpg")
    pattern = shards / "train-{000000..000001}.tar"
    assert len(read(pattern)) == 5
    assert len(read(str(shards / "{train,val}-000000.tar"))) == 4
    with pytest.raises(FovealError, match=r"train-000002\.tar") as caught:
        read(shards / "train-{000000..000002}.tar")
    assert caught.value.code == "not-found"
    assert len(read_many([pattern, shards / "val-{000000,000000}.tar", pattern])) == 7


def test_patterns_count_with_the_digits_they_are_written_with(tmp_path: Path) -> None:
    assert expand(Path("a-{08..11}.tar")) == [Path(f"a-{each}.tar") for each in ("08", "09", "10", "11")]
    assert expand(Path("{a,b}-{1..2}")) == [Path("a-1"), Path("a-2"), Path("b-1"), Path("b-2")]
    assert expand(Path("a{b}")) == [Path("a{b}")]
    real = tmp_path / "{1..2}"
    real.touch()
    assert expand(real) == [real]
    for pattern in ("{5..1}", "{0..9999999}", "{0..999}{0..999}"):
        with pytest.raises(FovealError) as caught:
            expand(Path(pattern))
        assert caught.value.code == "bad-option"


@pytest.mark.parametrize(
    ("name", "part"),
    [("imagenet-train-0001.tar", 0), ("x_validation_3.tar", 1), ("test/0.tar", 2), ("latest-0.tar", 0)],
)
def test_parts_by_whole_words(name: str, part: int) -> None:
    assert part_of_shard(name) == part


@pytest.mark.parametrize("name", ["classes.txt", "labels.txt", "classnames.txt"])
def test_numbers_are_named_by_a_file_beside(shards: Path, name: str) -> None:
    (shards / name).write_text("\n".join(f"name {number}" for number in range(11)) + "\n")
    dataset = read(shards)
    assert dataset.class_names == ("name 0", "name 2", "name 10")
    assert dataset.labels.tolist() == [1, 0, 2, 0, 1, 2]


def test_numbers_are_named_by_hugging_face(shards: Path) -> None:
    names = [f"c{number % 10}" for number in range(11)]
    info = {"features": {"image": {"_type": "Image"}, "label": {"names": names, "_type": "ClassLabel"}}}
    (shards / "dataset_info.json").write_text(json.dumps(info))
    assert read(shards).class_names == ("c0 (0)", "c2", "c0 (10)")
    (shards / "dataset_info.json").write_text('{"features": 3}')
    assert read(shards).class_names == ("0", "2", "10")


def test_json_gives_label_group_and_split(tmp_path: Path) -> None:
    files = {
        "a/1.jpg": JPEG,
        "a/1.json": b'{"label": "cat", "group": 7, "split": "train"}',
        "b/1.png": PNG,
        "b/1.json": b'{"label": 3, "group": 7, "width": 2}',
        "b/1.txt": b"a caption",
        "c.webp": JPEG,
        "c.json": b'"cat"',
        "d.jpg": JPEG,
        "d.cls": b"3\n",
        "d.json": b'{"label": "cat", "split": "test"}',
        "e.jpg": JPEG,
        "e.json": b'{"label": null}',
        "f.jpg": JPEG,
        "f.cls": b"-1",
    }
    dataset = read(write_tar(tmp_path / "x.tar", files))
    assert dataset.class_names == ("3", "cat")
    assert dataset.labels.tolist() == [1, 0, 1, 0, -1, -1]
    assert dataset.parts.tolist() == [0, 0, 0, 2, 0, 0]
    assert dataset.groups is not None
    assert dataset.groups.tolist() == [0, 0, -1, -1, -1, -1]
    (finding,) = dataset.findings
    assert (finding.code, finding.paths) == ("sample-without-label", ("e.jpg", "f.jpg"))


def test_several_labels(tmp_path: Path) -> None:
    files = {}
    for number, labels in enumerate((["b", "a"], [], ["a"])):
        files |= {f"{number}.jpg": JPEG, f"{number}.json": json.dumps({"labels": labels}).encode()}
    dataset = read(write_tar(tmp_path / "x.tar", files))
    assert dataset.class_names == ("a", "b")
    assert dataset.targets().tolist() == [[True, True], [False, False], [True, False]]


def test_what_is_odd_in_a_sample_is_named(tmp_path: Path) -> None:
    files = {
        "1.seg.png": PNG,
        "1.jpg": JPEG,
        "1.cls": b"a",
        "2.cls": b"a",
        "3.jpg": JPEG,
        "3.json": b"{" * 100,
        "4.jpg": JPEG,
        "4.json": b"[" * 100_000,
        "5.jpg": JPEG,
        "5.cls": b"\xff\xfe",
        "6.jpg": JPEG,
        "6.cls": b"b",
    }
    dataset = read(write_tar(tmp_path / "x.tar", files))
    assert dataset.paths == ("1.jpg", "3.jpg", "4.jpg", "5.jpg", "6.jpg")
    assert {finding.code: finding.paths for finding in dataset.findings} == {
        "sample-without-photo": ("2",),
        "sample-with-more-photos": ("1.jpg",),
        "sample-damaged": ("3.json", "4.json", "5.cls"),
        "sample-without-label": ("3.jpg", "4.jpg", "5.jpg"),
    }


def test_a_cut_shard_keeps_its_first_samples(shards: Path) -> None:
    whole = shards / "train-000000.tar"
    whole.write_bytes(whole.read_bytes()[: 512 * 9])
    (shards / "train-000001.tar").write_bytes(b"no tar at all")
    write_tar(shards / "val-000000.tar", samples("0"))
    dataset = read(shards)
    assert [path.partition("/")[0] for path in dataset.paths] == ["train-000000.tar"] * 2 + ["val-000000.tar"]
    (finding,) = (each for each in dataset.findings if each.code == "archive-damaged")
    assert finding.severity == "error"
    assert "train-000000.tar: 0002.jpg, cut short at byte 4,608" in finding.message
    assert "train-000001.tar: no tar archive" in finding.message


def test_the_index_is_kept(shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foveal.data.sources.kept_index._WORTH_SECONDS", 0.0)
    for shard in shards.iterdir():
        os.utime(shard, (1e9, 1e9))
    first = read(shards)
    assert len(list((tmp_path / "cache" / "indexes").iterdir())) == 1
    monkeypatch.setattr("foveal.data.sources.samples.SampleIndex.build", None)
    again = read(shards)
    assert again.paths == first.paths
    assert np.array_equal(again.labels, first.labels)
    assert next(photo.read() for photo in again.photos() if not isinstance(photo, Path)) == b"2 0"


def test_archives_of_folders_are_no_shards(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "photos/a-0.tar", {"cat/1.jpg": JPEG, "dog/2.jpg": JPEG, "labels.json": b"{}"})
    assert not WebDatasetSource().detect(path)
    assert not WebDatasetSource().detect(path.parent)
    assert not WebDatasetSource().detect(tmp_path / "missing")


def test_captions_make_samples_of_numbered_shards_only(tmp_path: Path) -> None:
    files = {"1.jpg": JPEG, "1.txt": b"a cat"}
    assert WebDatasetSource().detect(write_tar(tmp_path / "x-00.tar", files))
    assert not WebDatasetSource().detect(write_tar(tmp_path / "x.tar", files))
    with pytest.raises(FovealError) as caught:
        read(tmp_path / "x-00.tar")
    assert caught.value.code == "one-class"
    assert len(read(tmp_path / "x-00.tar", options=ReadOptions(labelled=False))) == 1
