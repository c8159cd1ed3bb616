"""Many commands in one process: starting Python costs more than most of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# What the `cli` fixture gives.
Cli = Callable[..., subprocess.CompletedProcess[str]]

# The program of that process: commands as JSON on stdin, answers as JSON on stdout.
_PROGRAM = """
import contextlib, io, json, sys
from foveal.cli.app import main
answers = []
for arguments in json.load(sys.stdin):
    sys.argv = ["foveal", *arguments]
    out, err, code = io.StringIO(), io.StringIO(), None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = end.code
    answers.append([code, out.getvalue(), err.getvalue()])
json.dump(answers, sys.stdout)
"""


@dataclass(frozen=True)
class Answer:
    """How one command ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """What it wrote to stdout, as the one JSON document that it must be."""
        assert self.code == 0, self.err
        return json.loads(self.out)

    def refused(self, code: str, *words: str) -> None:
        """It ended with 1, wrote nothing to stdout, and the message has the code and the words."""
        assert self.code == 1, (self.out, self.err)
        assert self.out == ""
        assert f"[{code}]" in self.err, self.err
        assert "  hint: " in self.err
        assert "Traceback" not in self.err
        missing = [word for word in words if word not in self.err]
        assert not missing, (missing, self.err)


def run_batch(
    *commands: Sequence[str | Path],
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    blocked: Sequence[str] = (),
) -> list[Answer]:
    """Run commands one after the other in one process; warnings are errors.

    Args:
        commands: Arguments of each.
        cwd: Folder to run in.
        env: Environment variables added to the usual ones.
        blocked: Modules that cannot be imported.
    """
    block = "".join(f"import sys; sys.modules[{name!r}] = None\n" for name in blocked)
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", block + _PROGRAM],
        input=json.dumps([[str(argument) for argument in command] for command in commands]),
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        cwd=cwd,
        env={**os.environ, "PYTHONUTF8": "1", **(env or {})},
        timeout=240,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return [Answer(*each) for each in json.loads(finished.stdout)]
