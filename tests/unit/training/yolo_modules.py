"""Modules with the attributes that YOLO classifiers' checkpoints hold, and a network of them to save and compare with.

Written for the tests from the same descriptions as `foveal.adopting.yolo_graph`: names of classes and attributes are
the file format, and what is computed is PyTorch's own.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Conv(nn.Module):
    def __init__(self, inside: int, out: int, kernel: int = 1, stride: int = 1, groups: int = 1, act: bool = True):
        super().__init__()
        self.conv = nn.Conv2d(inside, out, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(out, eps=1e-3)
        self.act = nn.SiLU() if act else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.bn(self.conv(x)))


class Bottleneck(nn.Module):
    def __init__(self, width: int, add: bool = True) -> None:
        super().__init__()
        self.cv1, self.cv2, self.add = Conv(width, width, 3), Conv(width, width, 3), add

    def forward(self, x: Tensor) -> Tensor:
        y = self.cv2(self.cv1(x))
        return x + y if self.add else y


class C3k(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        half = width // 2
        self.cv1, self.cv2, self.cv3 = Conv(width, half), Conv(width, half), Conv(2 * half, width)
        self.m = nn.Sequential(Bottleneck(half), Bottleneck(half))

    def forward(self, x: Tensor) -> Tensor:
        return self.cv3(torch.cat((self.m(self.cv1(x)), self.cv2(x)), 1))


class C3k2(nn.Module):
    def __init__(self, inside: int, out: int, *blocks: nn.Module) -> None:
        super().__init__()
        self.c = out // 2
        self.cv1, self.cv2 = Conv(inside, out), Conv((2 + len(blocks)) * self.c, out)
        self.m = nn.ModuleList(blocks)

    def forward(self, x: Tensor) -> Tensor:
        parts = list(self.cv1(x).split(self.c, 1))
        for block in self.m:
            parts.append(block(parts[-1]))
        return self.cv2(torch.cat(parts, 1))


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.num_heads, self.head_dim = heads, width // heads
        self.key_dim = self.head_dim // 2
        self.scale = self.key_dim**-0.5
        self.qkv = Conv(width, width + 2 * self.key_dim * heads, act=False)
        self.proj, self.pe = Conv(width, width, act=False), Conv(width, width, 3, groups=width, act=False)

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        qkv = self.qkv(x).view(n, self.num_heads, 2 * self.key_dim + self.head_dim, h * w)
        q, k, v = qkv.split([self.key_dim, self.key_dim, self.head_dim], 2)
        seen = torch.softmax(q.transpose(2, 3) @ k * self.scale, -1)
        y = (v @ seen.transpose(2, 3)).reshape(n, c, h, w)
        return self.proj(y + self.pe(v.reshape(n, c, h, w)))


class PSABlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.attn, self.add = Attention(width, 2), True
        self.ffn = nn.Sequential(Conv(width, 2 * width), Conv(2 * width, width, act=False))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(x)
        return x + self.ffn(x)


class C2PSA(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.c = width // 2
        self.cv1, self.cv2, self.m = Conv(width, width), Conv(width, width), nn.Sequential(PSABlock(self.c))

    def forward(self, x: Tensor) -> Tensor:
        kept, attended = self.cv1(x).split(self.c, 1)
        return self.cv2(torch.cat((kept, self.m(attended)), 1))


class Classify(nn.Module):
    def __init__(self, inside: int, classes: int) -> None:
        super().__init__()
        self.conv, self.pool = Conv(inside, 24), nn.AdaptiveAvgPool2d(1)
        self.drop, self.linear = nn.Dropout(0.0), nn.Linear(24, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.drop(self.pool(self.conv(x)).flatten(1)))


class ClassificationModel(nn.Module):
    def __init__(self, names: dict[int, str]) -> None:
        super().__init__()
        self.names, self.yaml, self.stride = names, {"nc": len(names), "scales": None}, torch.tensor([1.0])
        layers: list[nn.Module] = [
            Conv(3, 8, 3, 2),
            C3k2(8, 16, Bottleneck(8, add=False)),
            C3k2(16, 16, C3k(8)),
            Conv(16, 16, 3, 2),
            C2PSA(16),
            Classify(16, len(names)),
        ]
        for number, layer in enumerate(layers):
            layer.i, layer.f, layer.type = number, -1, type(layer).__name__
        self.model = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


def network(names: dict[int, str]) -> ClassificationModel:
    """A network with weights and statistics that leave nothing out."""
    torch.manual_seed(0)
    made = ClassificationModel(names).eval()
    for module in made.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            nn.init.uniform_(module.weight, 0.8, 1.4)
    return made
