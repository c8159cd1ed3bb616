"""What needs PyTorch: networks with gradients. The only place that imports torch, torchvision and captum.

Other packages import it inside functions only; whatever begins here calls `foveal.training.extra.require_train` first.
"""
