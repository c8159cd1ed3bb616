"""What a training can be told, and the modern parts that can be put into it or left out. Needs no torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from foveal.errors import FovealError, unknown_name
from foveal.training.recipes import RECIPES

DEFAULT_RECIPE = "linear-then-full"


@dataclass(frozen=True)
class Part:
    """A part of modern training.

    Args:
        sentence: What it does.
        paper: Where it was published.
    """

    sentence: str
    paper: str


PARTS_OF_TRAINING: dict[str, Part] = {
    "crop": Part(
        "a random part of each photo, of random shape, instead of the whole", "Szegedy et al., arXiv:1409.4842"
    ),
    "flip": Part("half of the photos are mirrored", "Krizhevsky et al., NIPS 2012"),
    "trivial": Part("one random change of each photo, of random strength", "Müller & Hutter, arXiv:2103.10158"),
    "rand": Part("two random changes of each photo, of one strength", "Cubuk et al., arXiv:1909.13719"),
    "mixup": Part("pairs of photos are blended, and so are their labels", "Zhang et al., arXiv:1710.09412"),
    "cutmix": Part("a rectangle of one photo is pasted into another", "Yun et al., arXiv:1905.04899"),
    "erasing": Part("a random rectangle of a quarter of the photos is overwritten", "Zhong et al., arXiv:1708.04896"),
    "smoothing": Part("labels are right to 90 %, so that nothing is learnt to be certain", "arXiv:1512.00567"),
    "ema": Part("the weights kept are a running average over the steps", "Tarvainen & Valpola, arXiv:1703.01780"),
    "warmup": Part(
        "the rate rises from nothing at first and then falls along a cosine", "arXiv:1706.02677, 1608.03983"
    ),
    "clip": Part("the length of the gradient is bounded", "Pascanu et al., arXiv:1211.5063"),
    "early-stop": Part(
        "training ends when epochs bring no gain beyond the noise of the held-out photos", "Prechelt 1998"
    ),
    "balanced": Part("photos are drawn so that every class comes equally often", "Kang et al., arXiv:1910.09217"),
    "logit-adjust": Part("the loss allows for how common each class is", "Menon et al., arXiv:2007.07314"),
    "reweight": Part("the fewer photos a class has, the more each weighs in the loss", "Cui et al., arXiv:1901.05555"),
    "wise": Part("the weights kept lie between those before and after, where they answer best", "arXiv:2109.01903"),
    "progressive": Part("small pictures first, the full size at the end", "Tan & Le, arXiv:2104.00298"),
    "smaller": Part(
        "training at 6/7 of the size that is asked at, since crops show things larger",
        "Touvron et al., arXiv:1906.06423",
    ),
    "layerwise": Part("the nearer a layer is to the pixels, the lower its rate", "Howard & Ruder, arXiv:1801.06146"),
}
"""Word to part: what `--with` and `--without` take. Which are on by themselves is up to the recipe."""

FOR_RARE_CLASSES = frozenset({"balanced", "logit-adjust", "reweight"})
"""Parts by which rare classes count more than their photos."""

RIVALS = (("trivial", "rand"), tuple(sorted(FOR_RARE_CLASSES)))
"""Parts that do the same work: naming one puts out the others."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a training was told; what is None is up to the recipe. Checked at birth.

    Args:
        recipe: Name in `foveal.training.recipes.RECIPES`.
        backbone: Name of a network; "auto" = the recipe's own.
        epochs: How often every photo is looked at, altogether.
        budget_s: Seconds that the training may take.
        batch: Photos a step.
        rate: Highest learning rate, of the layer that learns fastest.
        size: Side of the network's input in pixels.
        with_: Parts of training to put in, names in `PARTS_OF_TRAINING`.
        without: Parts of training to leave out.
        rank: Width of what `lora` and `adapter` add to a layer.
        seed: Same photos, options and seed, same training.
        hold_out: Share of the photos that is held out.
        teacher: For `distill`: a `.foveal` file, or the name of a network.

    Raises:
        FovealError: `unknown-name`: of a recipe or part. `bad-option`: a number out of range, a part both put in and
            left out, two parts that exclude each other, a teacher missing or too many.
    """

    recipe: str = DEFAULT_RECIPE
    backbone: str = "auto"
    epochs: float | None = None
    budget_s: float | None = None
    batch: int | None = None
    rate: float | None = None
    size: int | None = None
    with_: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    rank: int | None = None
    seed: int = 0
    hold_out: float | None = None
    teacher: str = ""

    def __post_init__(self) -> None:
        if self.recipe not in RECIPES:
            raise unknown_name("recipe", self.recipe, RECIPES)
        self._check_numbers()
        self._check_parts()
        if (self.recipe == "distill") != bool(self.teacher):
            got = f"--teacher {self.teacher} for {self.recipe}" if self.teacher else "none"
            raise _refused("teacher", "a teacher for the recipe distill, and for no other", got)

    def parts(self, usual: Iterable[str]) -> frozenset[str]:
        """The parts that are on.

        Args:
            usual: Those that the recipe has on by itself.
        """
        kept = set(usual) - {other for rivals in RIVALS for other in rivals if set(rivals) & set(self.with_)}
        return frozenset((kept | set(self.with_)) - set(self.without))

    def _check_numbers(self) -> None:
        ranges: dict[str, tuple[float | None, float, float]] = {
            "epochs": (self.epochs, 0, 10_000),
            "budget": (self.budget_s, 0, 1e9),
            "batch": (self.batch, 0, 1 << 20),
            "rate": (self.rate, 0, 1000),
            "size": (self.size, 15, 2048),
            "rank": (self.rank, 0, 1024),
            "hold-out": (self.hold_out, 0, 0.5),
        }
        for name, (value, above, most) in ranges.items():
            if value is not None and not above < value <= most:
                raise _refused(name, f"a number above {above:g} and at most {most:,.15g}", value)

        if self.seed < 0:
            raise _refused("seed", "a whole number from 0 on", self.seed)

    def _check_parts(self) -> None:
        for word in (*self.with_, *self.without):
            if word not in PARTS_OF_TRAINING:
                raise unknown_name("part of training", word, PARTS_OF_TRAINING)
        both = sorted(set(self.with_) & set(self.without))
        if both:
            raise _refused("with", f"{both[0]} put in or left out", "both")
        for rivals in RIVALS:
            named = [word for word in rivals if word in self.with_]
            if len(named) > 1:
                raise _refused("with", f"one of {', '.join(rivals)}, which do the same work", " and ".join(named))


def _refused(option: str, expected: str, got: object) -> FovealError:
    return FovealError(
        "bad-option",
        f"--{option}: expected {expected}, got {got}",
        hint="`foveal train --help` explains the options",
    )
