"""Rivals: pytorch-ood's detectors on given features and logits.

Needs pytorch-ood with torch and scikit-learn.
Command: python unknown_scores.py CASES.npz SCORES.npz
    CASES.npz holds, for each case K, labels_K [n], raw_K [n, D] and seen_K [n, D] to learn from (as the network gave
    them, and as the head multiplies them), weights_K [D, C], bias_K [C], and of each set S to judge raw_K|S, seen_K|S.
    SCORES.npz gets DETECTOR|K|S, float [m], higher = stranger.
"""

from __future__ import annotations

import sys
from importlib import metadata

import numpy as np
import torch
from pytorch_ood.detector import KNN, RMD, EnergyBased, Mahalanobis, MaxLogit, MaxSoftmax, ViM

NEIGHBOURS = 50
AXES = 64


def detectors(kind: str, features: torch.Tensor, labels: torch.Tensor, head: tuple[torch.Tensor, ...]) -> dict:
    """Learnt detectors by name, each a function of features and logits."""
    weights, bias = head
    made = {}
    learnt = {"k-NN": KNN(None, k=min(NEIGHBOURS, len(labels))), "Mahalanobis": Mahalanobis(None), "RMD": RMD(None)}
    if kind == "seen":
        learnt["ViM"] = ViM(None, AXES, weights.T.contiguous(), bias)
        for name, logit in (("softmax", MaxSoftmax), ("max logit", MaxLogit), ("energy", EnergyBased)):
            made[name] = lambda _, logits, logit=logit: logit(None).predict_logits(logits)
    for name, detector in learnt.items():
        detector.fit_features(features, labels)
        named = name if name == "ViM" else f"{name}, {kind}"
        made[named] = lambda x, _, detector=detector: detector.predict_features(x)
    return made


def main(cases: str, target: str) -> None:
    """Score every set of every case."""
    print(f"pytorch-ood {metadata.version('pytorch-ood')}, torch {torch.__version__}")
    given = {name: torch.from_numpy(array) for name, array in np.load(cases).items()}
    out = {}
    for case in [name.removeprefix("labels_") for name in given if name.startswith("labels_")]:
        head = given[f"weights_{case}"], given[f"bias_{case}"]
        for kind in ("raw", "seen"):
            made = detectors(kind, given[f"{kind}_{case}"], given[f"labels_{case}"].long(), head)
            for key in [name for name in given if name.startswith(f"seen_{case}|")]:
                name = key.removeprefix("seen_")
                logits = given[key] @ head[0] + head[1]
                for detector, score in made.items():
                    out[f"{detector}|{name}"] = np.asarray(score(given[f"{kind}_{name}"], logits))
    np.savez(target, **out)


if __name__ == "__main__":
    torch.set_num_threads(1)  # its threads wait for each other by spinning, minutes long beside other work
    with torch.inference_mode():
        main(*sys.argv[1:])
