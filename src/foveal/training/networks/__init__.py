"""Networks of timm, torchvision and foveal's own weight packages as PyTorch modules, found by name."""
