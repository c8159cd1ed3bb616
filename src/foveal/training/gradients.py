"""Maps by gradients: Grad-CAM and integrated gradients, as captum computes them.

captum (BSD-3) is PyTorch's own collection and has both. Guided backpropagation and guided Grad-CAM, which it has too,
are left out: they draw much the same picture whatever the network has learnt (Adebayo et al., "Sanity checks for
saliency maps", NeurIPS 2018, arXiv:1810.03292).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError
from foveal.explainers.subject import Subject
from foveal.imaging.opencv import opencv
from foveal.training.extra import require_train

if TYPE_CHECKING:
    from foveal.classifier.classifier import Classifier

STEPS = 32
"""Points between the ground and the photo at which gradients are taken."""

_AT_ONCE = 8
# Gradients differ from pixel to pixel; what a person can see is their sum around a place.
_SMOOTHED = 0.02


def gradcam(subject: Subject, column: int) -> NDArray[np.float32]:
    """The Grad-CAM map on the photo's canvas; see `foveal.explainers.subject.Explainer`.

    Selvaraju et al., "Grad-CAM" (ICCV 2017, arXiv:1610.02391), at the last map before it is averaged. Grad-CAM ends
    with a ReLU; here what speaks against the class is kept, below 0.

    Raises:
        FovealError: `needs-extra`; `no-feature-map`, `operator-unknown`: of the networks.
    """
    require_train("gradcam")
    from captum.attr import LayerGradCam

    from foveal.training.torch_classifier import last_map

    seen = [number for number, view in enumerate(subject.model.views) if last_map(view) is not None]
    if not seen:
        raise FovealError(
            "no-feature-map",
            f"gradcam: expected a network with a map near its end, got {subject.model.views[0].backbone}",
            hint="choose the method integrated-gradients or occlusion, which work with any network",
        )
    network = _torch_classifier(subject.model)
    images = _images(subject.inputs)
    total = np.zeros(subject.canvas_hw, np.float32)
    for number in seen:
        found = LayerGradCam(network, network.layer(number)).attribute(images, target=column)
        total += subject.frames[number].onto_canvas(found[0, 0].detach().numpy(), subject.canvas_hw)
    return total


def integrated_gradients(subject: Subject, column: int) -> NDArray[np.float32]:
    """The map of integrated gradients on the photo's canvas; see `foveal.explainers.subject.Explainer`.

    Sundararajan, Taly & Yan, "Axiomatic attribution for deep networks" (ICML 2017, arXiv:1703.01365), from the blurred
    photo, where theirs began at black: against black nothing black can count. What pixels add is summed over the
    colours, and smoothed by a fiftieth of the side.

    Raises:
        FovealError: `needs-extra`; `operator-unknown`: of the networks.
    """
    require_train("integrated-gradients")
    from captum.attr import IntegratedGradients

    method = IntegratedGradients(_torch_classifier(subject.model))
    found = method.attribute(
        _images(subject.inputs),
        baselines=_images(subject.grounds),
        target=column,
        n_steps=STEPS,
        internal_batch_size=_AT_ONCE,
    )
    total = np.zeros(subject.canvas_hw, np.float32)
    for frame, pixels in zip(subject.frames, found, strict=True):
        values = pixels[0].sum(dim=2).detach().numpy().astype(np.float32)
        sigma = _SMOOTHED * max(values.shape)
        smooth = opencv().GaussianBlur(values, (0, 0), sigma)
        total += frame.onto_canvas(smooth, subject.canvas_hw)
    return total


def _torch_classifier(model: Classifier) -> Any:
    from foveal.training.torch_classifier import TorchClassifier

    return TorchClassifier(model)


def _images(inputs: tuple[NDArray[np.uint8], ...]) -> tuple[Any, ...]:
    """Networks' inputs as float32 [1, h, w, 3] that gradients can be taken of."""
    import torch

    return tuple(torch.from_numpy(each[None].astype(np.float32)).requires_grad_() for each in inputs)
