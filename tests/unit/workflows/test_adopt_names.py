from __future__ import annotations

from pathlib import Path

import pytest

from foveal.errors import FovealError
from foveal.workflows.adopt import names_of


def test_names_in_every_form(tmp_path: Path) -> None:
    wanted = ("cat", "dog")
    (tmp_path / "names.txt").write_text("\ufeffcat\n\ndog\n", encoding="utf-8")
    for name in ("dog", "cat", ".hidden"):
        (tmp_path / "train" / name).mkdir(parents=True)
    (tmp_path / "train" / "readme.txt").write_text("")
    assert names_of("cat, dog") == names_of(["cat", "dog"]) == wanted
    assert names_of(str(tmp_path / "names.txt")) == names_of(tmp_path / "train") == wanted
    assert names_of("") == names_of(()) == ()


@pytest.mark.parametrize("names", ["cat,cat", "cat,,dog", ["a", "b", "a"]])
def test_names_must_be_names_of_their_own(names: object) -> None:
    with pytest.raises(FovealError) as caught:
        names_of(names)  # type: ignore[arg-type]
    assert caught.value.code == "classes-unknown"


def test_a_list_that_is_not_there_is_refused(tmp_path: Path) -> None:
    for missing in ("absent.txt", str(tmp_path / "absent.txt"), tmp_path / "absent"):
        with pytest.raises(FovealError) as caught:
            names_of(missing)
        assert caught.value.code == "not-found"
