"""One module for every network: photos to embedding, last map, taps and ImageNet's logits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from torch import Tensor, nn

from foveal.errors import FovealError
from foveal.training.networks.layout import layout_of
from foveal.training.networks.spec import Spec
from foveal.training.networks.units import Unit, tensor_of

Make = Callable[[Tensor], Tensor]


class TorchNetwork(nn.Module):  # type: ignore[misc]  # torch is not looked into
    """A network of timm or torchvision without its last layer.

    Args:
        spec: What is known of it.
        body: The library's module, its last layer taken out: [N, 3, H, W] to [N, D].
        imagenet_layer: The layer that was taken out; None where it is no linear one, or of other classes. It is kept
            for comparisons and is not trained.
    """

    def __init__(self, spec: Spec, body: nn.Module, imagenet_layer: nn.Linear | None = None) -> None:
        super().__init__()
        self.spec = spec
        self.body = body
        self.imagenet_layer = imagenet_layer
        if imagenet_layer is not None:
            imagenet_layer.requires_grad_(False)
        self._layout = layout_of(body, spec.preprocess.size_wh)
        self.columns = self._layout.columns
        self._wanted: Mapping[str, Make] = {}
        self._found: dict[str, Tensor] = {}
        self._watched: dict[str, nn.Module] = {}

    @property
    def output_columns(self) -> dict[str, int]:
        """Name to number of columns of what `outputs` gives, in its order."""
        taps = {f"tap_{number}": unit.channels for number, unit in enumerate(self._layout.taps, start=1)}
        logits = {} if self.imagenet_layer is None else {"logits": self.imagenet_layer.out_features}
        return {**taps, "embedding": self.columns, **logits}

    def forward(self, images: Tensor) -> Tensor:
        """What the ImageNet layer gets.

        Args:
            images: float [N, 3, H, W], normalised as `spec.preprocess` says.

        Returns:
            float [N, columns].
        """
        return self.body(images)

    def feature_map(self, images: Tensor) -> Tensor:
        """The last map before it is pooled.

        Args:
            images: float [N, 3, H, W], normalised.

        Returns:
            float [N, C, h, w].

        Raises:
            FovealError: `no-feature-map`: a transformer, whose tokens are no map.
        """
        last = self._layout.last_map
        if last is None:
            raise FovealError(
                "no-feature-map",
                f"expected a network that ends in a map, got {self.spec.name}",
                hint="choose a convolutional network, such as resnet50, or use its embedding",
            )
        found, _ = self._watch(images, {last.name: partial(_channels_first, last)})
        return found[last.name]

    def outputs(self, images: Tensor) -> dict[str, Tensor]:
        """Everything a probe can learn from, in one run.

        Args:
            images: float [N, 3, H, W], normalised.

        Returns:
            `tap_1`, `tap_2`, ... float [N, C], the mean of each tap over its area; `embedding` float [N, columns]; and
            `logits` float [N, 1000] where the network has its ImageNet layer.
        """
        # timm says how many tokens stand before those of the photo; torchvision's have one or none.
        prefix = int(getattr(self.body, "num_prefix_tokens", hasattr(self.body, "class_token")))
        taps = {unit.name: partial(_pooled, unit, prefix) for unit in self._layout.taps}
        found, embedding = self._watch(images, taps)
        given = {f"tap_{number}": found[name] for number, name in enumerate(taps, start=1)}
        given["embedding"] = embedding
        if self.imagenet_layer is not None:
            given["logits"] = self.imagenet_layer(embedding)
        return given

    def stages(self) -> list[list[nn.Parameter]]:
        """All parameters but the ImageNet layer's, first to last: stem, stages, and what stands behind them.

        Parameters that came later, such as a folded norm's bias, belong to the stage of the module they are in.
        """
        found: dict[int, list[nn.Parameter]] = {}
        for name, parameter in self.body.named_parameters():
            found.setdefault(self._layout.stage(name), []).append(parameter)
        return [found[stage] for stage in sorted(found)]

    def _watch(self, images: Tensor, wanted: Mapping[str, Make]) -> tuple[dict[str, Tensor], Tensor]:
        """What is made of the outputs of modules, by their name, and the embedding."""
        for name in wanted:
            module = self.body.get_submodule(name)
            if self._watched.get(name) is not module:
                # Hung once, and again where a module was put in the place of another.
                module.register_forward_hook(_Keeper(self, name))
                self._watched[name] = module
        self._wanted, self._found = wanted, {}
        try:
            embedding = self.body(images)
            return self._found, embedding
        finally:
            self._wanted, self._found = {}, {}

    def keep(self, name: str, output: Tensor) -> None:
        """Note what a module gave, where that is wanted now; its hook calls this."""
        make = self._wanted.get(name)
        if make is not None:
            # At once, since what follows may work in place.
            self._found[name] = make(output)


class _Keeper:
    """A forward hook that tells a network what one of its modules gave; it is copied along with the network."""

    def __init__(self, network: TorchNetwork, name: str) -> None:
        self.network = network
        self.name = name

    def __call__(self, _module: nn.Module, _inputs: Any, output: Any) -> None:
        given = tensor_of(output)
        if given is not None:
            self.network.keep(self.name, given)


def _pooled(unit: Unit, prefix_tokens: int, values: Tensor) -> Tensor:
    if unit.is_tokens:
        return values[:, prefix_tokens:].mean(dim=1)
    return values.mean(dim=(1, 2) if unit.channels_last else (2, 3))


def _channels_first(unit: Unit, values: Tensor) -> Tensor:
    # A copy, since what follows may work in place.
    return values.permute(0, 3, 1, 2).clone() if unit.channels_last else values.clone()
