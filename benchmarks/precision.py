"""What bf16 and int8 gain in speed, and whether a head learnt on their features loses accuracy.

Claim: heads learnt on the features of the engine that will serve them are as accurate in bf16 and int8 as in float32.
Command: python benchmarks/precision.py TRAIN VALIDATION
Result: see docs/benchmarks.md.
"""

from __future__ import annotations

import sys

from harness import Place, machine

import foveal
from foveal.runtimes.choose import recall


def main() -> None:
    """Fit once in each precision."""
    train, validation = sys.argv[1:3]
    machine()
    with Place():
        print(f"{'engine':16} {'out of fold':>12} {'validation':>11} {'fit s':>6}")
        for precision in ("f32", "bf16", "int8"):
            settings = foveal.Settings(precision=precision)
            model = foveal.fit(train, test=validation, settings=settings)
            oof, test = model.evaluation, model.test_evaluation
            assert oof is not None
            assert test is not None
            seconds = model.record["seconds"]["total"]
            print(f"{model.views[0].choice!s:16} {oof.accuracy:12.4f} {test.accuracy:11.4f} {seconds:6.1f}", flush=True)
        from foveal.backbones.catalogue import find
        from foveal.backbones.network import load_network

        for each in recall(load_network(find("lite0")).sha256):
            print(f"{each.choice!s:16} {each.per_second:6.0f} photos/s, cosine distance {each.cosine_distance:.4f}")


if __name__ == "__main__":
    main()
