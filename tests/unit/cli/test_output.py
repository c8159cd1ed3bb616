from __future__ import annotations

import json

import pytest

from foveal.cli.output import fail, failure, printable_lines, result, result_json, say, show_findings, table
from foveal.errors import FovealError
from foveal.types.finding import Finding

Capture = pytest.CaptureFixture[str]


def test_results_go_to_stdout_and_talk_to_stderr(capsys: Capture) -> None:
    result("one")
    say("two")
    say("three", quiet=True)
    assert tuple(capsys.readouterr()) == ("one\n", "two\n")


def test_json_is_ascii_and_one_document(capsys: Capture) -> None:
    result_json({"name": "café 😀 \udce9", "none": None})
    out, err = capsys.readouterr()
    assert out.isascii()
    assert json.loads(out) == {"name": "café 😀 \udce9", "none": None}
    assert err == ""


def test_terminals_get_no_control_characters(capsys: Capture) -> None:
    result("a\x1b[2J\rb\nc\udcff")
    assert capsys.readouterr().out == "a\\x1b[2J\\rb\nc\\udcff\n"
    assert printable_lines("tab\t") == r"tab\t"


def test_an_error_is_two_lines_whatever_the_name(capsys: Capture) -> None:
    fail(FovealError("not-found", "a\nerror: b", hint="look"))
    assert capsys.readouterr().err == "error: a\\nerror: b [not-found]\n  hint: look\n"


def test_a_failure_is_one_line_whatever_the_name() -> None:
    assert failure("x/a.jpg", "no permission") == "x/a.jpg: no permission"
    assert failure("a\nb.jpg", "b\x1b") == r"a\nb.jpg: b\x1b"


def test_columns_of_numbers_stand_right() -> None:
    text = table(("name", "n"), [("a", "5"), ("long name", "1,000")])
    assert text.splitlines() == ["name           n", "a              5", "long name  1,000"]


def test_findings_of_one_kind_are_put_together(capsys: Capture) -> None:
    same = [Finding("unreadable", f"{n}.jpg: cut", (f"{n}.jpg",), "error") for n in range(12)]
    show_findings([*same, Finding("not-photos", "one file", ("x\n.txt",))], quiet=False)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("error: 12 × unreadable")
    assert len(lines) == 1 + 10 + 1 + 1
    assert lines[11].strip() == "… and 2 more; --json lists all"
    assert lines[12] == r"warning: one file [not-photos]: x\n.txt"
    show_findings(same, quiet=True)
    assert capsys.readouterr().err == ""
