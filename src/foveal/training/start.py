"""Where a training may begin: the frozen probe that the core has learnt from the photos to train on. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

from foveal.heads.linear import LinearHead


@dataclass(frozen=True)
class Start:
    """A probe on the outputs of the network that is about to be trained.

    Args:
        outputs: Names of the outputs whose values stand side by side, as in `TorchNetwork.outputs`.
        head: Learnt from the photos to train on alone, its logits at the temperature that suits them best.
    """

    outputs: tuple[str, ...]
    head: LinearHead
