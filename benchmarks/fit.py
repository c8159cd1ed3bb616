"""`foveal fit` against linear probes on the same photos, weights and machine, whole processes.

Claim: with cross-validation, calibration, a search for copies, trust, page and model file, a cold fit takes at most the
time of a bare ONNX Runtime + scikit-learn script / 1.4 and of a timm + scikit-learn script / 3; from the cache it takes
at most 5 s.
Command: python benchmarks/fit.py TRAIN VALIDATION [--runs 3] [--torch-python PYTHON]
    PYTHON is an interpreter with torch, torchvision, timm and scikit-learn; without it that rival is left out.
Result: see docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness import TUNED_MALLOC, Contender, Place, foveal, machine, race, show


def main() -> None:
    """Race the contenders."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path)
    parser.add_argument("validation", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--torch-python", default="")
    chosen = parser.parse_args()
    from foveal.backbones.catalogue import find
    from foveal.backbones.network import load_network, weights_file

    with Place() as place:
        card = find("lite0")
        network = place.folder / "lite0.onnx"
        network.write_bytes(load_network(card).content)
        rivals = Path(__file__).parent / "rivals"
        data = [str(chosen.train), str(chosen.validation)]

        def fit(*words: str) -> list[str]:
            return foveal("fit", data[0], "--test", data[1], "--out", place.folder / "m.foveal", "-q", *words)

        contenders = {
            "foveal fit, cold": Contender(fit(), before=place.forget_features, environment=TUNED_MALLOC),
            "foveal fit, from the cache": Contender(fit(), environment=TUNED_MALLOC),
            "foveal fit --effort high, cold": Contender(
                fit("--effort", "high"), before=place.forget_features, environment=TUNED_MALLOC
            ),
            "ONNX Runtime + scikit-learn": Contender(
                [sys.executable, str(rivals / "onnx_sklearn.py"), str(network), *data], environment=TUNED_MALLOC
            ),
        }
        if chosen.torch_python:
            weights = str(weights_file(card))
            contenders["timm + scikit-learn"] = Contender(
                [chosen.torch_python, str(rivals / "torch_probe.py"), weights, *data], environment=TUNED_MALLOC
            )
        machine()
        race({"machine measured": contenders["foveal fit, cold"]}, runs=1)
        show(race(contenders, runs=chosen.runs), against="foveal fit, cold")


if __name__ == "__main__":
    main()
