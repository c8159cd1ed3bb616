"""What is trained: a network, what stands between it and the classes, and a last linear layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn

from foveal.training.rooted import RootedLinear

if TYPE_CHECKING:
    from foveal.training.networks.torch_network import TorchNetwork

EMBEDDING = ("embedding",)

Beginning = Literal["random", "zero", "probe"]


class Recogniser(nn.Module):  # type: ignore[misc]  # torch is not looked into
    """Pictures to logits: network, neck, dropout, last layer.

    Args:
        network: The network.
        classes: Number of classes C.
        neck: What its output goes through before the last layer; None is nothing.
        columns: D, what the neck gives, for a last layer made here; 0 = the network's own.
        dropout: Share of the D numbers that is left out at random while training.
        uses_map: The neck gets the last map [N, c, h, w] instead of the outputs.
        outputs: Names of the network's outputs whose values stand side by side; see `TorchNetwork.outputs`.
        classifier: The last layer, with `in_features` and `out_features`; None makes a torch.nn.Linear.
        beginning: How the last layer begins: "random", as PyTorch has it; "zero"; or "probe", learnt from these photos
            already. What is expected of the loss at the start depends on it. None = "probe" for a layer that was
            given as a `RootedLinear`, else "random".
    """

    def __init__(
        self,
        network: TorchNetwork,
        classes: int,
        *,
        neck: nn.Module | None = None,
        columns: int = 0,
        dropout: float = 0.0,
        uses_map: bool = False,
        outputs: tuple[str, ...] = EMBEDDING,
        classifier: nn.Module | None = None,
        beginning: Beginning | None = None,
    ) -> None:
        super().__init__()
        self.network = network
        self.neck = neck if neck is not None else nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.classifier = classifier if classifier is not None else nn.Linear(columns or network.columns, classes)
        self.uses_map = uses_map
        self.outputs = tuple(outputs)
        self.beginning: Beginning = beginning or ("probe" if isinstance(classifier, RootedLinear) else "random")
        if classifier is None and beginning == "zero":
            nn.init.zeros_(self.classifier.weight)
            nn.init.zeros_(self.classifier.bias)
        preprocess = network.spec.preprocess
        self.register_buffer("mean", torch.tensor(preprocess.mean).reshape(1, 3, 1, 1) * 255)
        self.register_buffer("std", torch.tensor(preprocess.std).reshape(1, 3, 1, 1) * 255)

    @property
    def classes(self) -> int:
        """Number of classes C."""
        return int(self.classifier.out_features)

    def normalise(self, images: Tensor) -> Tensor:
        """What the network gets, float32 [N, 3, H, W] in channels_last order, of pictures as `embed` takes them."""
        # A picture's own order of memory is channels_last already: turning the axes copies nothing.
        turned = images.permute(0, 3, 1, 2).to(self.mean.dtype)
        return (turned - self.mean) / self.std

    def embed(self, images: Tensor) -> Tensor:
        """What the last layer gets, [N, D].

        Args:
            images: uint8 or float [N, H, W, 3], RGB, 0..255.

        Raises:
            FovealError: `no-feature-map`: the neck wants a map that the network does not have.
        """
        rows: Tensor = self.neck(self._seen(self.normalise(images)))
        return rows

    def forward(self, images: Tensor) -> Tensor:
        """Logits [N, C]; see `embed`."""
        logits: Tensor = self.classifier(self.dropout(self.embed(images)))
        return logits

    def _seen(self, pictures: Tensor) -> Tensor:
        if self.uses_map:
            return self.network.feature_map(pictures)
        if self.outputs == EMBEDDING:
            embedding: Tensor = self.network(pictures)
            return embedding
        named = self.network.outputs(pictures)
        return torch.cat([named[name] for name in self.outputs], dim=1)
