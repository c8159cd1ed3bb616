"""Rival: a plain PyTorch linear probe on the same weights: timm network, torchvision transforms, scikit-learn head.

Needs torch, torchvision, timm and scikit-learn. No cross-validation, no calibration, no model file.
Command: python torch_probe.py WEIGHTS.pth TRAIN VALIDATION
"""

from __future__ import annotations

import sys

import numpy as np
import timm
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder


def network(weights: str) -> torch.nn.Module:
    """EfficientNet-Lite0 without its classifier; the weights are in the same order under other names."""
    model = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    given = list(torch.load(weights, map_location="cpu").values())
    model.load_state_dict(dict(zip(model.state_dict(), given, strict=True)))
    model.reset_classifier(0)
    return model.eval()


def main() -> None:
    """Fit on one folder, print the accuracy on the other."""
    weights, *folders = sys.argv[1:]
    prepare = transforms.Compose(
        [
            transforms.Resize(224, interpolation=transforms.InterpolationMode.BICUBIC),
            transforms.CenterCrop(224),
            transforms.ToTensor(),
            transforms.Normalize([0.5] * 3, [0.5] * 3),
        ]
    )
    model = network(weights)
    parts = []
    for folder in folders:
        dataset = ImageFolder(folder, prepare)
        loader = DataLoader(dataset, batch_size=32, num_workers=2)
        with torch.inference_mode():
            rows = [model(images).numpy() for images, _ in loader]
        parts.append((np.concatenate(rows), dataset.targets))
    (x, y), (x_test, y_test) = parts
    head = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=200)).fit(x, y)
    print(f"accuracy {head.score(x_test, y_test):.3f}")


if __name__ == "__main__":
    main()
