from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from foveal.cli.app import app
from foveal.workflows import train as workflow
from foveal.workflows.run_folder import begin


@pytest.mark.parametrize("saved", [True, False])
def test_who_interrupts_a_training_is_told_how_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], saved: bool
) -> None:
    def interrupted(*_: Any, **given: Any) -> None:
        folder = tmp_path / "m.train"
        begin(folder, {"recipe": "head"}, begun="2026-01-01", resume=False)
        if saved:
            (folder / "last.safetensors").write_bytes(b"weights")
        raise KeyboardInterrupt

    monkeypatch.setattr(workflow, "train_in_full", interrupted)
    for name in ("a/1.png", "b/1.png"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True)
        (tmp_path / "photos" / name).write_bytes(b"no photo")
    with pytest.raises(SystemExit) as caught:
        app(["train", str(tmp_path / "photos"), "--out", str(tmp_path / "m.foveal")], prog_name="foveal")
    assert caught.value.code == 130
    assert ("--resume" in capsys.readouterr().err) == saved
