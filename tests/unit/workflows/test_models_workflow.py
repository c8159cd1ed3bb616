from __future__ import annotations

import json
from importlib import util

import pytest

from foveal.errors import FovealError
from foveal.training.extra import PACKAGES
from foveal.workflows.models import pull, search_models

SKIPPED = "the extra `train` is not installed"


@pytest.mark.parametrize("wanted", [lambda: search_models("resnet50"), lambda: pull("resnet50")])
def test_without_the_extra_it_says_what_to_install(monkeypatch, wanted):
    find = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name: None if name in PACKAGES else find(name))
    with pytest.raises(FovealError, match="needs-extra") as caught:
        wanted()
    assert caught.value.hint == 'pip install "foveal[train]"'


def test_a_search_says_what_is_known_and_what_is_here(monkeypatch, tmp_path):
    pytest.importorskip("torch", reason=SKIPPED)
    for name, folder in {"FOVEAL_HOME": "home", "FOVEAL_CACHE": "c", "HF_HOME": "hf", "TORCH_HOME": "torch"}.items():
        monkeypatch.setenv(name, str(tmp_path / folder))
    found = search_models("lite0")
    assert found.total == len(found.networks) == 3
    ours, *others = found.networks
    assert (ours["name"], ours["library"], ours["offline"]) == ("efficientnet_lite0.in1k", "foveal", True)
    assert ours["published_top1"] == 75.1
    assert ours["licence"]["spdx"] == "Apache-2.0"
    assert all(each["library"] == "timm" and not each["offline"] for each in others)
    assert all(each["parameters"] == 4_652_008 for each in found.networks)
    assert json.loads(json.dumps(found.to_dict()))["search"] == "lite0"
    kept = tmp_path / "home" / "weights" / f"{others[0]['name']}.safetensors"
    kept.parent.mkdir(parents=True)
    kept.touch()
    assert search_models("lite0").networks[1]["offline"]


def test_a_search_shows_some_and_counts_all():
    pytest.importorskip("torch", reason=SKIPPED)
    found = search_models("torchvision/resnet", most=2)
    assert len(found.networks) == 2
    assert found.total > 5
    with pytest.raises(FovealError, match="bad-option"):
        search_models("resnet", most=0)


def test_what_was_counted_is_remembered(monkeypatch, tmp_path):
    pytest.importorskip("torch", reason=SKIPPED)
    from foveal.training.networks import sizes
    from foveal.training.networks.catalogue import find_spec

    monkeypatch.setenv("FOVEAL_CACHE", str(tmp_path))
    specs = [find_spec("resnet18"), find_spec("torchvision/alexnet")]
    assert [each.parameters for each in sizes.counted(specs, seconds=0)] == [0, 61_100_840]
    assert [each.parameters for each in sizes.counted(specs)] == [11_689_512, 61_100_840]
    monkeypatch.setattr(sizes, "_count", None)
    assert [each.parameters for each in sizes.counted(specs)] == [11_689_512, 61_100_840]


def test_pulling_tells_where_the_file_is(tmp_path):
    pytest.importorskip("torch", reason=SKIPPED)
    done = pull("lite0", str(tmp_path))
    assert done["file"] == str(tmp_path / "efficientnet_lite0.in1k.safetensors")
    assert done["bytes"] == (tmp_path / "efficientnet_lite0.in1k.safetensors").stat().st_size
    beside = json.loads((tmp_path / "efficientnet_lite0.in1k.json").read_text())
    assert {**beside, "file": done["file"]} == done
