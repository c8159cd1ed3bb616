"""What needs PyTorch: networks with gradients. The only place that imports torch, torchvision and captum.

Other packages import it inside functions only; whatever begins here calls `foveal.training.extra.require_train` first.

`EXPLAINERS` are maps by gradients, beside those of `foveal.explainers`.
"""

EXPLAINERS = {
    "gradcam": "foveal.training.gradients:gradcam",
    "integrated-gradients": "foveal.training.gradients:integrated_gradients",
}
