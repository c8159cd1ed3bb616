from __future__ import annotations

import contextlib
import csv
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.data.options import ReadOptions
from foveal.data.read import read
from foveal.data.sources.names import class_name
from foveal.errors import FovealError

# "/" and "." would be tidied away, and absolute paths start elsewhere
NAMES = st.text(st.characters(exclude_characters="/.\\\0:"), min_size=1, max_size=12).map(lambda name: f"p/{name}.jpg")
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
ROWS = st.dictionaries(NAMES, WORDS, min_size=1, max_size=20)


def known(word: str) -> str:
    return class_name(word.strip())


def write(folder: Path, form: str, rows: dict[str, str]) -> Path:
    path = folder / f"t{form}"
    with path.open("w", encoding="utf-8", errors="surrogatepass", newline="") as file:
        if form == ".jsonl":
            file.writelines(json.dumps({"path": name, "label": word}) + "\n" for name, word in rows.items())
        else:
            delimiter = {".csv": ",", ".tsv": "\t"}[form]
            csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([("path", "label"), *rows.items()])
    return path


@pytest.mark.parametrize("form", [".csv", ".tsv", ".jsonl"])
@settings(max_examples=60, deadline=None)
@given(rows=ROWS)
def test_odd_characters_survive(form: str, rows: dict[str, str]) -> None:
    rows |= {"p/first.jpg": "one", "p/second.jpg": "two"}
    with tempfile.TemporaryDirectory() as folder:
        dataset = read(write(Path(folder), form, rows))
    found = dict(zip(dataset.paths, dataset.labels.tolist(), strict=True))
    names = [*dataset.class_names, ""]
    assert {path: names[label] for path, label in found.items()} == {path: known(word) for path, word in rows.items()}


@settings(max_examples=60, deadline=None)
@given(sets=st.lists(st.sets(WORDS.map(known).filter(bool), max_size=4), min_size=1, max_size=12))
def test_lists_of_labels_survive(sets: list[set[str]]) -> None:
    sets.append({"one"})
    lines = [json.dumps({"path": f"{i}.jpg", "labels": sorted(each)}) for i, each in enumerate(sets)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.jsonl"
        path.write_text("\n".join(lines), encoding="utf-8")
        dataset = read(path)
    targets = dataset.targets().tolist()
    got = [{name for name, has in zip(dataset.class_names, row, strict=True) if has} for row in targets]
    assert got == [{known(word) for word in each} for each in sets]


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=200), form=st.sampled_from([".csv", ".tsv", ".jsonl", ".parquet"]))
def test_no_bytes_make_it_fail_without_a_reason(content: bytes, form: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"t{form}"
        path.write_bytes(b"path,label\n" + content if form != ".parquet" else content)
        with contextlib.suppress(FovealError):
            assert len(read(path, source="table", options=ReadOptions(columns={"path": "path"})))


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, 10_000), flipped=st.integers(1, 255), cut=st.integers(0, 300))
def test_damaged_parquet_is_refused_or_read(at: int, flipped: int, cut: int) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.parquet"
        columns = {"path": [f"{i}.jpg" for i in range(50)], "label": [f"class {i % 3}" for i in range(50)]}
        parquet.write_table(arrow.table(columns), path)
        content = bytearray(path.read_bytes())
        content[at % len(content)] ^= flipped
        path.write_bytes(content[: len(content) - cut if cut % 3 == 0 else len(content)])
        with contextlib.suppress(FovealError):
            assert len(read(path, source="table"))
