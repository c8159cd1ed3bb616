"""Starts `train_tiny.py` as processes of their own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
SCRIPT = Path(__file__).parent / "train_tiny.py"
PATIENCE_S = 120


def start(folder: Path, *arguments: str, **variables: str) -> subprocess.Popen[bytes]:
    """One process; what it prints goes where the test's output goes."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths, "FOVEAL_THREADS": "1", "OMP_NUM_THREADS": "1", **variables}
    return subprocess.Popen([sys.executable, str(SCRIPT), str(folder), *arguments], env=environment)


def start_two(folder: Path, *arguments: str) -> list[subprocess.Popen[bytes]]:
    """Two processes of one training, as a launcher starts them."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = str(found.getsockname()[1])
    variables = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    return [start(folder, *arguments, RANK=str(rank), LOCAL_RANK=str(rank), **variables) for rank in range(2)]
