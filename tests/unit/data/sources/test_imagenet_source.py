from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_archives import tar_bytes, write_tar

from foveal.data.dataset import Dataset
from foveal.data.options import ReadOptions
from foveal.data.read import read
from foveal.data.sources.imagenet import ImageNetSource
from foveal.data.sources.imagenet_truth import real_labels
from foveal.errors import FovealError

CAT, DOG, OWL = "n02123045", "n02099601", "n01622779"
SHOWN = [DOG, CAT, CAT, OWL]
KIT_NUMBER = {CAT: 3, DOG: 1, OWL: 2}
UNLABELLED = ReadOptions(labelled=False)

Truth = Callable[[Path], None]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOVEAL_CACHE", str(tmp_path / "cache"))


def val_name(number: int) -> str:
    return f"ILSVRC2012_val_{number:08d}.JPEG"


def val_photos() -> dict[str, bytes]:
    return {val_name(number): f"val {number}".encode() for number in range(1, len(SHOWN) + 1)}


def train_photos(wnid: str) -> dict[str, bytes]:
    return {f"{wnid}_{number}.JPEG": f"{wnid} {number}".encode() for number in (10, 2)}


def write(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)


def meta_mat() -> bytes:
    """The classes as the kit has them: 1-based numbers of its own, inner nodes of the hierarchy after them."""
    savemat = pytest.importorskip("scipy.io").savemat
    fields = [
        "ILSVRC2012_ID",
        "WNID",
        "words",
        "gloss",
        "num_children",
        "children",
        "wordnet_height",
        "num_train_images",
    ]
    rows = [
        (float(number), wnid, "words", "gloss", 0.0, np.zeros(0), 0.0, 1300.0) for wnid, number in KIT_NUMBER.items()
    ]
    rows.append((1001.0, "n00001740", "entity", "all", 2.0, np.array([1.0, 2.0]), 2.0, 0.0))
    content = io.BytesIO()
    savemat(content, {"synsets": np.array(rows, dtype=[(field, object) for field in fields]).reshape(-1, 1)})
    return content.getvalue()


def kit_files() -> dict[str, bytes]:
    truth = "".join(f"{KIT_NUMBER[wnid]}\n" for wnid in SHOWN)
    return {"meta.mat": meta_mat(), "ILSVRC2012_validation_ground_truth.txt": truth.encode()}


def kit_as_folder(root: Path) -> None:
    write(root / "ILSVRC2012_devkit_t12/data", kit_files())


def kit_as_published(root: Path) -> None:
    inside = {f"ILSVRC2012_devkit_t12/data/{name}": data for name, data in kit_files().items()}
    write_tar(root / "ILSVRC2012_devkit_t12.tar.gz", inside, mode="w:gz")


def kaggle(root: Path) -> None:
    rows = [f"{val_name(number)[:-5]},{wnid} 1 2 30 40 {wnid} 5 6 7 8" for number, wnid in enumerate(SHOWN, 1)]
    (root / "LOC_val_solution.csv").write_text("\n".join(["ImageId,PredictionString", *reversed(rows)]))


def caffe(root: Path) -> None:
    order = sorted(KIT_NUMBER)
    (root / "synset_words.txt").write_text("".join(f"{wnid} words, more\n" for wnid in order))
    rows = [f"{val_name(number)} {order.index(wnid)}\n" for number, wnid in enumerate(SHOWN, 1)]
    (root / "val.txt").write_text("".join(rows))


def wnid_a_line(root: Path) -> None:
    (root / "imagenet_2012_validation_synset_labels.txt").write_text("".join(f"{wnid}\n" for wnid in SHOWN))


TRUTHS = [kit_as_folder, kit_as_published, kaggle, caffe, wnid_a_line]


def shown(dataset: Dataset) -> list[str]:
    return [dataset.class_names[label] for label in dataset.labels]


def contents(dataset: Dataset) -> list[bytes]:
    return [photo.read_bytes() if isinstance(photo, Path) else photo.read() for photo in dataset.photos()]


def check_val(dataset: Dataset) -> None:
    val = dataset.part("val")
    assert shown(val) == SHOWN
    assert contents(val) == list(val_photos().values())


@pytest.mark.parametrize("truth", TRUTHS)
@pytest.mark.parametrize("form", ["tar", "folder"])
def test_val_photos_with_every_list_of_what_they_show(tmp_path: Path, truth: Truth, form: str) -> None:
    root = tmp_path / "ILSVRC2012"
    root.mkdir()
    truth(root)
    if form == "tar":
        write_tar(root / "ILSVRC2012_img_val.tar", val_photos())
    else:
        write(root / "val", val_photos())
    assert ImageNetSource().detect(root)
    dataset = read(root)
    assert dataset.class_names == (OWL, DOG, CAT)
    check_val(dataset)
    assert dataset.findings == ()
    place = root / ("ILSVRC2012_img_val.tar" if form == "tar" else "val")
    check_val(read(place))
    assert (dataset.root, len(read(root, options=UNLABELLED))) == (root, 4)


def test_the_tar_of_tars_is_read_as_it_is(tmp_path: Path) -> None:
    inner = {f"{wnid}.tar": tar_bytes(train_photos(wnid)) for wnid in (CAT, DOG)}
    path = write_tar(tmp_path / "ILSVRC2012_img_train.tar", inner)
    for dataset in (read(tmp_path), read(path)):
        assert dataset.class_names == (DOG, CAT)
        assert shown(dataset) == [CAT, CAT, DOG, DOG]
        assert contents(dataset) == [f"{wnid} {number}".encode() for wnid in (CAT, DOG) for number in (10, 2)]
        photo = dataset.photo(0)
        assert not isinstance(photo, Path)
        assert photo.label == f"{path}/{CAT}.tar/{CAT}_10.JPEG"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["ILSVRC2012_img_train.tar"]


def test_folders_and_tars_side_by_side(tmp_path: Path) -> None:
    write(tmp_path / "train" / CAT, train_photos(CAT))
    write_tar(tmp_path / "train" / f"{DOG}.tar", train_photos(DOG))
    write_tar(tmp_path / "ILSVRC2012_img_val.tar", val_photos())
    kaggle(tmp_path)
    dataset = read(tmp_path)
    assert (dataset.class_names, dataset.findings) == ((OWL, DOG, CAT), ())
    assert shown(dataset.part("train")) == [DOG, DOG, CAT, CAT]
    check_val(dataset)
    assert dataset.take(np.array([2])).photo(0) == dataset.photo(2)


def test_kaggles_folders(tmp_path: Path) -> None:
    photos = tmp_path / "ILSVRC/Data/CLS-LOC"
    write(photos / "train" / CAT, train_photos(CAT))
    write(photos / "train" / DOG, train_photos(DOG))
    write(photos / "val", val_photos())
    write(photos / "test", {"ILSVRC2012_test_00000001.JPEG": b"test"})
    kaggle(tmp_path)
    dataset = read(tmp_path)
    check_val(dataset)
    assert dataset.paths[0] == f"ILSVRC/Data/CLS-LOC/train/{DOG}/{DOG}_2.JPEG"
    assert (len(dataset), dataset.places) == (8, None)
    assert len(read(tmp_path, options=UNLABELLED)) == 9


@pytest.mark.parametrize("val", ["val", "validation"])
def test_val_in_class_folders_needs_no_list(tmp_path: Path, val: str) -> None:
    for wnid in (CAT, DOG):
        write(tmp_path / "train" / wnid, train_photos(wnid))
        write(tmp_path / val / wnid, {f"{wnid}.JPEG": b"x"})
    dataset = read(tmp_path)
    assert dataset.parts.tolist() == [0, 0, 0, 0, 1, 1]
    assert shown(dataset) == [DOG, DOG, CAT, CAT, DOG, CAT]


def test_val_photos_that_nothing_describes(tmp_path: Path) -> None:
    write(tmp_path / "val", val_photos())
    with pytest.raises(
        FovealError, match=r"LOC_val_solution\.csv.*imagenet_2012_validation_synset_labels\.txt"
    ) as caught:
        read(tmp_path)
    assert caught.value.code == "dataset-incomplete"
    write(tmp_path / "train" / CAT, train_photos(CAT))
    write(tmp_path / "train" / DOG, train_photos(DOG))
    dataset = read(tmp_path)
    assert len(dataset) == 4
    assert [(each.code, each.severity) for each in dataset.findings] == [("no-ground-truth", "error")]


def test_the_kit_needs_scipy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "val", val_photos())
    kit_as_folder(tmp_path)
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(FovealError, match="MATLAB") as caught:
        read(tmp_path)
    assert caught.value.code == "needs-extra"
    assert "foveal[imagenet]" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("ILSVRC2012_devkit_t12/data/meta.mat", b"MATLAB 5.0 and no more"),
        ("ILSVRC2012_devkit_t12/data/meta.mat", b""),
        ("ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt", b"1\n7\n"),
        ("LOC_val_solution.csv", b"ILSVRC2012_val_00000001,cat 1 2 3 4\n"),
        ("imagenet_2012_validation_synset_labels.txt", b"cat\n"),
        ("val.txt", b"ILSVRC2012_val_00000001.JPEG cat\n"),
        ("ILSVRC2012_devkit_t12.tar.gz", b"\x1f\x8b cut"),
    ],
)
def test_damaged_lists_are_named(tmp_path: Path, name: str, content: bytes) -> None:
    write(tmp_path / "val", val_photos())
    if "/" in name:
        kit_as_folder(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FovealError) as caught:
        read(tmp_path)
    assert caught.value.code in {"dataset-damaged", "image-empty"}
    assert Path(name).name in caught.value.message


@pytest.mark.parametrize("missing", ["meta.mat", "ILSVRC2012_validation_ground_truth.txt"])
def test_half_a_kit_is_incomplete(tmp_path: Path, missing: str) -> None:
    write(tmp_path / "val", val_photos())
    inside = {f"kit/{name}": data for name, data in kit_files().items() if name != missing}
    write_tar(tmp_path / "ILSVRC2012_devkit_t12.tar.gz", inside, mode="w:gz")
    with pytest.raises(FovealError) as caught:
        read(tmp_path)
    assert caught.value.code == "dataset-incomplete"
    assert missing in caught.value.message or "ground truth" in caught.value.message


def test_numbers_without_their_meaning_are_incomplete(tmp_path: Path) -> None:
    write(tmp_path / "val", val_photos())
    caffe(tmp_path)
    (tmp_path / "synset_words.txt").unlink()
    with pytest.raises(FovealError, match=r"synset_words\.txt") as caught:
        read(tmp_path)
    assert caught.value.code == "dataset-incomplete"


def test_a_cut_tar_of_tars_says_what_is_missing(tmp_path: Path) -> None:
    path = write_tar(
        tmp_path / "ILSVRC2012_img_train.tar", {f"{wnid}.tar": tar_bytes(train_photos(wnid)) for wnid in (CAT, DOG)}
    )
    path.write_bytes(path.read_bytes()[:12_000])
    dataset = read(tmp_path)
    assert shown(dataset) == [CAT, CAT]
    assert [finding.code for finding in dataset.findings] == ["archive-damaged"]


def test_reassessed_labels(tmp_path: Path) -> None:
    write_tar(tmp_path / "ILSVRC2012_img_val.tar", val_photos())
    kaggle(tmp_path)
    dataset = read(tmp_path)
    assert real_labels(dataset) is None
    (tmp_path / "real.json").write_text(json.dumps([[207], [], [281, 285]]))
    sets = real_labels(dataset.take(np.array([2, 3, 1, 0])))
    assert sets is not None
    assert (sets.starts.tolist(), sets.classes.tolist()) == ([0, 2, 2, 2, 3], [281, 285, 207])
    for content in ('{"a": 1}', "[[1000]]", "[3]", "["):
        (tmp_path / "real.json").write_text(content)
        with pytest.raises(FovealError) as caught:
            real_labels(dataset)
        assert caught.value.code == "dataset-damaged"


def test_reassessed_labels_beside_a_folder_of_class_folders(tmp_path: Path) -> None:
    for number, wnid in enumerate((CAT, DOG), 1):
        write(tmp_path / "ours" / wnid, {val_name(number): b"x"})
    (tmp_path / "real.json").write_text("[[285], [207, 208]]")
    sets = real_labels(read(tmp_path / "ours"))
    assert sets is not None
    assert sets.classes.tolist() == [207, 208, 285]


def test_other_folders_are_not_imagenet(tmp_path: Path) -> None:
    for name in ("train/cat/1.jpg", "val/cat/1.jpg", f"{CAT}/1.jpg"):
        write((tmp_path / name).parent, {"1.jpg": b"x"})
    assert not ImageNetSource().detect(tmp_path)
    shutil.rmtree(tmp_path / "train" / "cat")
    assert not ImageNetSource().detect(tmp_path)
    assert not ImageNetSource().detect(tmp_path / "train")
    assert not ImageNetSource().detect(tmp_path / "no such place")


def test_val_photos_in_another_layout_are_named(tmp_path: Path) -> None:
    for wnid in (CAT, DOG):
        write(tmp_path / "train" / wnid / "images", train_photos(wnid))
    write(tmp_path / "val/images", {"val_0.JPEG": b"val"})
    dataset = read(tmp_path)
    assert len(dataset) == 4
    assert [(finding.code, finding.paths) for finding in dataset.findings] == [("no-ground-truth", ("val",))]
