from __future__ import annotations

import os
import sys
from importlib import util

import numpy as np
import pytest
from tests.unit.explainers.looking_models import linear_model, noise_photo, view

from foveal.errors import FovealError
from foveal.explainers.subject import Subject
from foveal.training.extra import PACKAGES, require_train
from foveal.training.gradients import gradcam, integrated_gradients


@pytest.fixture
def bare(monkeypatch):
    """A machine without the extra."""
    find = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name: None if name in PACKAGES else find(name))


@pytest.mark.parametrize("explainer", [gradcam, integrated_gradients])
def test_without_the_extra_it_says_what_to_install(bare, explainer):
    with pytest.raises(FovealError, match=r"got none of torch, torchvision, timm, captum") as caught:
        explainer(Subject.of(linear_model(view()), noise_photo()), 0)
    assert caught.value.code == "needs-extra"
    assert caught.value.hint == 'pip install "foveal[train]"'


def test_with_everything_there_nothing_is_said(monkeypatch):
    monkeypatch.setattr(util, "find_spec", lambda name: np)
    assert require_train("gradcam") is None


@pytest.mark.parametrize(("given", "expected"), [(None, "passive"), ("active", "active")])
def test_threads_wait_asleep_unless_the_user_says_otherwise(monkeypatch, given, expected):
    monkeypatch.setattr(util, "find_spec", lambda name: np)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setenv("OMP_WAIT_POLICY", given or "")
    if given is None:
        monkeypatch.delenv("OMP_WAIT_POLICY")
    require_train("gradcam")
    assert os.environ["OMP_WAIT_POLICY"] == expected


def test_a_loaded_pytorch_has_read_its_variables_already(monkeypatch):
    monkeypatch.setattr(util, "find_spec", lambda name: np)
    monkeypatch.setitem(sys.modules, "torch", np)
    monkeypatch.setenv("OMP_WAIT_POLICY", "")
    monkeypatch.delenv("OMP_WAIT_POLICY")
    require_train("gradcam")
    assert "OMP_WAIT_POLICY" not in os.environ
