"""The notebook in examples runs from top to bottom, without Jupyter, and comes to what its text says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra `train` is not installed")
pytest.importorskip("timm", reason="the extra `train` is not installed")

NOTEBOOK = Path(__file__).parents[3] / "examples" / "fine_tune.ipynb"
PATIENCE_S = 560
ONE_THREAD = {"FOVEAL_THREADS": "1", "OMP_NUM_THREADS": "1"}

RUN = """
import json, sys
names = {"__name__": "__main__"}
with open(sys.argv[1], encoding="utf-8") as file:
    cells = json.load(file)["cells"]
for cell in cells:
    if cell["cell_type"] == "code":
        exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
story, verdict = names["story"], names["verdict"]
values = {
    "story": {name: story[name] for name in ("before_after", "history", "export", "epochs")},
    "probe": names["probe"].evaluation.accuracy,
    "tested": verdict.first.photos,
    "verdict": verdict.verdict,
    "accuracy": verdict.second.accuracy,
    "reasons": type(names["reasons"]).__name__,
    "answers": list(names["answers"].answers),
    "figures": names["plt"].get_fignums(),
    "folder": str(names["WORK"]),
}
print("\\n" + json.dumps(values))
"""


@pytest.fixture(scope="module")
def came_to(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The values that the notebook ends with."""
    place = tmp_path_factory.mktemp("notebook")
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(NOTEBOOK)],
        cwd=place,
        env={**os.environ, **ONE_THREAD, "MPLBACKEND": "Agg", "PYTHONUTF8": "1", "TMPDIR": str(place)},
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.timeout(PATIENCE_S + 20)
def test_every_cell_runs_and_training_pays(came_to: Any) -> None:
    story = came_to["story"]
    before_after = story["before_after"]
    assert before_after["photos"] == 60
    assert before_after["payoff"] == "pays"
    # Chance is a half, and the frozen network does little better.
    assert came_to["probe"] <= 0.8
    assert before_after["before"]["accuracy"] <= 0.8
    assert before_after["after"]["accuracy"] >= 0.9
    assert len(story["history"]) == story["epochs"] == 3
    assert story["history"][-1]["held_loss"] < story["history"][0]["held_loss"]
    assert story["export"]["agreement"] == 1.0
    assert story["export"]["max_probability_difference"] <= 1e-3


def test_what_was_trained_is_compared_explained_and_asked(came_to: Any) -> None:
    assert came_to["tested"] == 120
    assert came_to["verdict"] == "second"
    assert came_to["accuracy"] >= 0.9
    assert came_to["reasons"] == "Heatmaps"
    assert came_to["answers"] == ["anticlockwise"]
    assert len(came_to["figures"]) == 2
    assert (Path(came_to["folder"]) / "spirals.foveal").is_file()
    assert (Path(came_to["folder"]) / "tuned.train" / "log.csv").is_file()


def test_it_is_kept_without_what_one_machine_said() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code)
    # Text and code take turns, so that nothing happens unexplained.
    assert cells[0]["cell_type"] == "markdown"
