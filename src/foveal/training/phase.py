"""One stretch of training: what is learnt, how fast, and what the photos go through. A recipe is a tuple of these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from foveal.training.optimiser import OPTIMISERS, Group
from foveal.training.photos.augment import Augment
from foveal.training.schedule import SHAPES
from foveal.types.checked import bad_value

if TYPE_CHECKING:
    from foveal.training.recogniser import Recogniser

NORMS = ("train", "frozen")
SAMPLINGS = ("shuffle", "balanced", "shards")


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One stretch of training.

    Args:
        name: What people call it.
        epochs: How often each photo is looked at; need not be whole. Under a budget the proportion between phases.
        groups: Recogniser to parameter groups, each with its "rate"; nothing else is trained.
        optimiser: "adamw", "adam" or "sgd".
        warmup: Share of the phase in which the rate rises.
        shape: What the rate does afterwards: "cosine", "linear" or "constant".
        clip: Most length of the gradient; 0 leaves it.
        batch: Photos a step, of all processes together.
        sizes: Short sides of the network's input, first to last, for equal shares of the phase; () = always its own.
        augment: What happens to a photo before it is learnt from.
        mixup: Strength α of mixup; 0 is none.
        cutmix: Strength α of CutMix; 0 is none.
        smoothing: Share of a label that is spread over all classes.
        sampling: "shuffle", "balanced" (every class equally often) or "shards" (in the order they lie on disk).
        logit_adjust: Strength τ of the adjustment for how common a class is; 0 is none.
        class_weight_beta: β of the weights that photos of rare classes have in the loss, below 1; 0 is none. Near 1 a
            class weighs as one over its photos; at 0.999 so do classes of up to a few hundred.
        label_weight: What the loss against the labels is multiplied by; 0 leaves all to `extra_loss`.
        norms: "train", or "frozen": batch norms keep the statistics they have.
        ema: Decay of the running average of the weights, which is then measured and kept; 0 is none.
        patience: Epochs in a row that must bring nothing credible before the phase ends early; 0 never ends it.
        least_epochs: Fewer are not worth it: a budget too short for these is refused.
        most_epochs: A budget never takes more; 0 = four times `epochs`.

    Raises:
        FovealError: `bad-value`: a number out of range or an unknown word.
    """

    name: str
    epochs: float
    groups: Callable[[Recogniser], list[Group]]
    optimiser: str = "adamw"
    warmup: float = 0.1
    shape: str = "cosine"
    clip: float = 1.0
    batch: int = 16
    sizes: tuple[int, ...] = ()
    augment: Augment = field(default_factory=Augment)
    mixup: float = 0.0
    cutmix: float = 0.0
    smoothing: float = 0.0
    sampling: str = "shuffle"
    logit_adjust: float = 0.0
    class_weight_beta: float = 0.0
    label_weight: float = 1.0
    norms: str = "train"
    ema: float = 0.0
    patience: int = 0
    least_epochs: float = 0.5
    most_epochs: float = 0.0

    def __post_init__(self) -> None:
        for name, value, known in (
            ("optimiser", self.optimiser, tuple(OPTIMISERS)),
            ("shape", self.shape, SHAPES),
            ("norms", self.norms, NORMS),
            ("sampling", self.sampling, SAMPLINGS),
        ):
            if value not in known:
                raise self._refused(f"{name} as one of {', '.join(known)}", repr(value))
        if not (self.epochs > 0 and self.least_epochs > 0 and self.batch >= 1):
            raise self._refused("epochs and batch above 0", f"{self.epochs:g}, {self.least_epochs:g} and {self.batch}")
        shares = (self.ema, self.smoothing, self.class_weight_beta)
        if not all(0 <= share < 1 for share in shares) or not 0 <= self.warmup <= 1:
            raise self._refused(
                "ema, smoothing and class_weight_beta from 0, below 1, and warmup from 0 to 1",
                f"{', '.join(map(str, shares))} and {self.warmup}",
            )
        numbers = {name: getattr(self, name) for name in ("clip", "mixup", "cutmix", "logit_adjust", "label_weight")}
        for name, value in {**numbers, "patience": self.patience, "most_epochs": self.most_epochs}.items():
            if value < 0:
                raise self._refused(f"{name} from 0", value)
        if any(size < 1 for size in self.sizes):
            raise self._refused("sizes above 0", self.sizes)

    @property
    def ceiling(self) -> float:
        """Epochs that a budget never passes."""
        return max(self.most_epochs or 4 * self.epochs, self.least_epochs)

    def _refused(self, expected: str, got: object) -> Exception:
        return bad_value(f"Phase {self.name}", expected, got)
