from __future__ import annotations

import csv
import json
import tarfile
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from foveal.cli.convert import convert as verb
from foveal.data.read import read
from foveal.data.writers import WRITERS
from foveal.errors import FovealError
from foveal.workflows.convert import convert

needs_pyarrow = {"parquet"}


@pytest.fixture
def mixed(photos: Path, tmp_path: Path) -> Path:
    """Two classes of three good photos, and one file each that is empty, is no photo, or leads nowhere."""
    root = tmp_path / "mixed"
    for name in ("circle", "square"):
        (root / name).mkdir(parents=True)
        for number in range(3):
            (root / name / f"{number}.jpg").write_bytes((photos / name / f"{number:02d}.jpg").read_bytes())
    (root / "circle/empty.jpg").touch()
    (root / "square/page.jpg").write_text("<html>not found</html>")
    return root


def state(root: Path) -> dict[str, tuple[int, float]]:
    return {str(path): (path.stat().st_size, path.stat().st_mtime) for path in sorted(root.rglob("*"))}


@pytest.mark.parametrize("to", WRITERS)
def test_bad_photos_are_named_and_left_out(mixed: Path, tmp_path: Path, to: str) -> None:
    if to in needs_pyarrow:
        pytest.importorskip("pyarrow")
    before = state(mixed)
    seen: list[tuple[int, int]] = []
    done = convert(mixed, to=to, out=tmp_path / "out", progress=lambda done, total: seen.append((done, total)))
    assert (done.photos, done.to, done.folder) == (6, to, tmp_path / "out")
    assert [(Path(name).name, "empty" in why or "HTML" in why) for name, why in done.left_out] == [
        ("empty.jpg", True),
        ("page.jpg", True),
    ]
    assert seen[-1] == (8, 8)
    assert state(mixed) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mixed", "out"]


@pytest.mark.parametrize("to", WRITERS)
def test_an_interruption_leaves_nothing(mixed: Path, tmp_path: Path, to: str) -> None:
    if to in needs_pyarrow:
        pytest.importorskip("pyarrow")

    def interrupt(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(mixed, to=to, out=tmp_path / "out", progress=interrupt)
    assert [path.name for path in tmp_path.iterdir()] == ["mixed"]


def test_refusals_come_before_any_work(mixed: Path, tmp_path: Path) -> None:
    with pytest.raises(FovealError, match="form to write") as caught:
        convert(mixed, to="zip", out=tmp_path / "out")
    assert caught.value.code == "unknown-name"
    with pytest.raises(FovealError) as caught:
        convert(tmp_path / "missing", to="csv", out=mixed)
    assert caught.value.code == "target-exists"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mixed"]


def test_photos_of_which_none_can_be_read(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "bad" / name).mkdir(parents=True)
        (tmp_path / "bad" / name / "1.jpg").touch()
    with pytest.raises(FovealError, match="can be read") as caught:
        convert(tmp_path / "bad", to="folder", out=tmp_path / "out")
    assert caught.value.code == "no-photos"
    assert [path.name for path in tmp_path.iterdir()] == ["bad"]


def test_a_table_leads_to_the_originals(mixed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    convert("mixed", to="csv", out="deep/er/out")
    table = tmp_path / "deep/er/out/labels.csv"
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0] == {"path": "../../../mixed/circle/0.jpg", "label": "circle"}
    assert [path.name for path in table.parent.iterdir()] == ["labels.csv"]
    assert read(table).photo(0).samefile(mixed / "circle/0.jpg")


def test_shards_end_where_they_should(mixed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foveal.data.writers.webdataset._SHARD_PHOTOS", 4)
    convert(mixed, to="webdataset", out=tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["train-000000.tar", "train-000001.tar"]
    with tarfile.open(tmp_path / "out/train-000001.tar") as tar:
        assert tar.getnames() == ["00000004.jpg", "00000004.json", "00000005.jpg", "00000005.json"]
        said = tar.extractfile("00000005.json")
        assert said is not None
        assert json.loads(said.read()) == {"path": "square/2.jpg", "label": "square", "index": 1}


def test_parquet_files_are_numbered_and_tell_their_classes(
    mixed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr("foveal.data.writers.parquet._FILE_BYTES", 1)
    monkeypatch.setattr("foveal.data.writers.parquet._BATCH_ROWS", 4)
    convert(mixed, to="parquet", out=tmp_path / "out")
    files = sorted((tmp_path / "out/data").iterdir())
    assert [file.name for file in files] == [f"train-0000{number}-of-00002.parquet" for number in range(2)]
    schema = parquet.read_schema(files[0])
    features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert features["label"] == {"names": ["circle", "square"], "_type": "ClassLabel"}
    rows = parquet.read_table(files[0]).to_pylist()
    assert [row["label"] for row in rows] == [0, 0, 0, 1]
    assert rows[0]["image"] == {"bytes": (mixed / "circle/0.jpg").read_bytes(), "path": "0.jpg"}


def test_the_verb(mixed: Path, tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(verb)
    done = CliRunner().invoke(app, [str(mixed), "--to", "folder", "--out", str(tmp_path / "out")])
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == f"{tmp_path / 'out'}: 6 photos as folder"
    assert done.stderr.count("left out") == 2
    as_json = CliRunner().invoke(app, [str(mixed), "--to", "csv", "--out", str(tmp_path / "csv"), "--json"])
    found = json.loads(as_json.stdout)
    assert (found["photos"], found["to"], len(found["left_out"])) == (6, "csv", 2)
    flat = CliRunner().invoke(app, [str(mixed), "--to", "folder", "--out", str(tmp_path / "flat"), "--unlabelled"])
    assert flat.exit_code == 0
    assert len(list((tmp_path / "flat").glob("*.jpg"))) == 6
