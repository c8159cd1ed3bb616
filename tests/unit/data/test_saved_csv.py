from __future__ import annotations

import pytest

from foveal.data.saved_csv import rows_of


@pytest.mark.parametrize(
    "text",
    [
        'path,fold\n"a, b.jpg",1\nc;d.jpg,0\n',
        '\ufeffpath;fold\r\n"a, b.jpg";1\r\n"c;d.jpg";0\r\n',
        "path\tfold\na, b.jpg\t1\nc;d.jpg\t0\n",
        '\ufeffpath,fold\n"a, b.jpg",1\n,\n\nc;d.jpg,0\n,\n',
    ],
)
def test_what_a_spreadsheet_makes_of_a_file_reads_the_same(text: str) -> None:
    assert [row for row in rows_of(text) if any(row)] == [["path", "fold"], ["a, b.jpg", "1"], ["c;d.jpg", "0"]]


def test_nothing_has_no_rows() -> None:
    assert list(rows_of("")) == []
