from dataclasses import dataclass
@dataclass(frozen=True)
class Preprocess:
    size_wh: tuple
    mean: tuple=(.5,.5,.5)
    std: tuple=(.5,.5,.5)
