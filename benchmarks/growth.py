"""How the cost of a fit grows: the same photos once, four times and sixteen times under other names, cache off.

Claim: time grows in proportion to the photos, and peak memory of the reading stage does not grow with them.
Command: python benchmarks/growth.py PHOTOS [--times 1,4,16]      PHOTOS: a folder per class
Result: see docs/benchmarks.md. The repeated files differ in one trailing byte, so that none is known by its content.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import time
from pathlib import Path

from harness import Place, foveal, machine


def repeat(photos: Path, target: Path, times: int) -> int:
    """Write every photo `times` times below `target`, each with other bytes after its end; returns their number."""
    count = 0
    for source in sorted(photos.glob("*/*")):
        folder = target / source.parent.name
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(times):
            (folder / f"{number:02d}-{source.name}").write_bytes(source.read_bytes() + bytes([number]))
            count += 1
    return count


def main() -> None:
    """Measure every size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--times", default="1,4,16")
    chosen = parser.parse_args()
    machine()
    print(f"{'photos':>8} {'embed s':>8} {'ms a photo':>11} {'photos/s':>9} {'peak MB':>8}")
    with Place() as place:
        for times in map(int, chosen.times.split(",")):
            folder = place.folder / f"x{times}"
            count = repeat(chosen.photos, folder, times)
            command = foveal("embed", folder, "--out", place.folder / "v.npz", "--taps", "--no-cache", "-q")
            subprocess.run(foveal("models"), check=True, capture_output=True)
            started = time.perf_counter()
            process = subprocess.Popen(command)
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - started
            if status:
                raise SystemExit(f"embed failed with {status}")
            peak = resource.struct_rusage(usage).ru_maxrss / 1000
            print(
                f"{count:>8,} {seconds:>8.1f} {1000 * seconds / count:>11.2f} {count / seconds:>9.0f} {peak:>8.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
