from __future__ import annotations

from collections.abc import Callable
from typing import get_type_hints

import pytest

from foveal.cli.check import check
from foveal.cli.convert import convert
from foveal.cli.embed import embed
from foveal.cli.evaluate import evaluate
from foveal.cli.fit import fit
from foveal.cli.predict import predict
from foveal.cli.split import split


@pytest.mark.parametrize("verb", [check, convert, embed, evaluate, fit, predict, split])
def test_whether_photos_may_be_read_is_left_to_the_library(verb: Callable[..., None]) -> None:
    (argument,) = get_type_hints(verb, include_extras=True)["photos"].__metadata__
    assert not argument.readable
